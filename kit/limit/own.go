package limit

import (
	"sync"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/time/rate"

	"github.com/slippers-api/slippers/kit/batch"
)

// ownCallers are remembered. A crowd drives the oldest out; time does not, so that a slow policy stays slow.
const ownCallers = 10_000

// Own counts in this process, for the time that Redis is away.
type Own struct {
	most int
	told prometheus.Gauge

	mu       sync.Mutex
	replicas int // from 1 to most
	callers  *simplelru.LRU[string, *rate.Limiter]
}

// NewOwn returns a counter of one of so many processes. Follow learns when there are fewer.
func NewOwn(replicas int, reg prometheus.Registerer) *Own {
	callers, _ := simplelru.NewLRU[string, *rate.Limiter](ownCallers, nil) // it fails for a size below one
	o := &Own{
		most: max(1, replicas), callers: callers,
		told: promauto.With(reg).NewGauge(prometheus.GaugeOpts{
			Name: "rate_limit_replicas",
			Help: "How many processes share a limit while Redis is away, as far as this one knows: it allows its part.",
		}),
	}
	o.divide(o.most)
	return o
}

// divide makes this one of so many processes, but never of more than there may be.
func (o *Own) divide(replicas int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.replicas = min(max(1, replicas), o.most)
	o.told.Set(float64(o.replicas))
}

// Count allows what the policy does, divided by the number of processes, but never nothing at all. A cost below zero gives
// back.
func (o *Own) Count(l *batch.Limit) *redis_rate.Result {
	now := time.Now()

	o.mu.Lock()
	defer o.mu.Unlock()
	burst := max(1, l.Limit.Burst/o.replicas)
	interval := l.Limit.Period * time.Duration(o.replicas) / time.Duration(l.Limit.Rate)
	caller, ok := o.callers.Get(l.Key)
	if !ok {
		caller = rate.NewLimiter(rate.Every(interval), burst)
		o.callers.Add(l.Key, caller)
	}
	// With another number of processes a caller keeps what is left of the old part, as far as the new one holds it, and gets more
	// at the new pace: a change gives nobody anything at once.
	if pace := rate.Every(interval); caller.Limit() != pace {
		caller.SetLimitAt(now, pace)
		caller.SetBurstAt(now, burst)
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
