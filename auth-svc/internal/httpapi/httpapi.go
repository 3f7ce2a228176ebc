// Package httpapi is users, logins and sessions over HTTP, as openapi.yaml promises it.
//
// It reads requests and writes answers. What is right is decided in package account.
package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/token"
)

// Users is what these handlers need of the users.
type Users interface {
	Get(ctx context.Context, id int64) (account.User, error)
	List(ctx context.Context, f account.Filter, r page.Request) ([]account.User, int64, error)
}

// Sessions is what these handlers need of the sessions.
type Sessions interface {
	Active(ctx context.Context, id string) (bool, error)
	Revoke(ctx context.Context, id string) error
}

// API is what the routes need.
type API struct {
	Entry    account.Entry
	Recovery account.Recovery
	Changing account.Changing
	Users    Users
	Sessions Sessions
	Revoked  account.Announcer
	Cookie   Cookie
	JWKS     []byte
	Outcomes *Outcomes
	Facts    diagnostics.Facts

	Verifier *token.Verifier
	Cursors  page.Cursors
	Secret   string // of our own services
}

// Register adds the routes to e.
func Register(e *echo.Echo, a API) {
	open := []echo.MiddlewareFunc{httpserver.NoStore, httpserver.NoQuery}
	user := []echo.MiddlewareFunc{httpserver.NoStore, httpserver.NoQuery, a.Verifier.User, a.active}
	admin := []echo.MiddlewareFunc{httpserver.NoStore, httpserver.NoQuery, a.Verifier.Admin, a.active}

	e.POST("/auth/register", a.Outcomes.counted(a.register, registrations), open...)
	e.POST("/auth/login", a.Outcomes.counted(a.login, logins), open...)
	e.POST("/auth/refresh", a.Outcomes.counted(a.refresh, refreshes), open...)
	e.POST("/auth/logout", a.logout, user...)
	e.POST("/auth/forgot-password", a.forgot, open...)
	e.POST("/auth/reset-password", a.reset, open...)
	httpserver.Get(e, "/.well-known/jwks.json", a.keys, httpserver.NoQuery)

	httpserver.Get(e, "/users", a.listUsers, httpserver.NoStore, a.Verifier.Admin, a.active)
	httpserver.Get(e, "/users/me", a.getMe, user...)
	e.PUT("/users/me", a.updateMe, user...)
	httpserver.Get(e, "/users/:id", a.getUser, admin...)
	e.PUT("/users/:id", a.updateUser, admin...)
	e.DELETE("/users/:id", a.deleteUser, admin...)

	// Not a group: Echo's groups answer 404 where the method is wrong.
	internal := httpserver.Internal(a.Secret)
	httpserver.Get(e, "/internal/sessions/:sid", a.session, internal, httpserver.NoStore, httpserver.NoQuery)
	diagnostics.Register(e, a.Secret, a.Facts)
}

// active lets those pass whose session goes on. The other services leave that question to the gateway.
func (a API) active(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		active, err := a.Sessions.Active(c.Request().Context(), token.From(c).SessionID)
		if err != nil {
			return err
		}
		if !active {
			return token.ErrInvalid
		}
		return next(c)
	}
}

func (a API) keys(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "public, max-age=300")
	return c.JSONBlob(http.StatusOK, a.JWKS)
}

func (a API) session(c echo.Context) error {
	active, err := a.Sessions.Active(c.Request().Context(), c.Param("sid"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct {
		Active bool `json:"active"`
	}{active})
}
