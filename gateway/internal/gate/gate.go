// Package gate lets requests in. It finds out who asks, whether they may, and whether they ask too often, in one round
// trip to Redis that also brings what the edge cache needs.
package gate

import (
	"context"

	"github.com/go-redis/redis_rate/v10"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/gateway/internal/routes"
	"github.com/slippers-api/slippers/gateway/internal/session"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/token"
)

// Gate is the way in.
type Gate struct {
	Verifier *token.Verifier
	Sessions *session.Checker
	Limits   *limits.Limits
	Batch    interface {
		Do(ctx context.Context, ask batch.Ask) (batch.Answer, error)
	}
	Edge *edge.Cache
}

// Admit is the first handler of a route. It returns limits.ErrTooMany, token.ErrMissing, token.ErrInvalid,
// token.ErrForbidden, token.ErrKeys or session.ErrUnknown, and answers itself what the cache holds.
func (g Gate) Admit(r routes.Route) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			caller, callerErr := g.caller(c, r.Access)
			var ask batch.Ask
			class := r.Limit
			if caller.UserID == 0 && r.GuestLimit != limits.None {
				class = r.GuestLimit
			}
			if class != limits.None {
				ask.Limit = g.Limits.Count(class, limits.Caller{User: caller.UserID, Address: c.RealIP()}, r.Weight)
			}
			if caller.SessionID != "" {
				ask.Keys = session.Keys(caller.SessionID)
			}
			var plan edge.Plan
			if r.Page != nil {
				plan = g.Edge.Plan(r.Page, c)
				ask.Tags = plan.Tags
			}
			answer, away := batch.Answer{}, error(nil)
			if ask.Limit != nil || ask.Keys != nil || ask.Tags != nil {
				answer, away = g.Batch.Do(c.Request().Context(), ask)
			}
			if ask.Limit != nil {
				var counted *redis_rate.Result
				if away == nil {
					counted = &answer.Limit
				}
				if err := g.Limits.Judge(c.Response().Header(), class, ask.Limit, counted); err != nil {
					return err
				}
			}
			if err := g.allow(c, r.Access, caller, callerErr, answer.Values); err != nil {
				return err
			}
			if r.Page != nil {
				return g.Edge.Serve(c, plan, answer.Stamps, next)
			}
			return next(c)
		}
	}
}

// caller says who the token speaks for; nobody without one. Where anyone may ask, a token says only whom the request counts
// for: it is taken off, so that nothing can go wrong with it and no service behind sees more than it needs.
func (g Gate) caller(c echo.Context, access routes.Access) (token.Caller, error) {
	header := c.Request().Header
	sent := header.Get(echo.HeaderAuthorization)
	if access == routes.Anyone {
		header.Del(echo.HeaderAuthorization)
	}
	if sent == "" {
		return token.Caller{}, token.ErrMissing
	}
	raw := token.Bearer(sent)
	if raw == "" {
		return token.Caller{}, token.ErrMissing
	}
	caller, err := g.Verifier.Verify(raw)
	if access == routes.Anyone {
		caller.SessionID = "" // nobody asks whether it goes on
	}
	return caller, err
}

// allow returns why the caller may not ask, or nil. Where the token is optional, one that does not hold is taken off: a
// client with an old token can still browse.
func (g Gate) allow(c echo.Context, access routes.Access, caller token.Caller, callerErr error, values []batch.Value) error {
	if access == routes.Anyone {
		return nil
	}
	err := callerErr
	if err == nil {
		var active bool
		r := c.Request()
		ctx := requestid.With(r.Context(), r.Header.Get(requestid.Header))
		if active, err = g.Sessions.Active(ctx, caller.SessionID, values); err == nil && !active {
			err = token.ErrInvalid
		}
	}
	switch {
	case err != nil && access == routes.Optional:
		c.Request().Header.Del(echo.HeaderAuthorization)
		return nil
	case access == routes.Guest && c.Request().Header.Get(echo.HeaderAuthorization) == "":
		return nil
	case err != nil:
		return err
	case access == routes.Admin && !caller.Admin:
		return token.ErrForbidden
	}
	token.Set(c, caller)
	return nil
}
