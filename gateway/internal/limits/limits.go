// Package limits says how often somebody may ask: the policies, whom a request counts for, and what the answer tells.
//
// The counting is redis_rate's, in Redis, exact over all gateways (kit/batch). While Redis is away each gateway counts by
// itself, to its part of the same policy: nobody is ever unlimited.
package limits

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/limit"
)

// ErrTooMany is returned for a request too many.
var ErrTooMany = fault.New(fault.Throttled, "too-many-requests", "You have asked too often.")

// Class is what a policy is for.
type Class string

// The classes of routes. None is not limited.
const (
	Default  Class = "default"
	Health   Class = "health"
	Login    Class = "login"
	Register Class = "register"
	Refresh  Class = "refresh"
	Reset    Class = "reset"
	Payment  Class = "payment"
	Notice   Class = "notice" // of the payment provider
	Guest    Class = "guest"  // who may make a cart without a login
	None     Class = ""
)

// Classes lists them all.
var Classes = []Class{Default, Health, Login, Register, Refresh, Reset, Payment, Notice, Guest}

// Config is a part of the configuration of the gateway.
type Config struct {
	// Policies are how many requests each class of routes allows one caller, and in what time: class=requests/period,
	// comma-separated. All of them may come at once, and then one comes back at a time. What is not named keeps its default.
	Policies Policies `env:"RATE_LIMITS" envDefault:"default=100/60s,health=60/60s,login=20/300s,register=20/300s,refresh=30/300s,reset=5/300s,payment=20/300s,notice=600/60s,guest=60/300s"`

	// Shadow are the classes (comma-separated) whose limits are counted and told, but refuse nobody: for trying out.
	Shadow []Class `env:"RATE_LIMIT_SHADOW"`

	// Replicas is how many gateways there are. Each allows its part of a policy while Redis is away. With GATEWAY_PEERS it is the
	// most that are reckoned with, and the number until DNS has told the first.
	Replicas int `env:"GATEWAY_REPLICAS" envDefault:"1"`

	// Peers is a name of DNS that leads to the addresses of all gateways, ready or not. They are counted anew every five seconds.
	// Empty is none: then there are GATEWAY_REPLICAS.
	Peers string `env:"GATEWAY_PEERS"`
}

// Policies are the limits by class.
type Policies map[Class]redis_rate.Limit

// UnmarshalText reads "default=100/60s,login=5/300s".
func (p *Policies) UnmarshalText(text []byte) (err error) {
	*p, err = limit.Parse(text, defaults)
	return err
}

// defaults are the policies of RATE_LIMITS' own default.
var defaults = Policies{ //nolint:exhaustive // None is not limited
	Default: limit.PerTime(100, time.Minute), Health: limit.PerTime(60, time.Minute), Login: limit.PerTime(20, 5*time.Minute),
	Register: limit.PerTime(20, 5*time.Minute), Refresh: limit.PerTime(30, 5*time.Minute), Reset: limit.PerTime(5, 5*time.Minute),
	Payment: limit.PerTime(20, 5*time.Minute), Notice: limit.PerTime(600, time.Minute), Guest: limit.PerTime(60, 5*time.Minute),
}

// outside are the classes of what nobody needs a token for. They count by address whatever a request shows: else each account that
// somebody registers would have tries of its own at the others' passwords.
var outside = []Class{Health, Login, Register, Refresh, Reset, Notice}

// Limits are the policies in force.
type Limits struct {
	policies map[Class]*policy
	own      *limit.Own
	peers    limit.Peers
}

// policy is one of them, with what never changes of an answer.
type policy struct {
	class  Class
	limit  redis_rate.Limit
	shadow bool
	open   bool     // to those who have no token yet: see outside
	quota  []string // X-RateLimit-Limit
	terms  []string // RateLimit-Policy
	stand  string   // what RateLimit begins with

	allowed, limited, shadowed, degraded prometheus.Counter
}

// New returns the limits of cfg.
func New(cfg Config, reg prometheus.Registerer) *Limits {
	decisions := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "rate_limit_decisions_total",
		Help: "Requests by the policy that they counted against and what it said. Shadowed ones would have been limited.",
	}, []string{"policy", "decision"})
	degraded := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "rate_limit_degraded_total", Help: "Requests that this gateway counted by itself, because Redis was away, by their policy.",
	}, []string{"policy"})
	l := &Limits{policies: make(map[Class]*policy, len(Classes)), own: limit.NewOwn(cfg.Replicas, reg), peers: limit.Peers{Name: cfg.Peers}}
	for _, class := range Classes {
		rule := cfg.Policies[class]
		l.policies[class] = &policy{
			class: class, limit: rule, shadow: slices.Contains(cfg.Shadow, class), open: slices.Contains(outside, class),
			stand:   `"` + string(class) + `";r=`,
			quota:   []string{strconv.Itoa(rule.Burst)},
			terms:   []string{fmt.Sprintf(`"%s";q=%d;w=%d`, class, rule.Burst, int(rule.Period.Seconds()))},
			allowed: decisions.WithLabelValues(string(class), "allowed"), limited: decisions.WithLabelValues(string(class), "limited"),
			shadowed: decisions.WithLabelValues(string(class), "shadowed"), degraded: degraded.WithLabelValues(string(class)),
		}
	}
	return l
}

// Follow keeps up with how many gateways there are, until ctx ends.
func (l *Limits) Follow(ctx context.Context, log *slog.Logger) { l.own.Follow(ctx, l.peers, log) }

// Caller is whom a request counts for: a user, or who uses an address. An IPv6 customer has a /64, and counts as one.
type Caller struct {
	User    int64  // zero is nobody
	Address string // as the connection, or a trusted proxy, says
}

// String is the caller's in a key.
func (c Caller) String() string {
	if c.User > 0 {
		return "user:" + strconv.FormatInt(c.User, 10)
	}
	return limit.Address(c.Address)
}

// Count is what a request asks Redis: nil for a class without a limit.
func (l *Limits) Count(class Class, caller Caller, weight int) *batch.Limit {
	if class == None {
		return nil
	}
	p := l.policies[class]
	if p.open {
		caller.User = 0
	}
	return &batch.Limit{Key: string(class) + ":" + caller.String(), Limit: p.limit, Cost: max(1, weight)}
}

// Judge tells the client where it stands, and returns ErrTooMany when that is too far. result is nil while Redis is away.
func (l *Limits) Judge(h http.Header, class Class, count *batch.Limit, result *redis_rate.Result) error {
	p := l.policies[class]
	if result == nil {
		p.degraded.Inc()
		result = l.own.Count(count)
	}
	reset := ceil(result.ResetAfter)
	remaining := strconv.Itoa(result.Remaining)
	h["X-Ratelimit-Limit"], h["Ratelimit-Policy"] = p.quota, p.terms
	said := &[3]string{remaining, reset, p.stand + remaining + ";t=" + reset} // one allocation for three headers
	h["X-Ratelimit-Remaining"], h["X-Ratelimit-Reset"], h["Ratelimit"] = said[0:1:1], said[1:2:2], said[2:3:3]
	switch {
	case result.Allowed > 0:
		p.allowed.Inc()
		return nil
	case p.shadow:
		p.shadowed.Inc()
		return nil
	}
	p.limited.Inc()
	httpserver.SetRetryAfter(h, result.RetryAfter)
	return ErrTooMany
}

// ceil is a duration in whole seconds that is never too short.
func ceil(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
