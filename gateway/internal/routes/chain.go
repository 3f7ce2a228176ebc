package routes

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/requestid"
)

// deadline ends a request whose answer has not begun after own, or after patience where own is zero. What has begun may
// take as long as the client's line needs; the connection's own deadlines bound that. A route with a time of its own also
// moves these, which are meant for small bodies.
//
// A client that is waited for then, with the rest of its body, is told so, and the service is not blamed.
func deadline(own, patience time.Duration) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			d := patience
			if own > 0 {
				d = own
				if err := httpserver.Extend(c.Response(), own); err != nil {
					return err
				}
			}
			r := c.Request()
			waiting := requestid.With(r.Context(), r.Header.Get(requestid.Header))
			ctx, cancel := context.WithCancelCause(waiting)
			defer cancel(nil)
			body := &body{ReadCloser: r.Body}
			if r.Body == http.NoBody {
				body.is(ended)
			}
			late := time.AfterFunc(d, func() {
				body.mu.Lock()
				defer body.mu.Unlock()
				if body.now == between || body.now == reading {
					_ = http.NewResponseController(c.Response()).SetReadDeadline(time.Now()) // nobody waits for the rest
				}
				if body.now != reading {
					cancel(context.DeadlineExceeded)
				}
			})
			defer body.is(over)
			defer late.Stop()
			c.Response().Before(func() { late.Stop() })
			r = r.WithContext(ctx)
			r.Body = body
			c.SetRequest(r)
			return httpserver.Gone(waiting, next(c))
		}
	}
}

// body is the body of a request. It knows whether the client is waited for.
type body struct {
	io.ReadCloser

	mu  sync.Mutex
	now state
}

type state int

const (
	between state = iota // two reads
	reading
	ended
	over // and so is the request: its connection is another's
)

func (b *body) is(now state) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now != over {
		b.now = now
	}
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	b.is(reading)
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.is(ended)
	} else {
		b.is(between)
	}
	return n, err
}

// bounded refuses bodies above most bytes: at once where the length is told, else when they get there. GET has no body.
func bounded(most int64) echo.MiddlewareFunc {
	if most == 0 {
		most = httpserver.MaxBody
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			switch {
			case r.Method == http.MethodGet || r.Method == http.MethodHead:
				r.Body, r.ContentLength, r.TransferEncoding = http.NoBody, 0, nil
			case r.ContentLength > most:
				c.Response().Header().Set(echo.HeaderConnection, "close") // else the server reads the body before it answers
				return httpserver.ErrTooLarge
			default:
				r.Body = http.MaxBytesReader(c.Response(), r.Body, most)
			}
			return next(c)
		}
	}
}

// single answers next where the last parameter of its path is one segment. Echo gives it all that is left of a path, and so would
// never tell that this is another route's, by another method.
func single(last string, next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !strings.Contains(c.Param(last), "/") {
			return next(c)
		}
		var allowed []string
		for _, r := range Table {
			if r.Path == c.Request().URL.Path {
				allowed = append(allowed, r.Method)
			}
		}
		if len(allowed) == 0 {
			return echo.ErrNotFound
		}
		c.Response().Header().Set(echo.HeaderAllow, strings.Join(allowed, ", "))
		return echo.ErrMethodNotAllowed
	}
}
