package journey_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/e2e/process"
)

// freshFor is how long readers and writers go on, each second of it with another blow to Redis.
func freshFor(t *testing.T) time.Duration {
	t.Helper()
	s := os.Getenv("FRESH_FOR") // 5m for the long run
	if s == "" {
		return 8 * time.Second
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatalf("reading FRESH_FOR: %v", err)
	}
	return d
}

// ownRedis is a server that a test may do anything to.
type ownRedis struct {
	program string
	port    int
	dir     string
	p       *process.Process
	*redis.Client
}

func newOwnRedis(t *testing.T) *ownRedis {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH, which this test stops and starts: apt-get install redis-server")
	}
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	r := &ownRedis{program: program, port: port, dir: t.TempDir(), Client: redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + strconv.Itoa(port)})}
	r.start(t)
	t.Cleanup(func() { _ = r.p.Stop(); _ = r.Close() })
	return r
}

// url is for services that wait for a Redis on a busy machine: here it is not about time.
func (r *ownRedis) url() string {
	return fmt.Sprintf("redis://127.0.0.1:%d/0?dial_timeout=10s&read_timeout=10s&write_timeout=10s&pool_timeout=10s", r.port)
}

func (r *ownRedis) start(t *testing.T) {
	t.Helper()
	p, err := process.Start(exec.Command(r.program, "--port", strconv.Itoa(r.port), "--bind", "127.0.0.1", "--save", "", "--dir", r.dir,
		"--logfile", "redis.log"), syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Answers(t.Context(), func(ctx context.Context) error { return r.Ping(ctx).Err() }); err != nil {
		t.Fatal(err)
	}
	r.p = p
}

// second starts another gateway of the store, and returns a visitor who uses it.
func (s *store) second(t *testing.T) visitor {
	t.Helper()
	env, err := s.Environment("gateway")
	if err != nil {
		t.Fatal(err)
	}
	api, ops := freeAddress(t), freeAddress(t)
	cmd := exec.Command(filepath.Join(s.Bin, "gateway"))
	cmd.Env = append(append(os.Environ(), env...), "HTTP_ADDR="+api, "OPS_ADDR="+ops)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	p, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	other := *s
	running := *s.Shop
	running.URL = "http://" + api
	other.Shop = &running
	v := visitor{store: &other}
	err = p.Answers(t.Context(), func(context.Context) error {
		if c, err := net.Dial("tcp", api); err != nil {
			return err
		} else {
			return c.Close()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return "127.0.0.1:" + strconv.Itoa(port)
}

// One writer changes a price again and again; fifty readers look at the slipper and at the list, at two gateways. Whoever
// begins to read after a write was answered must see it, while Redis is emptied, made to evict and restarted. Only while
// Redis is away, and until the store works with it again, may a page be older: that is what CACHE_STALE_IF_ERROR allows.
func TestNobodySeesWhatWasBeforeAnAnsweredWrite(t *testing.T) {
	t.Parallel()
	alone(t)
	r := newOwnRedis(t)
	s := open(t, "REDIS_URL="+r.url())
	admin := s.admin(t)
	felt := admin.slipper(t, "Felt slipper", "1", 5)
	gateways := []visitor{{store: s}, s.second(t)}

	var written, away, reads, checked atomic.Int64
	ctx, end := context.WithTimeout(t.Context(), freshFor(t))
	defer end()
	var wg sync.WaitGroup
	wg.Go(func() {
		for price := int64(2); ctx.Err() == nil; price++ {
			admin.must(t, "PUT /slippers/"+felt, fmt.Sprintf(`{"price":%d}`, price))
			written.Store(price)
		}
	})
	for i := range 50 {
		wg.Go(func() {
			path, field := "/slippers/"+felt, "price"
			if i%3 == 0 {
				path, field = "/slippers/?limit=5", "items.0.price"
			}
			for ctx.Err() == nil {
				wasAway, least := away.Load(), written.Load()
				a := gateways[i%2].call(t, "GET "+path, "")
				reads.Add(1)
				if a.status == http.StatusServiceUnavailable {
					continue // on a busy machine; nobody was shown anything old
				}
				if wasAway != 0 || away.Load() != 0 {
					continue
				}
				checked.Add(1)
				price, _, _ := strings.Cut(a.text(t, field), ".")
				if got, err := strconv.ParseInt(price, 10, 64); err != nil || got < least {
					t.Errorf("%s shows %s after %d was answered (%s, age %s)", path, price, least, a.header.Get("Cache-Status"), a.header.Get("Age"))
					return
				}
			}
		})
	}
	// blows come one after the other, each when the store has been quick again for a while.
	for i := 0; ctx.Err() == nil; i++ {
		r.blow(t, i, &away, func() bool { return settled(t, admin, gateways, felt) })
		until := reads.Load() + 500
		for reads.Load() < until && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case <-time.After(50 * time.Millisecond):
			}
		}
	}
	wg.Wait()
	if checked.Load() < 1000 || written.Load() < 20 {
		t.Errorf("only %d of %d reads were checked, of %d writes", checked.Load(), reads.Load(), written.Load())
	}
	t.Logf("%d reads, %d checked, %d writes", reads.Load(), checked.Load(), written.Load())
}

// blow does something to Redis.
func (r *ownRedis) blow(t *testing.T, i int, away *atomic.Int64, well func() bool) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	switch i % 4 {
	case 0, 2:
		r.FlushAll(ctx)
	case 1: // fill it, so that each page which is stored drives something out
		const filling, room = 4000, 3 << 20
		used, err := strconv.Atoi(r.InfoMap(ctx, "memory").Item("Memory", "used_memory"))
		if err != nil {
			t.Errorf("reading how much memory Redis uses: %v", err)
		}
		r.ConfigSet(ctx, "maxmemory-policy", "allkeys-random")
		r.ConfigSet(ctx, "maxmemory", strconv.Itoa(used+room))
		for n := range filling {
			r.Set(ctx, "filling:"+strconv.Itoa(n), strings.Repeat("x", 1000), 0)
		}
	case 3:
		away.Store(1)
		if err := r.p.Stop(); err != nil {
			t.Error(err)
		}
		r.start(t)
		for deadline := time.Now().Add(time.Minute); !well() && time.Now().Before(deadline); {
			<-time.After(20 * time.Millisecond)
		}
		away.Store(0)
	}
}

// settled says whether both gateways work with Redis again, and so does who writes.
func settled(t *testing.T, admin visitor, gateways []visitor, felt string) bool {
	t.Helper()
	for _, g := range gateways {
		if strings.Contains(g.must(t, "GET /slippers/"+felt, "").header.Get("Cache-Status"), "degraded") {
			return false
		}
	}
	before := gateways[0].must(t, "GET /slippers/"+felt, "")
	admin.must(t, "PUT /slippers/"+felt, `{"size":"38-39"}`)
	after := gateways[0].must(t, "GET /slippers/"+felt, "")
	return before.header.Get("ETag") != after.header.Get("ETag")
}
