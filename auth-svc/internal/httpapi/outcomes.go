package httpapi

import (
	"context"
	"errors"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/fault"
)

// Outcomes count what came of attempts to get in. Nil counts nothing.
type Outcomes struct{ logins, registrations, refreshes *prometheus.CounterVec }

// What may come of an attempt.
const (
	ok      = "ok"
	refused = "refused"
	limited = "limited"
	reused  = "reused" // a spent refresh token came back
	failed  = "failed" // through no fault of theirs
)

// NewOutcomes returns outcomes that reg knows of.
func NewOutcomes(reg prometheus.Registerer) *Outcomes {
	vec := func(name, help string, outcomes ...string) *prometheus.CounterVec {
		v := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"outcome"})
		for _, o := range outcomes {
			v.WithLabelValues(o)
		}
		return v
	}
	return &Outcomes{
		logins:        vec("logins_total", "Logins by what came of them.", ok, refused, limited, failed),
		registrations: vec("registrations_total", "Registrations by what came of them.", ok, refused, limited, failed),
		refreshes: vec("token_refreshes_total", "Refresh tokens that were shown, by what came of them. A reused one was stolen, or its successor was: its session has ended.",
			ok, refused, reused, limited, failed),
	}
}

// counted counts what comes of h.
func (o *Outcomes) counted(h echo.HandlerFunc, by func(*Outcomes) *prometheus.CounterVec) echo.HandlerFunc {
	if o == nil {
		return h
	}
	return func(c echo.Context) error {
		err := h(c)
		if err != nil && errors.Is(c.Request().Context().Err(), context.Canceled) {
			return err // who has left has no outcome
		}
		by(o).WithLabelValues(outcomeOf(err)).Inc()
		return err
	}
}

func logins(o *Outcomes) *prometheus.CounterVec        { return o.logins }
func registrations(o *Outcomes) *prometheus.CounterVec { return o.registrations }
func refreshes(o *Outcomes) *prometheus.CounterVec     { return o.refreshes }

func outcomeOf(err error) string {
	if _, stolen := errors.AsType[account.Reused](err); stolen {
		return reused
	}
	switch f := fault.Of(err); {
	case err == nil:
		return ok
	case f == nil, f.Kind == fault.Internal, f.Kind == fault.Unavailable, f.Kind == fault.Garbled, f.Kind == fault.Overdue:
		return failed
	case f.Kind == fault.Throttled:
		return limited
	}
	return refused
}
