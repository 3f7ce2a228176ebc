package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// listen serves the shop as main does, with deadlines and bounds of its own connections, and returns its address.
func (s *shop) listen(t *testing.T, patience time.Duration) string {
	t.Helper()
	cfg := httpserver.Config{
		Addr: free(t), OpsAddr: free(t), ReadTimeout: patience, RequestTimeout: 5 * time.Second, DrainTimeout: 5 * time.Second,
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- httpserver.Run(ctx, cfg, s.app, httpserver.NewOps(prometheus.NewRegistry(), nil)) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	return cfg.Addr
}

func free(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// say sends raw bytes to addr, once somebody listens there, and returns what comes back.
func say(t *testing.T, addr, raw string) answer {
	t.Helper()
	var conn net.Conn
	for conn == nil && t.Context().Err() == nil {
		conn, _ = (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = io.WriteString(conn, raw) // a server that has had enough may hang up before the end
	r := bufio.NewReader(conn)
	for {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		if res.StatusCode == http.StatusContinue {
			continue
		}
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer{res.StatusCode, res.Header, string(b)}
	}
}

// What a client does wrong on its line is its own problem: no service is blamed, and nobody waits for ever.
func TestBrokenRequests(t *testing.T) {
	t.Parallel()
	s := open(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	addr := s.listen(t, 500*time.Millisecond)
	const head = "POST /auth/login HTTP/1.1\r\nHost: a\r\n"
	for name, tt := range map[string]struct {
		raw    string
		status int
		kind   string
	}{
		"a body that stops":     {head + "Content-Length: 10\r\n\r\n{", 408, "about:blank"},
		"a chunk of no size":    {head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400, "/problems/body-cut-off"},
		"a head that is large":  {head + "X: " + strings.Repeat("x", 32<<10) + "\r\n\r\n", 431, ""},
		"two lengths":           {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400, ""},
		"a header with no name": {head + ": x\r\n\r\n", 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := say(t, addr, tt.raw)
			if got.status != tt.status || !strings.Contains(got.body, tt.kind) {
				t.Errorf("%d %s, want %d %s", got.status, got.body, tt.status, tt.kind)
			}
		})
	}
}

// curl asks before it sends a picture. The gateway says yes itself: a service's yes would be taken for its answer.
func TestUploadsThatAskFirst(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusCreated)
		_, _ = fmt.Fprint(w, n)
	})
	const size = 1 << 20
	got := say(t, s.listen(t, 10*time.Second), "POST /slippers/7/upload-images/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"+
		"Authorization: "+s.token(t, goesOn, true, 0)+"\r\nExpect: 100-continue\r\n"+
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size)))
	if got.status != http.StatusCreated || got.body != fmt.Sprint(size) {
		t.Errorf("%d %q, want 201 %d", got.status, got.body, size)
	}
	if got.header.Get("X-Request-Id") == "" || got.header.Get("X-Content-Type-Options") == "" {
		t.Errorf("our headers are gone: %v", got.header)
	}
}

// A closed part of the shop closes no other.
func TestOnlyItsOwnRoutesFail(t *testing.T) {
	t.Parallel()
	s := open(t, fine, func(c *config) { c.CatalogURL = "http://127.0.0.1:1" })
	s.ask(t, "GET /slippers", nil).is(t, http.StatusServiceUnavailable, "service-unavailable")
	for _, request := range []string{"GET /cart", "POST /auth/login", "GET /users/me", "POST /orders", "GET /docs", "GET /"} {
		if got := s.ask(t, request, nil, "Authorization", s.token(t, goesOn, false, 0)); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", request, got.status, got.body)
		}
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		used[r.RemoteAddr] = true
		fine(w, r)
	})
	for range 10 {
		s.ask(t, "GET /slippers", nil)
		s.ask(t, "POST /auth/login", strings.NewReader(`{}`))
	}
	if len(used) != 1 {
		t.Errorf("%d connections for 20 requests in a row, want 1", len(used))
	}
}

// Patience is for the head of an answer. A picture may take its time on a slow line.
func TestWhatHasBegunMayTakeLonger(t *testing.T) {
	t.Parallel()
	const patience = 200 * time.Millisecond
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		select {
		case <-time.After(2 * patience): // the slow line
			_, _ = io.WriteString(w, "done")
		case <-r.Context().Done():
		}
	}, func(c *config) { c.UpstreamTimeout = patience })
	if got := s.ask(t, "GET /static/slippers/7/a.jpg", nil); got.body != "done" {
		t.Errorf("%d %q", got.status, got.body)
	}
}

// An answer that ends too soon must not look whole, compressed or not.
func TestHalfAnAnswerIsNone(t *testing.T) {
	t.Parallel()
	for _, size := range []int{10, 10_000} {
		for _, accept := range []string{"identity", "gzip"} {
			s := open(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, strings.Repeat("x", size))
				_ = http.NewResponseController(w).Flush()
				panic(http.ErrAbortHandler)
			})
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/slippers", nil)
			r.RequestURI = ""
			r.Header.Set("Accept-Encoding", accept)
			res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
			if err != nil {
				continue
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if err == nil {
				t.Errorf("%d bytes, %s: %d bytes that look whole", size, accept, len(b))
			}
		}
	}
}

// A Redis that hangs costs a reader of the catalogue nothing, whatever token comes along, and fails nobody.
func TestTheCatalogueNeedsNoRedis(t *testing.T) {
	t.Parallel()
	var l net.ListenConfig
	hangs, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer hangs.Close()
	s := open(t, fine, func(c *config) {
		c.Redis.URL = "redis://" + hangs.Addr().String()
		c.AuthURL = "http://127.0.0.1:1"
	})
	user := s.token(t, goesOn, false, 0)
	for _, request := range []string{"GET /slippers", "GET /slippers/7", "GET /categories", "GET /static/slippers/7/a.jpg"} {
		begun := time.Now()
		if got := s.ask(t, request, nil, "Authorization", user); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", request, got.status, got.body)
		}
		if took := time.Since(begun); took > 500*time.Millisecond {
			t.Errorf("%s took %s", request, took)
		}
	}
	s.ask(t, "GET /cart", nil, "Authorization", user).is(t, http.StatusServiceUnavailable, "session-unknown")
}

// Nothing here can be upgraded, whatever the client would like: it gets the answer in HTTP/1.1.
func TestUpgradesAreIgnored(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("Connection")+r.Header.Get("Upgrade"))
	})
	addr := s.listen(t, 5*time.Second)
	for _, to := range []string{"websocket", "h2c", "\xc3\xa9", "\x80"} {
		got := say(t, addr, "GET /static/slippers/7/side.jpg HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: "+to+"\r\n\r\n")
		if got.status != http.StatusOK || got.body != "" {
			t.Errorf("to %q: %d %s", to, got.status, got.body)
		}
	}
}

// Who has waited for a page as long as its reading may take does not wait for the service once more; nor do those who waited
// with them.
func TestAHangingServiceIsAskedOnceForAPage(t *testing.T) {
	t.Parallel()
	s := open(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-For") == "" { // it is the cache that asks
			<-r.Context().Done()
		}
	}, withRedis(t), func(c *config) { c.Cache.LoadTimeout = 500 * time.Millisecond })
	path, _ := item()
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			got := s.ask(t, "GET "+path, nil)
			got.is(t, http.StatusGatewayTimeout, "service-timeout")
			if got.header.Get("Retry-After") != "1" || got.header.Get("Cache-Status") != "slippers; fwd=bypass" {
				t.Errorf("got %v", got.header)
			}
		})
	}
	wg.Wait()
}
