// Package httpserver is the frame that every service's HTTP API hangs in: an Echo with strict reading, one kind of
// error, one log line a request, probes on a port of their own, and an orderly end.
//
// It holds no route but the probes, and knows no word of the shop.
package httpserver

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/tracing"
)

// Config is a part of the configuration of every service.
type Config struct {
	// Addr is where the API is served.
	Addr string `env:"HTTP_ADDR" envDefault:":8080"`

	// OpsAddr is where probes, metrics and profiles are served. It must not be reachable from outside the cluster.
	OpsAddr string `env:"OPS_ADDR" envDefault:":9090"`

	// RequestTimeout bounds the work for one request. It must stay below the caller's own patience. Zero leaves that to the
	// routes.
	RequestTimeout time.Duration `env:"HTTP_REQUEST_TIMEOUT" envDefault:"5s"`

	// ReadTimeout bounds the reading of a request with its body. Routes for uploads have a time of their own.
	ReadTimeout time.Duration `env:"HTTP_READ_TIMEOUT" envDefault:"30s"`

	// SlowRequest is from when on a request is logged as a warning.
	SlowRequest time.Duration `env:"HTTP_SLOW_REQUEST" envDefault:"1s"`

	// DrainDelay is how long the server goes on after SIGTERM, not ready, until load balancers have noticed.
	DrainDelay time.Duration `env:"HTTP_DRAIN_DELAY" envDefault:"0s"`

	// DrainTimeout bounds the wait for running requests after that. Kubernetes' grace period must be above both together.
	DrainTimeout time.Duration `env:"HTTP_DRAIN_TIMEOUT" envDefault:"20s"`
}

const (
	readHeaderTimeout = 5 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// New returns an Echo that answers every failure with a problem, and logs and measures every request once.
func New(cfg Config, log *slog.Logger, reg prometheus.Registerer) *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = echo.ExtractIPDirect() // X-Forwarded-For is believed by who was told whom to trust
	e.HTTPErrorHandler = writeProblem
	e.Pre(middleware.RemoveTrailingSlash(), identify)
	if tracing.On() {
		e.Use(tracing.Server())
	}
	e.Use(observe(log, reg, cfg.SlowRequest), middleware.RecoverWithConfig(middleware.RecoverConfig{
		LogErrorFunc: func(_ echo.Context, err error, stack []byte) error {
			return fmt.Errorf("panic: %w\n%s", err, stack)
		},
	}))
	if cfg.RequestTimeout > 0 {
		e.Use(timeout(cfg.RequestTimeout))
	}
	return e
}

// Get registers h for GET and HEAD; net/http leaves out the body of the latter.
func Get(r interface {
	Match(methods []string, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc) []*echo.Route
}, path string, h echo.HandlerFunc, m ...echo.MiddlewareFunc,
) {
	r.Match([]string{http.MethodGet, http.MethodHead}, path, h, m...)
}

// Internal lets only those pass who carry the credential of our own services.
func Internal(secret string) echo.MiddlewareFunc {
	want := []byte("Bearer " + secret)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			got := []byte(c.Request().Header.Get(echo.HeaderAuthorization))
			if subtle.ConstantTimeCompare(got, want) != 1 {
				return echo.ErrNotFound // outsiders learn nothing of what is inside
			}
			return next(c)
		}
	}
}

// identify keeps a sound request id from the hop before, or makes one. It stands in the headers of the request and of the
// answer.
func identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		if !requestid.Sound(h.Get(requestid.Header)) {
			h.Set(requestid.Header, requestid.New())
		}
		c.Response().Header()[requestid.Header] = h[requestid.Header][:1]
		return next(c)
	}
}

// ErrTimeout is what a client reads when the work for its request took too long.
var ErrTimeout = fault.New(fault.Unavailable, "timeout", "This took too long.").After(time.Second)

// StatusClientGone is what our log says of a client that did not wait (nginx's number). Nobody reads it as an answer.
const StatusClientGone = 499

// Gone returns err, or what to log in its place when it came about because the client has left, whom ctx ended with. net/http
// also ends that after a read that took too long; then the client is there, and err has its status.
func Gone(ctx context.Context, err error) error {
	if _, told := errors.AsType[*echo.HTTPError](err); err == nil || told || !errors.Is(ctx.Err(), context.Canceled) {
		return err
	}
	return echo.NewHTTPError(StatusClientGone).SetInternal(err)
}

// timeout ends the work for a request through its context; the handler itself is never left running.
func timeout(d time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			ctx, cancel := context.WithTimeout(requestid.With(r.Context(), r.Header.Get(requestid.Header)), d)
			defer cancel()
			c.SetRequest(r.WithContext(ctx))
			err := next(c)
			if err != nil && fault.Of(err) == nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return ErrTimeout.Because(err)
			}
			return Gone(r.Context(), err)
		}
	}
}

// Run serves api on cfg.Addr and ops on cfg.OpsAddr until ctx ends, then drains: not ready, wait, finish what runs.
func Run(ctx context.Context, cfg Config, api http.Handler, ops *Ops) error {
	newServer := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: cfg.ReadTimeout,
			WriteTimeout: cfg.ReadTimeout + cfg.RequestTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
			ConnContext: rememberConn,
			ErrorLog:    slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug), // broken clients are not our news
		}
	}
	servers := map[string]*http.Server{cfg.Addr: newServer(apart(leaving(api, ops))), cfg.OpsAddr: newServer(ops)}
	servers[cfg.OpsAddr].WriteTimeout = 2 * time.Minute // a profile takes as long as it was asked to

	g, failed := errgroup.WithContext(context.Background())
	for addr, s := range servers {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
		if err != nil {
			for _, s := range servers {
				_ = s.Close()
			}
			return fmt.Errorf("listening: %w", errors.Join(err, g.Wait()))
		}
		g.Go(func() error {
			if err := s.Serve(listener{l}); !errors.Is(err, http.ErrServerClosed) {
				return fmt.Errorf("serving %s: %w", addr, err)
			}
			return nil
		})
	}
	select {
	case <-ctx.Done():
		ops.draining.Store(true)
		wait(failed, cfg.DrainDelay)
	case <-failed.Done():
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), cfg.DrainTimeout)
	defer cancel()
	for _, addr := range []string{cfg.Addr, cfg.OpsAddr} {
		if err := servers[addr].Shutdown(drain); err != nil {
			_ = servers[addr].Close()
		}
	}
	return g.Wait()
}

// leaving lets clients go on over other connections, to other replicas, from when on this one drains. A connection that were
// kept until the end could be closed just when a request is on its way, and nobody repeats a POST.
func leaving(api http.Handler, ops *Ops) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if ops.draining.Load() {
			w.Header().Set("Connection", "close")
		}
		api.ServeHTTP(w, r)
	})
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// isJSON says whether a media type is JSON; an empty one is not.
func isJSON(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(media), echo.MIMEApplicationJSON)
}
