package routes

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/requestid"
)

// deadline ends a request whose answer has not begun after own, or after patience where own is zero. What has begun may
// take as long as the client's line needs; the connection's own deadlines bound that. A route with a time of its own also
// moves these, which are meant for small bodies.
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
			late := time.AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
			defer late.Stop()
			c.Response().Before(func() { late.Stop() })
			c.SetRequest(r.WithContext(ctx))
			return httpserver.Gone(waiting, next(c))
		}
	}
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
