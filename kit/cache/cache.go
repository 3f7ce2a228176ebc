// Package cache keeps copies of what is slow to get, in this process and in Redis, and never serves one that a write has
// made old.
//
// A copy has the stamps of its tags (kit/stamp) as they were before it was read. Every Get asks for them anew, together
// with the others that wait to ask (kit/batch), and a copy counts only while each is still the same. So once a write has
// bumped its tags, and only then been answered, nobody who asks later sees what was before it: a load that was under way
// meanwhile has the old stamps.
//
// While Redis cannot be asked, everything is loaded. Not for what a decision hangs on, such as prices and stock when an
// order is placed; nor for what is the same for everybody: the gateway keeps that.
package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"github.com/slippers-api/slippers/kit/batch"
)

// Config is a part of the configuration of every service that keeps copies.
type Config struct {
	// Bytes is about how much memory the copies in this process may take.
	Bytes uint64 `env:"CACHE_BYTES" envDefault:"33554432"`

	// Slots is how many copies of each kind Redis holds for all replicas. Each has its place by its key, and drives out
	// what was there: so no query, however invented, makes Redis grow.
	Slots uint32 `env:"CACHE_SHARED_SLOTS" envDefault:"4096"`
}

// Setup is what the caches of a process are made of.
type Setup struct {
	Config Config

	// Batch asks Redis, together with whatever else the process asks.
	Batch *batch.Batcher
	Redis redis.UniversalClient

	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Caches is what the caches of one process share: their memory, and their way to Redis.
type Caches struct {
	slots   uint64
	rdb     redis.UniversalClient
	batch   *batch.Batcher
	local   *otter.Cache[place, *entry]
	metrics *metrics
	log     *slog.Logger
}

// place is where a copy is in this process.
type place struct{ cache, key string }

// Open returns what the caches of a process share. Redis need not be there.
func Open(s Setup) (*Caches, error) {
	cfg := s.Config
	if cfg.Bytes == 0 || cfg.Slots == 0 {
		return nil, errors.New("making the caches: CACHE_BYTES and CACHE_SHARED_SLOTS must be above zero")
	}
	local, err := otter.New(&otter.Options[place, *entry]{
		MaximumWeight: cfg.Bytes,
		Weigher:       func(_ place, e *entry) uint32 { return e.weight() },
	})
	if err != nil {
		return nil, fmt.Errorf("making the caches: %w", err)
	}
	return &Caches{
		slots: uint64(cfg.Slots), rdb: s.Redis, batch: s.Batch, local: local, log: s.Log,
		metrics: newMetrics(s.Registry, func() float64 { return float64(local.WeightedSize()) }),
	}, nil
}

// Cache keeps copies of one kind.
type Cache[V any] struct {
	*Caches

	name    string
	ttl     time.Duration
	shape   string
	flights singleflight.Group
	count   counts
}

// New returns a cache. Its name is that in metrics and in the keys of Redis; a copy lives for ttl, which must be shorter
// than stamp.TTL, if nothing changes.
func New[V any](c *Caches, name string, ttl time.Duration) *Cache[V] {
	return &Cache[V]{Caches: c, name: name, ttl: ttl, shape: shapeOf[V](), count: c.metrics.of(name)}
}

// Key returns the key of a copy that hangs on parts, which differ where any part does: a filter, a page, and who may see
// it. What JSON leaves out of a part is not in the key.
func Key(parts ...any) string {
	b, err := json.Marshal(parts)
	if err != nil {
		panic(err) // a part that is no value
	}
	return string(b)
}

// loadTimeout bounds one loading. It outlives the caller who asked first; each waits only as long as its own context.
const loadTimeout = 5 * time.Second

// Get returns what load does, or a copy of it that is as good. tags are all that a change of it bumps; the same key must
// always have the same ones, and say who may see it (Key).
//
// What is loaded goes through JSON, for the one who loads too: what has no JSON is lost. Many callers get the same value, so
// none may change what it points to. All who want the same under the same stamps wait for one loading. Its error is that of
// all of them, and is not kept. While Redis is away, each loads for itself.
func (c *Cache[V]) Get(ctx context.Context, key string, tags []string, load func(ctx context.Context) (V, error)) (V, error) {
	slot := c.slot(key)
	ask, held := batch.Ask{Tags: tags}, c.held(key)
	if held == nil {
		ask.Keys = []string{slot}
	}
	answer, err := c.batch.Do(ctx, ask)
	if err != nil {
		c.count.bypass.Inc()
		return load(ctx)
	}
	if !held.of(answer.Stamps) {
		held = c.take(key, answer)
	}
	if held != nil {
		c.count.hit.Inc()
		v, _ := held.value.(V)
		return v, nil
	}

	first := false
	flight := c.flights.DoChan(strings.Join(append([]string{key}, answer.Stamps...), "\n"), func() (any, error) {
		first = true
		alone, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
		defer cancel()
		return c.fill(alone, key, slot, answer, load)
	})
	var none V
	select {
	case <-ctx.Done():
		return none, fmt.Errorf("waiting for %s: %w", c.name, ctx.Err())
	case landed := <-flight:
		if !first {
			c.count.coalesced.Inc()
		}
		if landed.Err != nil {
			return none, landed.Err
		}
		e, _ := landed.Val.(*entry)
		v, _ := e.value.(V)
		return v, nil
	}
}

// fill returns the copy under the stamps of answer, which are from before: it takes it from Redis unless answer says that
// it is not there, or loads it, for other replicas too.
func (c *Cache[V]) fill(
	ctx context.Context, key, slot string, answer batch.Answer, load func(ctx context.Context) (V, error),
) (e *entry, err error) {
	defer func() {
		if p := recover(); p != nil { // those who wait cannot catch it
			err = fmt.Errorf("loading %s: panic: %v\n%s", c.name, p, debug.Stack())
		}
	}()
	if e := c.held(key); e.of(answer.Stamps) {
		c.count.hit.Inc()
		return e, nil // stored since the caller looked
	}
	there := true
	if len(answer.Values) == 0 { // an old copy was here, so that Redis was not asked for one
		again, err := c.batch.Do(ctx, batch.Ask{Keys: []string{slot}})
		if there = err == nil; there {
			again.Stamps = answer.Stamps
			if e := c.take(key, again); e != nil {
				c.count.hit.Inc()
				return e, nil
			}
		}
	}
	c.count.miss.Inc()
	start := time.Now()
	v, err := load(ctx)
	if err != nil {
		return nil, err
	}
	c.count.load.Observe(time.Since(start).Seconds())
	e, err = newEntry(head{Key: key, Shape: c.shape, Stamps: answer.Stamps, Expires: start.Add(c.ttl).UTC()}, v)
	if err != nil {
		return nil, fmt.Errorf("copying %s: %w", c.name, err)
	}
	if len(e.body) <= maxBody {
		c.local.Set(place{c.name, key}, e)
		if there {
			c.share(ctx, slot, e)
		}
	}
	return e, nil
}

// held returns the copy in this process, or nil.
func (c *Cache[V]) held(key string) *entry {
	e, _ := c.local.GetIfPresent(place{c.name, key})
	if e == nil || !time.Now().Before(e.Expires) {
		return nil
	}
	return e
}

// take moves the copy that Redis holds into this process, or returns nil when it does not count.
func (c *Cache[V]) take(key string, answer batch.Answer) *entry {
	if len(answer.Values) == 0 || !answer.Values[0].OK {
		return nil
	}
	e := parse(answer.Values[0].Text)
	if !e.of(answer.Stamps) || e.Key != key || e.Shape != c.shape || !time.Now().Before(e.Expires) {
		return nil
	}
	if read[V](e) != nil {
		return nil
	}
	c.local.Set(place{c.name, key}, e)
	return e
}

// share gives the copy to other replicas. They do without when it fails.
func (c *Cache[V]) share(ctx context.Context, slot string, e *entry) {
	text, err := e.encode()
	if err == nil {
		err = c.rdb.Set(ctx, slot, text, c.ttl).Err()
	}
	if err != nil {
		c.log.DebugContext(ctx, "sharing a copy", "cache", c.name, "err", err)
	}
}
