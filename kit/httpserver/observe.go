package httpserver

import (
	"log/slog"
	"net/http"
	"strconv"
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
	duration := promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time from reading a request's head to writing its last byte.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},

		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}, []string{"method", "route", "status"})
	inFlight := promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "http_requests_in_flight",
		Help: "Requests that are being worked on. A rise without more traffic means that something below has become slow.",
	})

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

			method, route, status := c.Request().Method, c.Path(), c.Response().Status
			if route == "" || status == http.StatusMethodNotAllowed {
				method, route = "other", "unmatched"
			}
			ctx := c.Request().Context()
			tracing.Observe(ctx, duration.WithLabelValues(method, route, statusText(status)), took)

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
			attrs := append(make([]slog.Attr, 0, 10),                    // added at once, because each time may allocate
				slog.String("id", c.Response().Header().Get(requestid.Header)), slog.String("method", method), slog.String("route", route),
				slog.Int("status", status), slog.Int64("bytes", c.Response().Size), slog.Duration("took", took))
			if caller, ok := c.Get(CallerKey).(interface{ ID() int64 }); ok {
				attrs = append(attrs, slog.Int64("user", caller.ID()))
			}
			if from := c.Response().Header()["Cache-Status"]; len(from) > 0 {
				attrs = append(attrs, slog.String("cache", from[0]))
			}
			if took >= slow {
				attrs = append(attrs, slog.Bool("slow", true))
			}
			if err != nil {
				attrs = append(attrs, slog.Any("err", err))
			}
			line.AddAttrs(attrs...)
			_ = log.Handler().Handle(ctx, line) // as slog itself does
			return nil
		}
	}
}

// CallerKey is where a request's Context has who is calling, for the log: what has a method ID() int64.
const CallerKey = "caller"

// statusText spares the usual statuses their formatting.
func statusText(status int) string {
	if status == http.StatusOK {
		return "200"
	}
	return strconv.Itoa(status)
}
