package cache_test

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// shop is what a service knows, in the version that its last write made.
type shop struct {
	rdb     *testkit.OwnRedis
	version atomic.Int64
	loads   atomic.Int64
}

func newShop(t *testing.T) *shop {
	t.Helper()
	return &shop{rdb: testkit.NewOwnRedis(t)}
}

// write changes it, and returns when the change is acknowledged.
func (s *shop) write(t *testing.T) int64 {
	t.Helper()
	v := s.version.Add(1)
	if err := stamp.Bump(context.WithoutCancel(t.Context()), s.rdb.Client, "things"); err != nil {
		t.Error(err)
	}
	return v
}

// list is what is copied.
type list struct {
	Version int64
	Items   []string
}

func (s *shop) load(context.Context) (list, error) {
	s.loads.Add(1)
	return list{s.version.Load(), []string{"felt", "wool"}}, nil
}

// replica is a process of the service.
type replica struct {
	*cache.Cache[list]
	*shop
	reg *prometheus.Registry
}

var sound = cache.Config{Bytes: 1 << 20, Slots: 64}

func open[V any](t *testing.T, cfg cache.Config, rdb redis.UniversalClient, name string, ttl time.Duration) (*cache.Cache[V], *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewRegistry()
	all, err := cache.Open(cache.Setup{Config: cfg, Batch: batch.New(rdb, reg), Redis: rdb, Registry: reg, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return cache.New[V](all, name, ttl), reg
}

func (s *shop) replica(t *testing.T) replica {
	t.Helper()
	c, reg := open[list](t, sound, s.rdb.Client, "things", time.Minute)
	return replica{c, s, reg}
}

// get reads the list, and returns which version it is.
func (r replica) get(t *testing.T) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
	defer cancel()
	got, err := r.Get(ctx, "all", []string{"things"}, r.load)
	if err != nil || len(got.Items) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	return got.Version
}

// lookups says how often each outcome was counted.
func (r replica) lookups(t *testing.T) string {
	t.Helper()
	var all []string
	for _, outcome := range []string{"hit", "miss", "coalesced", "bypass"} {
		all = append(all, fmt.Sprintf("%s %v", outcome, metric(t, r.reg, "cache_lookups_total", outcome)))
	}
	return strings.Join(all, ", ")
}

// metric returns a counter, a gauge, or the sum of a histogram; with the outcome, unless that is "".
func metric(t *testing.T, reg *prometheus.Registry, name, outcome string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			matches := outcome == ""
			for _, l := range m.GetLabel() {
				matches = matches || l.GetName() == "outcome" && l.GetValue() == outcome
			}
			if f.GetName() == name && matches {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
			}
		}
	}
	t.Fatalf("no %s %s", name, outcome)
	return 0
}

// until waits for something that happens by itself.
func until(t *testing.T, what string, happens func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !happens(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
