package revocation_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
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

// server starts a Redis of the test's own, which is stopped with it, and a client that waits for it on a busy machine.
func server(t *testing.T, args ...string) (*goredis.Client, *os.Process) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("this needs redis-server on PATH (Debian: apt-get install redis-server); CI has it")
	}
	port := strconv.Itoa(testkit.FreePort(t))
	cmd := exec.Command(program, append(args, "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	o := *testkit.Redis(t).Options()
	o.Addr, o.Username, o.Password, o.DB = "127.0.0.1:"+port, "", "", 0
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = time.Minute, time.Minute, time.Minute, time.Minute
	rdb := goredis.NewClient(&o)
	t.Cleanup(func() { _ = rdb.Close() })
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for rdb.Ping(t.Context()).Err() != nil {
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatal("Redis does not start")
		}
	}
	return rdb, cmd.Process
}

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
	rdb, _ := server(t, "--maxmemory", "8mb", "--maxmemory-policy", "allkeys-random")
	ctx, ended := t.Context(), &many{500, func() {}}
	a := revocation.New(rdb, "x:", ended, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
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
func hasty(t *testing.T, rdb *goredis.Client) *goredis.Client {
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

func signal(t *testing.T, p *os.Process, s os.Signal) {
	t.Helper()
	if err := p.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// A Redis that hung for a moment, and lost the write, is told again before anybody is told that they are logged out.
func TestAnEndIsWrittenBeforeItIsAnswered(t *testing.T) {
	t.Parallel()
	rdb, process := server(t)
	log := slog.New(&warned{slog.DiscardHandler, func() {
		signal(t, process, syscall.SIGCONT)
		rdb.Del(t.Context(), "x:revoked:a") // what came while it hung may be read late
	}})
	a := revocation.New(hasty(t, rdb), "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), log)
	signal(t, process, syscall.SIGSTOP)
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
	rdb, process := server(t)
	a := revocation.New(rdb, "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err := a.Renew(t.Context()); err != nil || rdb.Exists(t.Context(), "x:ready").Val() != 1 {
		t.Fatalf("it is not called complete: %v", err)
	}
	signal(t, process, syscall.SIGSTOP)
	a = revocation.New(hasty(t, rdb), "x:", &many{0, func() {}}, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	err := a.Announce(t.Context(), "a")
	signal(t, process, syscall.SIGCONT)
	if err != nil || rdb.Exists(t.Context(), "x:ready").Val() != 0 {
		t.Errorf("it is answered that a session has ended, %v, and Redis is believed that it goes on", err)
	}
}
