package batch_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/go-redis/redis_rate/v10"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/batch"
	ourredis "github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

func newBatcher(rdb redis.UniversalClient) *batch.Batcher {
	return batch.New(rdb, prometheus.NewRegistry())
}

// patient is a client that waits for a Redis on a busy machine: here it is not about time.
func patient(t *testing.T) *redis.Client {
	t.Helper()
	o := *testkit.Redis(t).Options()
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = time.Minute, time.Minute, time.Minute, time.Minute
	c := redis.NewClient(&o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// Two limiters see the same requests at the same times: redis_rate's own, and ours. At each step they must say the same,
// to the nanosecond, and leave the same in Redis. A third key is used by both in turn: each reads what the other wrote.
func TestTheLimitIsThatOfRedisRate(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	rdb := redis.NewClient(&redis.Options{Addr: m.Addr()})
	defer rdb.Close()
	theirs, ours := redis_rate.NewLimiter(rdb), newBatcher(rdb)
	r := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 3, 8, 12, 0, 0, 123456000, time.UTC)

	for round := range 60 {
		limit := redis_rate.Limit{Rate: 1 + r.IntN(20), Burst: 1 + r.IntN(20), Period: time.Duration(1+r.IntN(300)) * time.Second}
		alone, mine, shared := fmt.Sprintf("theirs:%d", round), fmt.Sprintf("ours:%d", round), fmt.Sprintf("shared:%d", round)
		both := fmt.Sprintf("both:%d", round) // what redis_rate says to all of the third key's requests
		for step := range 60 {
			now = now.Add(time.Duration(r.Int64N(int64(limit.Period) / 4)).Truncate(time.Microsecond))
			m.SetTime(now)
			cost := 1 + r.IntN(4)
			want, err := theirs.AllowN(t.Context(), alone, limit, cost)
			if err != nil {
				t.Fatal(err)
			}
			got, err := ours.Do(t.Context(), batch.Ask{Limit: &batch.Limit{Key: mine, Limit: limit, Cost: cost}})
			if err != nil {
				t.Fatal(err)
			}
			near := cmp.Comparer(func(a, b time.Duration) bool { return (a - b).Abs() < time.Microsecond }) // it prints 14 digits
			if diff := cmp.Diff(*want, got.Limit, near); diff != "" {
				t.Fatalf("limit %v, step %d, cost %d (-redis_rate +batch):\n%s", limit, step, cost, diff)
			}
			if a, b := get(m, "rate:"+alone), get(m, "rate:"+mine); a != b {
				t.Fatalf("limit %v, step %d: redis_rate leaves %q, batch %q", limit, step, a, b)
			}

			all, err := theirs.AllowN(t.Context(), both, limit, cost)
			if err != nil {
				t.Fatal(err)
			}
			one := all
			if step%2 == 0 {
				one, err = theirs.AllowN(t.Context(), shared, limit, cost)
			} else {
				got, err = ours.Do(t.Context(), batch.Ask{Limit: &batch.Limit{Key: shared, Limit: limit, Cost: cost}})
				one = &got.Limit
			}
			if err != nil || one.Allowed != all.Allowed || one.Remaining != all.Remaining {
				t.Fatalf("limit %v, step %d: in turn they say %+v, %v, redis_rate alone %+v", limit, step, one, err, all)
			}
		}
	}
}

// What is given back can be taken again, all of it and no more, and leaves nothing in Redis.
func TestAnEventCanBeGivenBack(t *testing.T) {
	t.Parallel()
	rdb := patient(t)
	b, key := newBatcher(rdb), t.Name()+stamp.New()
	ask := func(cost int) bool {
		a, err := b.Do(t.Context(), batch.Ask{Limit: &batch.Limit{Key: key, Limit: redis_rate.Limit{Rate: 2, Burst: 2, Period: 24 * time.Hour}, Cost: cost}})
		if err != nil {
			t.Fatal(err)
		}
		return a.Limit.Allowed > 0
	}
	for i, step := range []struct {
		cost int
		want bool
	}{{1, true}, {1, true}, {1, false}, {-1, false}, {1, true}, {1, false}, {-1, false}, {-1, false}} {
		if got := ask(step.cost); got != step.want && step.cost > 0 {
			t.Errorf("step %d: allowed %t, want %t", i, got, step.want)
		}
	}
	if n := rdb.Exists(t.Context(), "rate:"+key).Val(); n != 0 {
		t.Error("all is given back, and the key is still there")
	}
	ask(-1) // more than was taken
	for i := range 3 {
		if got := ask(1); got != (i < 2) {
			t.Errorf("then call %d of two: allowed %t", i, got)
		}
	}
}

func get(m *miniredis.Miniredis, key string) string {
	s, _ := m.Get(key) // an absent key is ""
	return s
}

// Many at once count one by one, on a real Redis, though they share calls.
func TestEveryRequestCounts(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	b := batch.New(patient(t), reg)
	limit := redis_rate.Limit{Rate: 300, Burst: 300, Period: 24 * time.Hour} // no token comes back meanwhile
	key := t.Name() + stamp.New()

	const requests = 2000
	results := make([]redis_rate.Result, requests)
	var wg sync.WaitGroup
	for i := range requests {
		wg.Go(func() {
			a, err := b.Do(t.Context(), batch.Ask{Limit: &batch.Limit{Key: key, Limit: limit, Cost: 1}, Keys: []string{"absent"}})
			if err != nil {
				t.Errorf("asking: %v", err)
			}
			results[i] = a.Limit
		})
	}
	wg.Wait()
	allowed, remaining := 0, map[int]int{}
	for _, r := range results {
		allowed += r.Allowed
		if r.Allowed == 1 {
			remaining[r.Remaining]++
		} else if r.RetryAfter <= 0 {
			t.Errorf("refused, and may come back in %s", r.RetryAfter)
		}
	}
	if allowed != 300 || len(remaining) != 300 {
		t.Errorf("%d of %d were allowed, with %d different remainders, want 300 each", allowed, requests, len(remaining))
	}
	calls := gathered(t, reg)
	if calls >= requests/2 {
		t.Errorf("%d requests made %d calls: they do not share", requests, calls)
	}
}

// gathered returns how many round trips were made.
func gathered(t *testing.T, reg *prometheus.Registry) uint64 {
	t.Helper()
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.GetName() == "redis_batch_requests" {
			return m.GetMetric()[0].GetHistogram().GetSampleCount()
		}
	}
	t.Fatal("no redis_batch_requests")
	return 0
}

// A reader that starts after a bump never sees the stamp from before it.
func TestNoStampIsOlderThanTheRequest(t *testing.T) {
	t.Parallel()
	rdb := patient(t)
	b := newBatcher(rdb)
	tag := t.Name() + stamp.New()

	var mu sync.Mutex
	spent := map[string]bool{} // stamps that a bump has ended
	read := func() string {
		a, err := b.Do(t.Context(), batch.Ask{Tags: []string{tag, "of others"}})
		if err != nil {
			t.Errorf("asking: %v", err)
			return ""
		}
		return a.Stamps[0]
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 30 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				mu.Lock()
				before := len(spent)
				mu.Unlock()
				s := read()
				mu.Lock()
				// Only what was spent before this reader began counts against it.
				if spent[s] && before == len(spent) {
					t.Errorf("stamp %s came after it was spent", s)
				}
				mu.Unlock()
			}
		})
	}
	for range 300 {
		old := read()
		if err := stamp.Bump(t.Context(), rdb, tag); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		spent[old] = true
		mu.Unlock()
		if now := read(); now == old {
			t.Fatalf("after a bump the stamp is still %s", now)
		}
	}
	close(done)
	readers.Wait()
}

func TestWhatIsAbsent(t *testing.T) {
	t.Parallel()
	rdb := patient(t)
	tag, key := t.Name()+stamp.New(), t.Name()+stamp.New()
	rdb.Set(t.Context(), key, "here", time.Minute)
	ask := batch.Ask{Tags: []string{tag}, Keys: []string{key, key + "-not", key}}
	first, err := newBatcher(rdb).Do(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	if want := []batch.Value{{Text: "here", OK: true}, {}, {Text: "here", OK: true}}; !cmp.Equal(first.Values, want) || first.Stamps[0] == "" {
		t.Errorf("got %+v, want values %v and a new stamp", first, want)
	}
	second, err := newBatcher(rdb).Do(t.Context(), ask)
	if err != nil || second.Stamps[0] != first.Stamps[0] {
		t.Errorf("the stamp is %v, %v, want the first one's %v", second.Stamps, err, first.Stamps)
	}
	rdb.Del(t.Context(), stamp.Key(tag)) // evicted, or flushed
	third, err := newBatcher(rdb).Do(t.Context(), ask)
	if err != nil || third.Stamps[0] == first.Stamps[0] {
		t.Errorf("an evicted stamp came back: %v, %v", third.Stamps, err)
	}
}

// A Redis that accepts and never answers costs a few requests 50 ms or so, and the others nothing.
func TestAHangingRedisIsLeftAlone(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rdb, err := ourredis.Open(ourredis.Config{URL: "redis://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	b := newBatcher(rdb)
	var calls atomic.Int32
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			calls.Add(1)
			t.Cleanup(func() { _ = c.Close() })
		}
	}()
	for range 100 {
		if _, err := b.Do(t.Context(), batch.Ask{Tags: []string{"slippers"}}); !errors.Is(err, batch.ErrAway) {
			t.Errorf("got %v, want ErrAway", err)
		}
	}
	if n := calls.Load(); n > 4 {
		t.Errorf("a hundred requests tried a Redis that hangs %d times, want three, and one more at most", n)
	}
}

// A batch whose answer is lost on the way holds only its own requests up: who comes later asks beside it.
func TestASlowBatchHoldsNobodyElseUp(t *testing.T) {
	t.Parallel()
	rdb := patient(t)
	h := &holdFirst{held: make(chan struct{}), until: make(chan struct{})}
	rdb.AddHook(h)
	b := newBatcher(rdb)
	ask := func() error {
		_, err := b.Do(t.Context(), batch.Ask{Keys: []string{"absent"}})
		return err
	}
	first := make(chan error, 1)
	go func() { first <- ask() }()
	<-h.held

	const most = 10_000 // one a millisecond
	others := make(chan error, most)
	visitors := time.NewTicker(time.Millisecond)
	defer visitors.Stop()
	for asked, answered := 0, false; !answered; asked++ {
		if asked == most {
			t.Fatalf("%d visitors wait for one who came before them", most)
		}
		go func() { others <- ask() }()
		select {
		case err := <-others:
			if answered = true; err != nil {
				t.Error(err)
			}
		case err := <-first:
			t.Fatalf("what is held was answered: %v", err)
		case <-visitors.C:
		}
	}
	close(h.until)
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// holdFirst holds the first command of a client until it is told.
type holdFirst struct {
	one         atomic.Bool
	held, until chan struct{}
}

func (h *holdFirst) DialHook(next redis.DialHook) redis.DialHook { return next }

func (h *holdFirst) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (h *holdFirst) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if h.one.CompareAndSwap(false, true) {
			close(h.held)
			<-h.until
		}
		return next(ctx, cmd)
	}
}
