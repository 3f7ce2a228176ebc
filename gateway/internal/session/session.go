// Package session tells whether a session goes on.
//
// auth-svc writes revocations to Redis. Redis is believed only while it says that it has all of them; otherwise auth-svc
// is asked. Nothing is remembered: a logout holds from the next request on. An auth-svc that fails several times is left
// alone for a moment, so that what hangs costs few requests their time.
package session

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/sony/gobreaker/v2"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpclient"
)

// ErrUnknown is returned when neither Redis nor auth-svc can tell.
var ErrUnknown = fault.New(fault.Unavailable, "session-unknown", "Your session cannot be checked right now.").After(time.Second)

const (
	trips     = 3           // failures in a row until auth-svc is left alone
	openFor   = time.Second // how long that lasts
	outcomes  = "session_checks_total"
	fromRedis = "redis"
	fromAuth  = "auth"
	nowhere   = "unknown"
)

// Keys are what Redis is asked about a session, for Checker.Active: auth-svc's.
func Keys(id string) []string { return []string{"session:revoked:" + id, "session:ready"} }

// Checker says whether sessions go on.
type Checker struct {
	auth    *httpclient.Client
	breaker *gobreaker.CircuitBreaker[bool]
	checks  *prometheus.CounterVec
}

// NewChecker returns a checker that asks auth-svc, behind auth, what Redis does not know.
func NewChecker(auth *httpclient.Client, reg prometheus.Registerer) *Checker {
	c := &Checker{
		auth: auth,
		breaker: gobreaker.NewCircuitBreaker[bool](gobreaker.Settings{
			Timeout:     openFor,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= trips },
			IsExcluded:  func(err error) bool { return errors.Is(err, context.Canceled) }, // the client went; auth-svc may be well
		}),
		checks: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: outcomes,
			Help: "Session checks by who could tell. A rise of auth means that Redis is away or was emptied, of unknown that requests are refused.",
		}, []string{"source"}),
	}
	for _, source := range []string{fromRedis, fromAuth, nowhere} {
		c.checks.WithLabelValues(source)
	}
	return c
}

// Active says whether the session goes on, given the values of its Keys, or none when Redis is away. It returns ErrUnknown
// when nobody can tell.
func (c *Checker) Active(ctx context.Context, id string, values []batch.Value) (bool, error) {
	if len(values) == 2 {
		if revoked, complete := values[0].OK, values[1].OK; revoked || complete {
			c.checks.WithLabelValues(fromRedis).Inc()
			return !revoked, nil
		}
	}
	active, err := c.breaker.Execute(func() (bool, error) { return c.askAuth(ctx, id) })
	if err != nil {
		c.checks.WithLabelValues(nowhere).Inc()
		return false, ErrUnknown.Because(err)
	}
	c.checks.WithLabelValues(fromAuth).Inc()
	return active, nil
}

func (c *Checker) askAuth(ctx context.Context, id string) (bool, error) {
	var answer struct {
		Active bool `json:"active"`
	}
	err := c.auth.Do(ctx, http.MethodGet, "/internal/sessions/"+url.PathEscape(id), nil, &answer, ErrUnknown)
	return answer.Active, err
}
