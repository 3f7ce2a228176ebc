package httpserver

import (
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/tracing"
)

// observe times every request and writes one log line about it. An error is logged here and nowhere else.
//
// Requests are measured by route, not by path: "/slippers/:id" is one series however many slippers there are. What no
// route serves is counted together, so that a scanner cannot fill our memory with labels of its choice.
func observe(log *slog.Logger, reg prometheus.Registerer, slow time.Duration) echo.MiddlewareFunc {
	durations := promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time from reading a request's head to writing its last byte.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}, []string{"method", "route", "status"})
	inFlight := promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "http_requests_in_flight",
		Help: "Requests that are being worked on. A rise without more traffic means that something below has become slow.",
	})

	records := recorders{log: log.Handler(), durations: durations, all: map[series]recorder{}}

	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			start := time.Now()
			inFlight.Inc()
			defer inFlight.Dec()
			err := next(c)
			if err != nil {
				c.Error(err) // write the problem now, so that its status is known
			}
			took := time.Since(start)

			status := c.Response().Status
			s := series{c.Request().Method, c.Path(), status}
			if s.route == "" || status == http.StatusMethodNotAllowed {
				s.method, s.route = "other", "unmatched"
			}
			record := records.of(s)
			ctx := c.Request().Context()
			tracing.Observe(ctx, record.duration, took)

			level := slog.LevelInfo
			switch {
			case status >= http.StatusInternalServerError:
				level = slog.LevelError
			case took >= slow:
				level = slog.LevelWarn
			}
			if !log.Enabled(ctx, level) {
				return nil
			}
			line := slog.NewRecord(start.Add(took), level, "request", 0) // where in the code it was written says nothing
			line.AddAttrs(slog.String("id", c.Response().Header().Get(requestid.Header)), slog.Int64("bytes", c.Response().Size), slog.Duration("took", took))
			if caller, ok := c.Get(CallerKey).(interface{ ID() int64 }); ok {
				line.AddAttrs(slog.Int64("user", caller.ID()))
			}
			if from := c.Response().Header()["Cache-Status"]; len(from) > 0 {
				line.AddAttrs(slog.String("cache", from[0]))
			}
			if took >= slow {
				line.AddAttrs(slog.Bool("slow", true))
			}
			if err != nil {
				line.AddAttrs(slog.Any("err", err))
			}
			_ = record.log.Handle(ctx, line) // as slog itself does
			return nil
		}
	}
}

// CallerKey is where a request's Context has who is calling, for the log: what has a method ID() int64.
const CallerKey = "caller"

// series is what requests have in common that are measured together. There are as many as routes have methods and statuses.
type series struct {
	method, route string
	status        int
}

// recorder is where requests of one series go: into their histogram, and into a log whose lines have the series in them.
type recorder struct {
	duration prometheus.Observer
	log      slog.Handler
}

// recorders keeps them, so that a third of each line is formatted once.
type recorders struct {
	log       slog.Handler
	durations *prometheus.HistogramVec

	mu  sync.RWMutex
	all map[series]recorder
}

func (r *recorders) of(s series) recorder {
	r.mu.RLock()
	one, ok := r.all[s]
	r.mu.RUnlock()
	if !ok {
		one = recorder{
			duration: r.durations.WithLabelValues(s.method, s.route, strconv.Itoa(s.status)),
			log:      r.log.WithAttrs([]slog.Attr{slog.String("method", s.method), slog.String("route", s.route), slog.Int("status", s.status)}),
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all[s] = one
	}
	return one
}
