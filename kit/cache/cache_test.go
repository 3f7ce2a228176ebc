package cache_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// A copy serves its process without another loading, and another process takes it from Redis: also after a write, when
// that one holds an old copy.
func TestOneLoadServesAllReplicas(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	a, b := s.replica(t), s.replica(t)
	for round := range int64(2) {
		for i, r := range []replica{a, b, a, b} {
			if got := r.get(t); got != round {
				t.Errorf("version %d, want %d", got, round)
			}
			for slot := range sound.Slots {
				if i == 1 { // from now on each lives by its own
					s.rdb.Set(t.Context(), fmt.Sprintf("copy:things:%d", slot), "", time.Minute)
				}
			}
		}
		if n := s.loads.Load(); n != round+1 {
			t.Errorf("%d loads, want %d", n, round+1)
		}
		s.write(t)
	}
	if a, b := a.lookups(t), b.lookups(t); a != "hit 2, miss 2, coalesced 0, bypass 0" || b != "hit 4, miss 0, coalesced 0, bypass 0" {
		t.Errorf("a: %s; b: %s", a, b)
	}
	if bytes := metric(t, a.reg, "cache_bytes", ""); bytes < 100 {
		t.Errorf("the copies weigh %v bytes", bytes)
	}
}

// However many ask at once, one loads. Those who wait get it though the one who asked first has left.
func TestAStampedeIsOneLoad(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	started, open := make(chan struct{}, 200), make(chan struct{})
	load := func(ctx context.Context) (list, error) {
		started <- struct{}{}
		<-open
		l, err := s.load(ctx)
		return l, errors.Join(err, ctx.Err())
	}
	var callers sync.WaitGroup
	first, leave := context.WithCancel(t.Context())
	callers.Go(func() {
		if _, err := r.Get(first, "all", []string{"things"}, load); !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	<-started
	const more = 100
	for range more {
		callers.Go(func() {
			if got, err := r.Get(t.Context(), "all", []string{"things"}, load); err != nil || len(got.Items) != 2 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	until(t, "all have asked for stamps", func() bool { return metric(t, r.reg, "redis_batch_requests", "") > more })
	leave()
	close(open)
	callers.Wait()
	if n := s.loads.Load(); n != 1 {
		t.Errorf("%d loads, want 1", n)
	}
	if hit, waited := metric(t, r.reg, "cache_lookups_total", "hit"), metric(t, r.reg, "cache_lookups_total", "coalesced"); hit+waited < more {
		t.Errorf("%v hits and %v who waited, want %d together", hit, waited, more)
	}
}

// A copy is one: who loads it may do what he likes with what he has loaded.
func TestWhatIsLoadedIsCopied(t *testing.T) {
	t.Parallel()
	r := newShop(t).replica(t)
	var loaded list
	for range 3 {
		got, err := r.Get(t.Context(), "all", []string{"things"}, func(ctx context.Context) (l list, err error) {
			loaded, err = r.load(ctx)
			return loaded, err
		})
		if err != nil || strings.Join(got.Items, " ") != "felt wool" {
			t.Errorf("got %+v, %v", got, err)
		}
		loaded.Items[0] = "clogs"
	}
}

// Errors, panics too, go to the caller and are forgotten.
func TestAnErrorIsNotKept(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	down := errors.New("the database is down")
	if _, err := r.Get(t.Context(), "all", []string{"things"}, func(context.Context) (list, error) { return list{}, down }); !errors.Is(err, down) {
		t.Errorf("got %v", err)
	}
	if _, err := r.Get(t.Context(), "all", []string{"things"}, func(context.Context) (list, error) { panic("oh") }); err == nil || !strings.Contains(err.Error(), "oh") {
		t.Errorf("after a panic: %v", err)
	}
	r.get(t)
	if n := s.loads.Load(); n != 1 {
		t.Errorf("%d loads, want 1", n)
	}
}

// A copy that has reached its age is not served, by this process or by Redis.
func TestACopyExpires(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	c, reg := open[list](t, sound, s.rdb.Client, "things", time.Nanosecond)
	for n := range int64(3) {
		replica{c, s, reg}.get(t)
		if s.loads.Load() != n+1 {
			t.Errorf("%d loads after %d calls", s.loads.Load(), n+1)
		}
	}
}

// Two copies in one slot are never taken for each other, nor is what another release or somebody else has put there.
func TestWhatIsInASlotMustBeWhatIsWanted(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	one := cache.Config{Bytes: 1 << 20, Slots: 1}
	get := func(key string) string {
		c, _ := open[string](t, one, s.rdb.Client, "things", time.Minute) // a process that holds nothing
		got, err := c.Get(t.Context(), key, []string{"things"}, func(context.Context) (string, error) { return "of " + key, nil })
		if err != nil {
			t.Error(err)
		}
		return got
	}
	for _, key := range []string{"a", "b", "a"} {
		if got := get(key); got != "of "+key {
			t.Errorf("%q for %s", got, key)
		}
	}
	for _, rubbish := range []string{"", "\n", "{}\n", "null\nnull", `{"key":"c"}` + "\n7"} {
		s.rdb.Set(t.Context(), "copy:things:0", rubbish, time.Minute)
		if got := get("c"); got != "of c" {
			t.Errorf("%q after %q", got, rubbish)
		}
	}

	head, _, _ := strings.Cut(s.rdb.Get(t.Context(), "copy:things:0").Val(), "\n") // that of c, which counts
	for _, body := range []string{"7", "{", `"a copy`} {
		s.rdb.Set(t.Context(), "copy:things:0", head+"\n"+body, time.Minute)
		if got := get("c"); got != "of c" {
			t.Errorf("%q of %s", got, body)
		}
	}

	{
		type thing struct{ Name string }
		older, _ := open[[]thing](t, one, s.rdb.Client, "things", time.Minute)
		if _, err := older.Get(t.Context(), "d", []string{"things"}, func(context.Context) ([]thing, error) { return []thing{{"felt"}}, nil }); err != nil {
			t.Error(err)
		}
	}
	type thing struct{ Name, Colour string }
	newer, _ := open[[]thing](t, one, s.rdb.Client, "things", time.Minute)
	got, err := newer.Get(t.Context(), "d", []string{"things"}, func(context.Context) ([]thing, error) { return []thing{{"felt", "red"}}, nil })
	if len(got) != 1 || got[0].Colour != "red" || err != nil {
		t.Errorf("a new release took an old one's copy: %+v, %v", got, err)
	}
}

// However many keys there are, neither Redis nor the process grows beyond what it may. What is too large is not kept.
func TestTheKeysAreBounded(t *testing.T) {
	t.Parallel()
	rdb, name := testkit.Redis(t), "bounded-"+strings.ReplaceAll(stamp.New(), ".", "-")
	cfg := cache.Config{Bytes: 200_000, Slots: 4}
	c, reg := open[string](t, cfg, rdb, name, time.Minute)
	get := func(key, value string) {
		if _, err := c.Get(t.Context(), key, []string{name}, func(context.Context) (string, error) { return value, nil }); err != nil {
			t.Error(err)
		}
	}
	for n := range 300 {
		get(fmt.Sprint(n), strings.Repeat("x", 10_000))
	}
	get("large", strings.Repeat("x", 2<<20))
	keys := rdb.Scan(t.Context(), 0, "copy:"+name+":*", 1000).Iterator()
	n := 0
	for keys.Next(t.Context()) {
		if ttl, size := rdb.TTL(t.Context(), keys.Val()).Val(), rdb.StrLen(t.Context(), keys.Val()).Val(); ttl <= 0 || ttl > time.Minute || size > 11_000 {
			t.Errorf("%s lives for %s, and has %d bytes", keys.Val(), ttl, size)
		}
		n++
	}
	if n > 4 || n == 0 && metric(t, reg, "cache_lookups_total", "bypass") == 0 { // a busy machine may have bypassed
		t.Errorf("%d keys in Redis, want 4 at most", n)
	}
	until(t, "the copies are few enough", func() bool { return metric(t, reg, "cache_bytes", "") <= float64(cfg.Bytes) })
}

func TestKeysAreUnambiguous(t *testing.T) {
	t.Parallel()
	type filter struct {
		User *int64
		Text string
	}
	seen := map[string]string{}
	for name, parts := range map[string][]any{
		"all": {filter{}}, "mine": {filter{User: new(int64(1))}}, "theirs": {filter{User: new(int64(12))}},
		"text": {filter{Text: "1"}}, "quoted": {filter{Text: `1","User":1`}}, "two": {"a", "b"}, "one": {"a,b"}, "joined": {`a","b`}, "none": nil,
	} {
		key := cache.Key(parts...)
		if other, ok := seen[key]; ok {
			t.Errorf("%s and %s are both %s", name, other, key)
		}
		seen[key] = name
	}
	if a, b := cache.Key(filter{User: new(int64(7))}), cache.Key(filter{User: new(int64(7))}); a != b {
		t.Errorf("one thing has two keys: %s, %s", a, b)
	}
}

func TestNoMemoryIsNoCache(t *testing.T) {
	t.Parallel()
	for _, cfg := range []cache.Config{{Slots: 1}, {Bytes: 1}} {
		if _, err := cache.Open(cache.Setup{Config: cfg}); err == nil {
			t.Errorf("%+v is taken", cfg)
		}
	}
}
