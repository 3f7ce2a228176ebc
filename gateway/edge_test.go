package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// catalogue is a catalog-svc whose pages say which version they are of.
type catalogue struct {
	version atomic.Int64
	calls   atomic.Int64
	text    string        // in place of filler
	header  http.Header   // further headers of its answers
	status  atomic.Int64  // zero is 200
	hold    chan struct{} // when set, an answer is made and then waits for it
	made    chan struct{} // and this says that one was
}

// filler makes pages worth compressing.
var filler = strings.Repeat("felt ", 300)

func (s *catalogue) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	body := fmt.Sprintf(`{"version":%d,"page":%q,"filler":%q}`, s.version.Load(), r.URL.RequestURI(), cmp.Or(s.text, filler))
	if s.hold != nil {
		s.made <- struct{}{}
		<-s.hold
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "public, max-age=0, must-revalidate")
	w.Header().Set("ETag", fmt.Sprintf(`"v%d"`, s.version.Load()))
	w.Header().Set("Vary", "Accept-Encoding")
	maps.Copy(w.Header(), s.header)
	if status := s.status.Load(); status != 0 {
		w.WriteHeader(int(status))
	}
	_, _ = io.WriteString(w, body)
}

var slippers atomic.Int64

// item returns the path of a slipper that no other test asks for, and its tag.
func item() (path, tag string) {
	id := strconv.FormatInt(time.Now().UnixNano()+slippers.Add(1), 10)
	return "/slippers/" + id, "slipper:" + id
}

// withRedis uses the tests' Redis.
func withRedis(t testing.TB) func(*config) {
	t.Helper()
	address := "redis://" + testkit.Redis(t).Options().Addr + "/0?read_timeout=60s&write_timeout=60s&dial_timeout=60s&pool_timeout=60s"
	return func(c *config) { c.Redis.URL = address }
}

func bump(t *testing.T, tags ...string) {
	t.Helper()
	if err := stamp.Bump(t.Context(), testkit.Redis(t), tags...); err != nil {
		t.Fatal(err)
	}
}

func (a answer) version(t *testing.T) int64 {
	t.Helper()
	var v int64
	if _, err := fmt.Sscanf(a.body, `{"version":%d,`, &v); err != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return v
}

func TestAHitIsServedUntilItsTagChanges(t *testing.T) {
	t.Parallel()
	c := &catalogue{}
	s := open(t, c.serve, withRedis(t))
	path, tag := item()

	first, second := s.ask(t, "GET "+path, nil), s.ask(t, "GET "+path+"/?include_images=TRUE", nil)
	if c.calls.Load() != 1 || first.body != second.body {
		t.Errorf("%d calls for two readings of one page: %.60s, %.60s", c.calls.Load(), first.body, second.body)
	}
	if got := first.header.Get("Cache-Status"); got != "slippers; fwd=miss; stored" {
		t.Errorf("the first is %q", got)
	}
	h := second.header
	if h.Get("Cache-Status") != "slippers; hit" || h.Get("Age") == "" || h.Get("ETag") != `"v0"` || h.Get("Vary") != "Accept-Encoding" ||
		h.Get("Cache-Control") != "public, max-age=0, must-revalidate" || h.Get("X-Request-Id") == "" || h.Get("X-RateLimit-Limit") == "" ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-Compress-Hint") != "true" {
		t.Errorf("a hit answers with %v", h)
	}

	c.version.Store(1)
	bump(t, tag)
	if third := s.ask(t, "GET "+path, nil); third.version(t) != 1 || third.header.Get("Cache-Status") != "slippers; fwd=stale; stored" {
		t.Errorf("after a change: %.60s, %s", third.body, third.header.Get("Cache-Status"))
	}
	c.version.Store(2)
	bump(t, "slipper") // everything of the name
	if fourth := s.ask(t, "GET "+path, nil); fourth.version(t) != 2 {
		t.Errorf("after a change of all: %.60s", fourth.body)
	}
	bump(t, "slippers", "slipper:1")
	if fifth := s.ask(t, "GET "+path, nil); fifth.header.Get("Cache-Status") != "slippers; hit" {
		t.Errorf("after a change of others: %s", fifth.header.Get("Cache-Status"))
	}
	if n, err := testkit.Redis(t).Del(t.Context(), stamp.Key(tag)).Result(); n != 1 || err != nil { // as an eviction does
		t.Fatalf("evicting the stamp: %d, %v", n, err)
	}
	if sixth := s.ask(t, "GET "+path, nil); sixth.header.Get("Cache-Status") != "slippers; fwd=stale; stored" {
		t.Errorf("after the stamp was evicted: %s", sixth.header.Get("Cache-Status"))
	}
}

// What one client may see, another must not get from the cache.
func TestNothingPrivateIsKept(t *testing.T) {
	t.Parallel()
	for name, header := range map[string]http.Header{
		"Set-Cookie":   {"Set-Cookie": {"a=b"}},
		"private":      {"Cache-Control": {"private, max-age=60"}},
		"no-store":     {"Cache-Control": {"public, no-store"}},
		"not public":   {"Cache-Control": {"max-age=60"}},
		"by token":     {"Vary": {"Accept-Encoding, Authorization"}},
		"by anything":  {"Vary": {"*"}},
		"without ETag": {"Etag": {""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &catalogue{header: header}
			s := open(t, c.serve, withRedis(t))
			path, _ := item()
			for range 2 {
				before := c.calls.Load()
				if got := s.ask(t, "GET "+path, nil); got.status != 200 || c.calls.Load() == before || got.header.Get("Cache-Status") != "slippers; fwd=bypass" {
					t.Errorf("%d %s after %d calls", got.status, got.header.Get("Cache-Status"), c.calls.Load()-before)
				}
			}
		})
	}
	for _, status := range []int{404, 500, 503} {
		c := &catalogue{}
		c.status.Store(int64(status))
		s := open(t, c.serve, withRedis(t))
		path, _ := item()
		if got := s.ask(t, "GET "+path, nil); got.status != status || c.calls.Load() != 1 || got.header.Get("Cache-Status") != "slippers; fwd=bypass" {
			t.Errorf("got %d after %d calls, want %d after one", got.status, c.calls.Load(), status)
		}
		c.status.Store(0)
		if got := s.ask(t, "GET "+path, nil); got.status != 200 {
			t.Errorf("%d was kept: got %d", status, got.status)
		}
	}
	var saw http.Header
	s := open(t, func(w http.ResponseWriter, r *http.Request) { saw = r.Header; (&catalogue{}).serve(w, r) }, withRedis(t))
	path, _ := item()
	s.ask(t, "GET "+path, nil, "Authorization", s.token(t, goesOn, true, 0), "Cookie", "a=b", "X-Forwarded-Host", "evil.example")
	for _, name := range []string{"Authorization", "Cookie", "X-Forwarded-Host", "X-Forwarded-For"} {
		if saw.Get(name) != "" {
			t.Errorf("the page was made for somebody: %s was %q", name, saw.Get(name))
		}
	}
}

// A page that was read before a write and arrives after it never stands for what is there now.
func TestAHeldFillLosesToALaterWrite(t *testing.T) {
	t.Parallel()
	c := &catalogue{hold: make(chan struct{}), made: make(chan struct{}, 8)}
	s := open(t, c.serve, withRedis(t))
	path, tag := item()

	early := make(chan answer, 1)
	go func() { early <- s.ask(t, "GET "+path, nil) }()
	<-c.made // read, and on its way
	c.version.Store(1)
	bump(t, tag)
	late := make(chan answer, 1)
	go func() { late <- s.ask(t, "GET "+path, nil) }() // begins after the write was answered
	<-c.made
	close(c.hold)
	if got := (<-late).version(t); got != 1 {
		t.Errorf("a reader after the write sees version %d", got)
	}
	<-early
	for range 3 {
		if got := s.ask(t, "GET "+path, nil); got.version(t) != 1 {
			t.Errorf("later readers see version %d", got.version(t))
		}
	}
}

func TestFiveHundredMissesMakeOneCall(t *testing.T) {
	t.Parallel()
	c := &catalogue{}
	var gateways []*shop
	for range 3 {
		gateways = append(gateways, open(t, c.serve, withRedis(t), func(cfg *config) { cfg.Cache.Lease = time.Minute })) // however busy the machine
	}
	path, _ := item()
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i := range 500 {
		wg.Go(func() {
			<-start
			if got := gateways[i%3].askDirectly(t, "GET "+path, ""); got.status != 200 {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
	close(start)
	wg.Wait()
	if n := c.calls.Load(); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

// A Redis that starts again from a snapshot has the stamps of then, and the pages of then in it.
func TestARedisThatComesBackFromASnapshot(t *testing.T) {
	t.Parallel()
	rdb := testkit.NewRedisServer(t)
	c := &catalogue{}
	at := func(cfg *config) {
		cfg.Redis.URL = "redis://" + rdb.Options().Addr + "/0?read_timeout=60s&dial_timeout=60s"
	}
	gateways := []*shop{open(t, c.serve, at), open(t, c.serve, at)}
	path, tag := item()

	gateways[0].ask(t, "GET "+path, nil)
	if err := rdb.Save(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	c.version.Store(1)
	if err := stamp.Bump(t.Context(), rdb, tag); err != nil {
		t.Fatal(err)
	}
	rdb.Restart(t)
	for i, s := range gateways {
		if got := s.ask(t, "GET "+path, nil); got.version(t) != 1 {
			t.Errorf("gateway %d: %s %.60s", i, got.header.Get("Cache-Status"), got.body)
		}
		if got := s.ask(t, "GET "+path, nil); got.header.Get("Cache-Status") != "slippers; hit" {
			t.Errorf("gateway %d, again: %s", i, got.header.Get("Cache-Status"))
		}
	}
	if n := c.calls.Load(); n != 2 {
		t.Errorf("%d calls, want one before and one after for both", n)
	}
}

// While Redis is away a page is served that was good just before, and only for a while.
func TestWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	for name, patience := range map[string]time.Duration{"in time": time.Minute, "too late": time.Nanosecond} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			relay := newRelay(t, testkit.Redis(t).Options().Addr)
			c := &catalogue{}
			s := open(t, c.serve, func(cfg *config) {
				cfg.Redis.URL, cfg.Cache.StaleIfError = "redis://"+relay.addr+"/0?read_timeout=20s", patience
			})
			path, _ := item()
			s.ask(t, "GET "+path, nil)
			relay.cut()
			got := s.ask(t, "GET "+path, nil)
			want, calls := "slippers; hit; detail=degraded", int64(1)
			if patience < time.Second {
				want, calls = "slippers; fwd=bypass; detail=degraded", 2
			}
			if got.status != 200 || got.header.Get("Cache-Status") != want || c.calls.Load() != calls {
				t.Errorf("%d %s after %d calls, want %s after %d", got.status, got.header.Get("Cache-Status"), c.calls.Load(), want, calls)
			}
			if got.header.Get("X-RateLimit-Remaining") == "" {
				t.Error("nobody counts")
			}
		})
	}
}
