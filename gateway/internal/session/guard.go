package session

import (
	"context"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/gateway/internal/routes"
	"github.com/slippers-api/slippers/kit/token"
)

// Guard keeps those out who may not ask.
type Guard struct {
	Verifier *token.Verifier
	Sessions interface {
		Active(ctx context.Context, id string) (bool, error)
	}
}

// Allow lets those pass who have access. It returns token.ErrMissing, token.ErrInvalid, token.ErrForbidden, token.ErrKeys or
// ErrUnknown.
//
// Where anyone may ask, the token is taken off the request unread: nothing can go wrong with it, and no service behind
// sees more than it needs. Where it is optional, one that does not hold is taken off too: a client with an old token can
// still browse.
func (g Guard) Allow(access routes.Access) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			header := c.Request().Header
			if access == routes.Anyone {
				header.Del(echo.HeaderAuthorization)
			}
			if access <= routes.Optional && header.Get(echo.HeaderAuthorization) == "" {
				return next(c)
			}
			caller, err := g.caller(c.Request().Context(), header.Get(echo.HeaderAuthorization))
			switch {
			case err != nil && access == routes.Optional:
				header.Del(echo.HeaderAuthorization)
			case err != nil:
				return err
			case access == routes.Admin && !caller.Admin:
				return token.ErrForbidden
			}
			return next(c)
		}
	}
}

func (g Guard) caller(ctx context.Context, authorization string) (token.Caller, error) {
	raw := token.Bearer(authorization)
	if raw == "" {
		return token.Caller{}, token.ErrMissing
	}
	caller, err := g.Verifier.Verify(raw)
	if err != nil {
		return token.Caller{}, err
	}
	active, err := g.Sessions.Active(ctx, caller.SessionID)
	switch {
	case err != nil:
		return token.Caller{}, err
	case !active:
		return token.Caller{}, token.ErrInvalid
	}
	return caller, nil
}
