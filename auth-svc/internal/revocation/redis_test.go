package revocation_test

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/auth-svc/internal/revocation"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/testkit"
)

// many is a number of sessions that ended long before the last look.
type many struct {
	number    int
	meanwhile func() // happens while they are read
}

func (m *many) RevokedSince(_ context.Context, while time.Duration) (ids []string, _ error) {
	m.meanwhile()
	for i := range m.number {
		if while == 16*time.Minute {
			ids = append(ids, strconv.Itoa(i))
		}
	}
	return ids, nil
}

// A Redis that is full drops what it likes. Whoever was logged out would be let in again where it is believed.
func TestARedisThatEvictsIsToldEverythingAgain(t *testing.T) {
	t.Parallel()
	rdb := testkit.NewRedisServer(t, "--maxmemory", "8mb", "--maxmemory-policy", "allkeys-random")
	ctx, ended := t.Context(), &many{500, func() {}}
	a := revocation.New(rdb.Client, "x:", ended, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	evicted := func() string {
		_, rest, _ := strings.Cut(rdb.Info(ctx, "stats").Val(), "evicted_keys:")
		return strings.Fields(rest + " ?")[0]
	}
	overfill := func() {
		for before, i := evicted(), 0; evicted() == before; i++ {
			if err := rdb.Set(ctx, fmt.Sprint("fill:", i), strings.Repeat("x", 4096), 0).Err(); err != nil || i == 100_000 {
				t.Fatalf("after %d keys nothing was evicted, %v", i, err)
			}
		}
	}
	room := func(n string) {
		if err := rdb.ConfigSet(ctx, "maxmemory", n).Err(); err != nil {
			t.Fatal(err)
		}
	}
	whole := func(what string) string {
		t.Helper()
		if err := a.Renew(ctx); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		var keys []string
		for i := range ended.number {
			keys = append(keys, "x:revoked:"+strconv.Itoa(i))
		}
		n, ready := rdb.Exists(ctx, keys...).Val(), rdb.Get(ctx, "x:ready").Val()
		if n != int64(ended.number) || ready == "" {
			t.Fatalf("%s it has %d of %d, and says %q", what, n, ended.number, ready)
		}
		return ready
	}
	ready := whole("at first")
	overfill()
	room("0")
	rdb.Del(ctx, "x:revoked:7") // so that one of them has gone for sure
	rdb.Set(ctx, "x:ready", ready, 0)
	whole("after it was full")

	room("8mb")
	ended.meanwhile = overfill
	rdb.Set(ctx, "x:ready", "another server", 0)
	if err := a.Renew(ctx); err == nil || rdb.Exists(ctx, "x:ready").Val() != 0 {
		t.Errorf("keys went while they were written: %v, and it is called complete", err)
	}
	room("0")
	ended.meanwhile = func() {}
	whole("when it has room again")
}

// warned does something the first time that something is logged.
type warned struct {
	slog.Handler
	do func()
}

func (w *warned) Enabled(context.Context, slog.Level) bool { return true }

func (w *warned) Handle(context.Context, slog.Record) error {
	do := w.do
	w.do = func() {}
	do()
	return nil
}

// hasty is a client of the same server that gives up as soon as the services do.
func hasty(t *testing.T, rdb *testkit.RedisServer) *goredis.Client {
	t.Helper()
	c, err := redis.Open(redis.Config{URL: "redis://" + rdb.Options().Addr})
	if err != nil {
		t.Fatal(err)
	}
	single, ok := c.(*goredis.Client)
	if !ok {
		t.Fatalf("it is a %T", c)
	}
	t.Cleanup(func() { _ = c.Close() })
	return single
}

// A Redis that hung for a moment, and lost the write, is told again before anybody is told that they are logged out.
func TestAnEndIsWrittenBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	rdb := testkit.NewRedisServer(t)
	log := slog.New(&warned{slog.DiscardHandler, func() {
		rdb.Signal(t, syscall.SIGCONT)
		rdb.Del(t.Context(), "x:revoked:a") // what came while it hung may be read late
	}})
	a := revocation.New(hasty(t, rdb), "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), log)
	rdb.Signal(t, syscall.SIGSTOP)
	if err := a.Announce(t.Context(), "a"); err != nil {
		t.Error(err)
	}
	if rdb.Exists(t.Context(), "x:revoked:a").Val() != 1 {
		t.Error("it is answered that a session has ended, and Redis does not know")
	}
}

// A Redis that hangs longer is not believed any more when that is answered.
func TestAnEndIsAnsweredWhenRedisIsNotBelieved(t *testing.T) {
	t.Parallel()
	rdb := testkit.NewRedisServer(t)
	a := revocation.New(rdb.Client, "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err := a.Renew(t.Context()); err != nil || rdb.Exists(t.Context(), "x:ready").Val() != 1 {
		t.Fatalf("it is not called complete: %v", err)
	}
	rdb.Signal(t, syscall.SIGSTOP)
	a = revocation.New(hasty(t, rdb), "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	err := a.Announce(t.Context(), "a")
	rdb.Signal(t, syscall.SIGCONT)
	if err != nil || rdb.Exists(t.Context(), "x:ready").Val() != 0 {
		t.Errorf("it is answered that a session has ended, %v, and Redis is believed that it goes on", err)
	}
}
