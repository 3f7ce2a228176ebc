// Package session tells whether a session has been revoked, and keeps those out of a route who may not ask.
//
// auth-svc writes revocations to Redis. Redis is believed only while it says that it has all of them; otherwise auth-svc
// is asked. Nothing is remembered: a logout holds from the next request on. Who fails several times is left alone for a
// moment, so that what hangs costs few requests their time.
package session

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpclient"
)

// ErrUnknown is returned when neither Redis nor auth-svc can tell.
var ErrUnknown = fault.New(fault.Unavailable, "session-unknown", "Your session cannot be checked right now.").After(time.Second)

// Keys is the prefix of auth-svc's keys in Redis.
const Keys = "session:"

const (
	patience  = 50 * time.Millisecond // for one round trip to Redis
	trips     = 3                     // failures in a row until Redis, or auth-svc, is left alone
	openFor   = time.Second           // how long that lasts
	outcomes  = "session_checks_total"
	fromRedis = "redis"
	fromAuth  = "auth"
	nowhere   = "unknown"
)

// Checker asks whether sessions go on.
type Checker struct {
	rdb    redis.UniversalClient
	keys   string
	auth   *httpclient.Client
	inRDB  *gobreaker.CircuitBreaker[state]
	inAuth *gobreaker.CircuitBreaker[bool]
	checks *prometheus.CounterVec
}

// state is what Redis knows of a session.
type state struct{ revoked, complete bool }

// NewChecker returns a checker of the keys with the prefix keys in rdb, and of what auth-svc says behind auth.
func NewChecker(rdb redis.UniversalClient, keys string, auth *httpclient.Client, reg prometheus.Registerer) *Checker {
	c := &Checker{
		rdb: rdb, keys: keys, auth: auth, inRDB: breaker[state](), inAuth: breaker[bool](),
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

func breaker[T any]() *gobreaker.CircuitBreaker[T] {
	return gobreaker.NewCircuitBreaker[T](gobreaker.Settings{
		Timeout:     openFor,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= trips },
		IsExcluded:  func(err error) bool { return errors.Is(err, context.Canceled) }, // the client went; who was asked may be well
	})
}

// Active says whether the session goes on. It returns ErrUnknown when nobody can tell.
func (c *Checker) Active(ctx context.Context, id string) (bool, error) {
	s, err := c.inRDB.Execute(func() (state, error) { return c.askRedis(ctx, id) })
	if err == nil && (s.revoked || s.complete) {
		c.checks.WithLabelValues(fromRedis).Inc()
		return !s.revoked, nil
	}
	active, err := c.inAuth.Execute(func() (bool, error) { return c.askAuth(ctx, id) })
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

// askRedis reads both keys in one round trip.
func (c *Checker) askRedis(ctx context.Context, id string) (state, error) {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p := c.rdb.Pipeline()
	revoked, ready := p.Get(limited, c.keys+"revoked:"+id), p.Get(limited, c.keys+"ready")
	if _, err := p.Exec(limited); err != nil && !errors.Is(err, redis.Nil) {
		return state{}, errors.Join(err, ctx.Err())
	}
	s := state{}
	for cmd, is := range map[*redis.StringCmd]*bool{revoked: &s.revoked, ready: &s.complete} {
		if err := cmd.Err(); err != nil && !errors.Is(err, redis.Nil) {
			return state{}, err
		}
		*is = cmd.Err() == nil
	}
	return s, nil
}
