package limit

import (
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/time/rate"

	"github.com/slippers-api/slippers/kit/batch"
)

// ownCallers are remembered. A crowd drives the oldest out; time does not, so that a slow policy stays slow.
const ownCallers = 10_000

// Own counts in this process, for the time that Redis is away.
type Own struct {
	replicas int
	mu       sync.Mutex
	callers  *simplelru.LRU[string, *rate.Limiter]
}

// NewOwn returns a counter of one of so many processes.
func NewOwn(replicas int) *Own {
	callers, _ := simplelru.NewLRU[string, *rate.Limiter](ownCallers, nil) // it fails for a size below one
	return &Own{replicas: max(1, replicas), callers: callers}
}

// Count allows what the policy does, divided by the number of processes, but never nothing at all. A cost below zero gives
// back.
func (o *Own) Count(l *batch.Limit) *redis_rate.Result {
	burst := max(1, l.Limit.Burst/o.replicas)
	interval := l.Limit.Period * time.Duration(o.replicas) / time.Duration(l.Limit.Rate)
	now := time.Now()

	o.mu.Lock()
	defer o.mu.Unlock()
	caller, ok := o.callers.Get(l.Key)
	if !ok {
		caller = rate.NewLimiter(rate.Every(interval), burst)
		o.callers.Add(l.Key, caller)
	}
	cost := min(l.Cost, burst)
	r := &redis_rate.Result{Limit: l.Limit, RetryAfter: -1}
	if caller.AllowN(now, cost) {
		r.Allowed = l.Cost
	}
	tokens := caller.TokensAt(now)
	r.Remaining = max(0, int(tokens))
	r.ResetAfter = time.Duration((float64(burst) - tokens) * float64(interval))
	if r.Allowed == 0 {
		r.RetryAfter = time.Duration((float64(cost) - tokens) * float64(interval))
	}
	return r
}
