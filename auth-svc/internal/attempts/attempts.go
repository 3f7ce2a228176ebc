// Package attempts bounds how often people may try to get in, by what the gateway does not see: the phone number in the
// body. The gateway bounds addresses.
//
// An attempt counts against two limits. One is by phone number and address, for whoever tries much. Against those who try from
// many addresses there is one by phone number alone. It counts only passwords and codes that are wrong, and every code that is
// asked for, and holds only at addresses where nobody has got into this account within 30 days. So whoever attacks an account
// uses up the attempts of strangers; its owner, where they were before, does not meet that limit at all. An owner who is
// somewhere new while many addresses guess their password resets it, which has limits of its own; registering and resetting
// make an address known as a login does. One address alone cannot use up what strangers have of codes: by default less comes
// back to it than to them.
//
// The counting is redis_rate's, exact over all processes (kit/batch). While Redis is away each process counts by itself, to
// its part of the same policy, so nobody is unlimited, and knows only the addresses of those whom it let in itself.
package attempts

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"log/slog"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/limit"
)

// Kind is what is attempted.
type Kind string

// The kinds of attempts that are limited.
const (
	Login   Kind = "login"   // passwords, also to choose another one, by phone number and address
	Account Kind = "account" // wrong passwords of strangers, by phone number
	Forgot  Kind = "forgot"  // by phone number and address
	Codes   Kind = "codes"   // codes that strangers ask for, by phone number
	Reset   Kind = "reset"   // by phone number and address
	Guesses Kind = "guesses" // wrong codes of strangers, by phone number
)

const (
	memory = 30 * 24 * time.Hour // how long an address is known after a login
	own    = 10_000              // addresses that this process remembers itself
	prefix = "attempt:"          // of keys in Redis
)

// Config is a part of the configuration of auth-svc.
type Config struct {
	// Policies are how many attempts of each kind are allowed in what time: kind=attempts/period, comma-separated. login, forgot and
	// reset count by phone number and address. By phone number alone count, from addresses unknown to the account, account, which
	// is failed logins, codes, which is codes asked for, each a message to pay, and guesses, which is wrong codes. All of them may
	// come at once, and then one comes back at a time.
	Policies Policies `env:"ATTEMPT_LIMITS" envDefault:"login=5/300s,account=50/24h,forgot=4/1h,codes=100/24h,reset=5/1h,guesses=150/24h"`

	// Replicas is how many auth-svc there are. Each allows its part of a policy while Redis is away, and one attempt at least. With
	// AUTH_PEERS it is the most that are reckoned with, and the number until DNS has told the first.
	Replicas int `env:"AUTH_REPLICAS" envDefault:"1"`

	// Peers is a name of DNS that leads to the addresses of all auth-svc, ready or not. They are counted anew every five seconds.
	// Empty is none: then there are AUTH_REPLICAS.
	Peers string `env:"AUTH_PEERS"`
}

// Policies are the limits by kind.
type Policies map[Kind]redis_rate.Limit

// defaults are the policies of ATTEMPT_LIMITS' own default.
var defaults = Policies{
	Login: limit.PerTime(5, 5*time.Minute), Account: limit.PerTime(50, 24*time.Hour),
	Forgot: limit.PerTime(4, time.Hour), Codes: limit.PerTime(100, 24*time.Hour),
	Reset: limit.PerTime(5, time.Hour), Guesses: limit.PerTime(150, 24*time.Hour),
}

// UnmarshalText reads "login=5/300s,account=50/24h".
func (p *Policies) UnmarshalText(text []byte) (err error) {
	*p, err = limit.Parse(text, defaults)
	return err
}

// Attempts counts attempts.
type Attempts struct {
	policies  Policies
	batch     *batch.Batcher
	rdb       redis.UniversalClient
	own       *limit.Own
	peers     limit.Peers
	ownKnown  *expirable.LRU[string, struct{}]
	decisions *prometheus.CounterVec
	degraded  prometheus.Counter
}

// New returns attempts that are counted in rdb, where asks asks.
func New(cfg Config, asks *batch.Batcher, rdb redis.UniversalClient, reg prometheus.Registerer) *Attempts {
	a := &Attempts{
		policies: cfg.Policies, batch: asks, rdb: rdb,
		own: limit.NewOwn(cfg.Replicas, reg), peers: limit.Peers{Name: cfg.Peers}, ownKnown: expirable.NewLRU[string, struct{}](own, nil, memory),
		decisions: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "auth_attempts_total",
			Help: "Attempts by the policy that they met and what it said. known ones came from an address of the account's own.",
		}, []string{"kind", "decision"}),
		degraded: promauto.With(reg).NewCounter(prometheus.CounterOpts{
			Name: "auth_attempts_degraded_total",
			Help: "Attempts that this process counted, or addresses that it remembered, by itself, because Redis was away.",
		}),
	}
	for kind := range defaults {
		a.decisions.WithLabelValues(string(kind), "allowed")
		a.decisions.WithLabelValues(string(kind), "limited")
	}
	for _, kind := range []Kind{Account, Codes, Guesses} {
		a.decisions.WithLabelValues(string(kind), "known")
	}
	return a
}

// Follow keeps up with how many auth-svc there are, until ctx ends.
func (a *Attempts) Follow(ctx context.Context, log *slog.Logger) { a.own.Follow(ctx, a.peers, log) }

// Login lets a password be tried, or returns account.ErrTooMany. done must be called with what comes of it.
func (a *Attempts) Login(ctx context.Context, number, address string) (done func(error), err error) {
	return a.try(ctx, Login, Account, number, address)
}

// Forgot lets a code be asked for, or returns account.ErrTooMany.
func (a *Attempts) Forgot(ctx context.Context, number, address string) error {
	_, err := a.try(ctx, Forgot, Codes, number, address) // it counts whatever comes of it
	return err
}

// Reset lets a code be tried, or returns account.ErrTooMany. done must be called with what comes of it.
func (a *Attempts) Reset(ctx context.Context, number, address string) (done func(error), err error) {
	return a.try(ctx, Reset, Guesses, number, address)
}

// try counts an attempt of the one kind by phone number and address, and of the other by phone number alone unless the
// address is known.
func (a *Attempts) try(ctx context.Context, by, strange Kind, number, address string) (done func(error), err error) {
	place := placeOf(number, address)
	tried, known := a.limit(by, place), knownKey(place)
	answer, here, err := a.count(ctx, by, tried, known)
	if err != nil {
		return nil, err
	}
	if a.ownKnown.Contains(known) || !here && answer.Values[0].OK {
		a.decisions.WithLabelValues(string(strange), "known").Inc()
		return func(err error) {
			if err == nil {
				a.remember(ctx, known, here) // for as long again
			}
		}, nil
	}
	// It counts before it is known to fail, so that many at once cannot all pass.
	strangers := a.limit(strange, idOf(number))
	strangersHere := here
	if here {
		err = a.judge(strange, a.own.Count(strangers)) // Redis has cost this attempt enough time
	} else {
		_, strangersHere, err = a.count(ctx, strange, strangers)
	}
	if err != nil {
		a.giveBack(ctx, tried, here) // it was not tried
		return nil, err
	}
	return func(err error) {
		if errors.Is(err, account.ErrLogin) || errors.Is(err, account.ErrPassword) || errors.Is(err, account.ErrCode) {
			return
		}
		a.giveBack(ctx, strangers, strangersHere)
		if err == nil {
			a.remember(ctx, known, strangersHere)
		}
	}, nil
}

// Remember keeps that somebody got into the account at the address. Redis may forget it, or not hear of it: then they are a
// stranger to other processes until they log in again.
func (a *Attempts) Remember(ctx context.Context, number, address string) {
	a.remember(ctx, knownKey(placeOf(number, address)), false)
}

func (a *Attempts) remember(ctx context.Context, known string, here bool) {
	a.ownKnown.Add(known, struct{}{})
	if here {
		return
	}
	if err := a.rdb.Set(context.WithoutCancel(ctx), known, 1, memory).Err(); err != nil {
		a.degraded.Inc()
	}
}

func (a *Attempts) limit(kind Kind, whose string) *batch.Limit {
	return &batch.Limit{Key: prefix + string(kind) + ":" + whose, Limit: a.policies[kind], Cost: 1}
}

// count counts an attempt, in Redis or else here, and reads keys in the same trip. It returns account.ErrTooMany for one
// too many, which changes nothing.
func (a *Attempts) count(ctx context.Context, kind Kind, l *batch.Limit, keys ...string) (answer batch.Answer, here bool, err error) {
	answer, away := a.batch.Do(ctx, batch.Ask{Limit: l, Keys: keys})
	if away != nil {
		a.degraded.Inc()
		return answer, true, a.judge(kind, a.own.Count(l))
	}
	return answer, false, a.judge(kind, &answer.Limit)
}

func (a *Attempts) judge(kind Kind, r *redis_rate.Result) error {
	if r.Allowed == 0 {
		a.decisions.WithLabelValues(string(kind), "limited").Inc()
		return account.ErrTooMany.After(r.RetryAfter)
	}
	a.decisions.WithLabelValues(string(kind), "allowed").Inc()
	return nil
}

// giveBack undoes a count where it was made.
func (a *Attempts) giveBack(ctx context.Context, l *batch.Limit, here bool) {
	back := *l
	back.Cost = -l.Cost
	if here {
		a.own.Count(&back)
		return
	}
	_, _ = a.batch.Do(ctx, batch.Ask{Limit: &back}) // one attempt less, if Redis is away by now
}

// placeOf is an account at an address, in a key.
func placeOf(number, address string) string { return idOf(number) + ":" + limit.Address(address) }

// idOf is a phone number in a key: short whatever was sent, and nothing that Redis should be able to tell.
func idOf(number string) string {
	sum := sha256.Sum256([]byte(number))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func knownKey(place string) string { return prefix + "known:" + place }
