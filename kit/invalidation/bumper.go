package invalidation

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"

	kitredis "github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/stamp"
)

// Where a bump came from.
const (
	inline   = "inline"   // the write itself
	outbox   = "outbox"   // the routine
	failover = "failover" // the routine, after another Redis server took over
)

const (
	// trips is after how many failures in a row writes leave Redis alone, so that one that hangs costs few of them their time. Once
	// in a rest one of them tries: when Redis is back, few readers see what was before a write.
	trips = 3
	rest  = 100 * time.Millisecond

	tagsAtOnce = 500
)

var errLeftAlone = errors.New("redis has just failed several times")

// bumper bumps tags, and says so.
type bumper struct {
	rdb      redis.UniversalClient
	patience time.Duration
	failures atomic.Int32 // in a row
	failed   atomic.Int64 // when the last of them was, in Unix nanoseconds
	log      *slog.Logger

	kinds  []string
	bumped *prometheus.CounterVec
	late   prometheus.Counter

	rows, oldest prometheus.Gauge
}

func newBumper(s Setup) *bumper {
	b := &bumper{
		rdb: s.Redis, patience: kitredis.Patience(s.Redis), log: s.Log, kinds: s.Kinds,
		bumped: promauto.With(s.Registry).NewCounterVec(prometheus.CounterOpts{
			Name: "cache_invalidations_total",
			Help: "Tags whose copies were made worthless, by their kind and by who did it: the write, the outbox's routine, or the routine after a failover of Redis.",
		}, []string{"tag_kind", "source"}),
		late: promauto.With(s.Registry).NewCounter(prometheus.CounterOpts{
			Name: "cache_invalidations_late_total",
			Help: "Writes that were answered before their copies were worthless, because Redis could not be asked. Readers may have seen old pages until the outbox caught up.",
		}),
		rows: promauto.With(s.Registry).NewGauge(prometheus.GaugeOpts{
			Name: "cache_invalidations_waiting", Help: "Invalidations in the outbox that nobody has marked as done. Those of the last second are normal.",
		}),
		oldest: promauto.With(s.Registry).NewGauge(prometheus.GaugeOpts{
			Name: "cache_invalidations_oldest_waiting_seconds", Help: "How old the oldest of those is. More than a few seconds: Redis is away, and copies may be outdated.",
		}),
	}
	for _, kind := range slices.Concat(s.Kinds, []string{other}) {
		for _, source := range []string{inline, outbox, failover} {
			b.bumped.WithLabelValues(kind, source)
		}
	}
	return b
}

// inline bumps for a write, which it holds up for no longer than its patience. Whether the caller still listens does not
// matter: the write is committed.
func (b *bumper) inline(ctx context.Context, tags []string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.patience)
	defer cancel()
	err := errLeftAlone
	if b.asks(time.Now()) {
		err = b.bump(ctx, inline, tags)
		if err == nil {
			b.failures.Store(0)
			return nil
		}
		b.failures.Add(1)
		b.failed.Store(time.Now().UnixNano())
	}
	b.late.Inc()
	b.log.WarnContext(ctx, "invalidation left to the outbox", "tags", tags, "id", requestid.From(ctx), "err", err)
	return err
}

// asks says whether a write may ask Redis now.
func (b *bumper) asks(now time.Time) bool {
	if b.failures.Load() < trips {
		return true
	}
	last := b.failed.Load()
	return now.UnixNano()-last >= int64(rest) && b.failed.CompareAndSwap(last, now.UnixNano())
}

func (b *bumper) bump(ctx context.Context, source string, tags []string) error {
	for some := range slices.Chunk(tags, tagsAtOnce) {
		if err := stamp.Bump(ctx, b.rdb, some...); err != nil {
			return err
		}
		for _, tag := range some {
			b.bumped.WithLabelValues(b.kind(tag), source).Inc()
		}
		b.log.InfoContext(ctx, "invalidated", "tags", some, "source", source, "id", requestid.From(ctx))
	}
	return nil
}

// other labels the tags of a kind that nobody declared.
const other = "other"

func (b *bumper) kind(tag string) string {
	kind, _, _ := strings.Cut(tag, ":")
	if slices.Contains(b.kinds, kind) {
		return kind
	}
	return other
}
