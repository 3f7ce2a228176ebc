package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Services read what we believe about a client, not what it says about itself.
func TestClientsCannotSayWhoTheyAre(t *testing.T) {
	t.Parallel()
	lies := []string{
		"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "X-Forwarded-Port", "1",
		"Forwarded", "for=203.0.113.7", "X-Real-Ip", "203.0.113.7", "X-User-Id", "1", "X-User-Is-Admin", "true", "Host", "shop.example",
		"Accept-Encoding", "gzip", "Connection", "upgrade, x-request-id, x-forwarded-for", "Upgrade", "h2c", "Idempotency-Key", "k",
	}
	tests := map[string]struct {
		trusted        []netip.Prefix
		address, proto string
	}{
		"nobody trusted":     {nil, "127.0.0.1", "http"},
		"another trusted":    {[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, "127.0.0.1", "http"},
		"the client's proxy": {[]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "203.0.113.7", "https"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var seen http.Header
			s := open(t, func(_ http.ResponseWriter, r *http.Request) { seen = r.Header }, func(c *config) { c.Front.TrustedProxies = tt.trusted })
			s.ask(t, "GET /slippers", nil, lies...)
			for name, want := range map[string]string{
				"X-Forwarded-For": tt.address, "X-Forwarded-Host": "shop.example", "X-Forwarded-Proto": tt.proto, "X-Forwarded-Port": "",
				"Forwarded": "", "X-Real-Ip": "", "X-User-Id": "", "X-User-Is-Admin": "", "Accept-Encoding": "", "Upgrade": "", "Connection": "",
				"Idempotency-Key": "k",
			} {
				if got := strings.Join(seen.Values(name), "|"); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if seen.Get("X-Request-Id") == "" {
				t.Error("the request id is not passed on")
			}
		})
	}
}

func TestWhoMayAskWhat(t *testing.T) {
	t.Parallel()
	var passed string
	s := open(t, func(_ http.ResponseWriter, r *http.Request) { passed = r.Header.Get("Authorization") })
	user, admin := s.token(t, goesOn, false, 0), s.token(t, goesOn, true, 0)
	old, ended, untold := s.token(t, goesOn, true, time.Hour), s.token(t, revoked, true, 0), s.token(t, "untold", true, 0)

	tests := map[string]struct {
		request, header string
		status          int
		code, passed    string
	}{
		"anyone":                    {"GET /slippers", "", 200, "", ""},
		"anyone, user":              {"GET /slippers", user, 200, "", ""},
		"anyone, expired":           {"POST /auth/login", old, 200, "", ""},
		"optional, nobody":          {"GET /categories", "", 200, "", ""},
		"optional, user":            {"GET /categories", user, 200, "", user},
		"optional, nonsense":        {"GET /categories", "Bearer a.b.c", 200, "", ""},
		"optional, another scheme":  {"GET /categories", "Basic YTpi", 200, "", ""},
		"optional, revoked":         {"GET /categories", ended, 200, "", ""},
		"optional, nobody can tell": {"GET /categories", untold, 200, "", ""},
		"user, nobody":              {"GET /orders", "", 401, "token-missing", ""},
		"user, nonsense":            {"GET /orders", "Bearer a.b.c", 401, "token-invalid", ""},
		"user, expired":             {"GET /orders", old, 401, "token-invalid", ""},
		"user, revoked":             {"GET /orders", ended, 401, "token-invalid", ""},
		"user, nobody can tell":     {"GET /orders", untold, 503, "session-unknown", ""},
		"user":                      {"GET /orders", user, 200, "", user},
		"guest, nobody":             {"GET /cart", "", 200, "", ""},
		"guest, nonsense":           {"GET /cart", "Bearer a.b.c", 401, "token-invalid", ""},
		"guest, another scheme":     {"POST /cart/items", "Basic YTpi", 401, "token-missing", ""},
		"guest, expired":            {"POST /cart/items", old, 401, "token-invalid", ""},
		"guest, revoked":            {"DELETE /cart/clear", ended, 401, "token-invalid", ""},
		"guest, nobody can tell":    {"GET /cart", untold, 503, "session-unknown", ""},
		"guest, user":               {"PUT /cart/items/7", user, 200, "", user},
		"logout, nobody":            {"POST /auth/logout", "", 401, "token-missing", ""},
		"admin, nobody":             {"DELETE /slippers/7", "", 401, "token-missing", ""},
		"admin, user":               {"DELETE /slippers/7", user, 403, "forbidden", ""},
		"admin, revoked":            {"DELETE /slippers/7", ended, 401, "token-invalid", ""},
		"admin":                     {"DELETE /slippers/7", admin, 200, "", admin},
		"admin, own route, user":    {"GET /admin/db-pool-status", user, 403, "forbidden", ""},
		"slow queries, user":        {"GET /admin/slow-queries", user, 403, "forbidden", ""},
		"missing indexes, user":     {"GET /admin/missing-indexes", user, 403, "forbidden", ""},
		"cache, user":               {"GET /admin/cache", user, 403, "forbidden", ""},
		"user, HEAD is as GET":      {"HEAD /orders", "", 401, "", ""},
		"/users/me is for the user": {"GET /users/me", user, 200, "", user},
		"/users/{id} is for admins": {"GET /users/7", user, 403, "forbidden", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s.ask(t, "GET /orders", nil, "Authorization", user) // whom auth-svc knows: where it fails three times in a row, it is left alone
			passed = ""
			got := s.ask(t, tt.request, nil, "Authorization", tt.header)
			if got.status != tt.status || passed != tt.passed {
				t.Errorf("%d with %q passed on, want %d with %q", got.status, passed, tt.status, tt.passed)
			}
			if tt.code != "" {
				got.is(t, tt.status, tt.code)
			}
			if tt.status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("WWW-Authenticate: %q", got.header.Get("WWW-Authenticate"))
			}
			if tt.status == http.StatusServiceUnavailable && got.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
			}
		})
	}
}

// endless is a body that never ends, so it cannot be read in full before it is refused.
type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			_, _ = fmt.Fprint(w, n)
		}
	})
	admin := s.token(t, goesOn, true, 0)
	const most = httpserver.MaxBody

	for name, tt := range map[string]struct {
		request string
		body    io.Reader
		want    string
	}{
		"as large as may be":          {"POST /auth/login", strings.NewReader(strings.Repeat(" ", most)), fmt.Sprint(most)},
		"as large, of unknown length": {"POST /auth/login", io.LimitReader(endless{}, most), fmt.Sprint(most)},
		"GET has none":                {"GET /slippers", strings.NewReader(strings.Repeat(" ", most+1)), "0"},
		"pictures":                    {"POST /slippers/7/upload-images/", io.LimitReader(endless{}, 3<<20), fmt.Sprint(3 << 20)},
	} {
		if got := s.ask(t, tt.request, tt.body, "Authorization", admin); got.status != http.StatusOK || got.body != tt.want {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.body, tt.want)
		}
	}
	s.ask(t, "POST /auth/login", strings.NewReader(strings.Repeat(" ", most+1))).is(t, http.StatusRequestEntityTooLarge, "body-too-large")
	s.ask(t, "POST /auth/login", io.LimitReader(endless{}, most+1)).is(t, http.StatusRequestEntityTooLarge, "body-too-large")
}

func TestTellingATooLargeBodyIsEnough(t *testing.T) {
	t.Parallel()
	s := open(t, func(http.ResponseWriter, *http.Request) { t.Error("it was passed on") })
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d before any byte of the body was sent, want 413", res.StatusCode)
	}
}

func TestServicesThatFail(t *testing.T) {
	t.Parallel()
	hangUp := func(_ http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }
	tests := map[string]struct {
		service http.HandlerFunc
		change  func(*config)
		request string
		status  int
		code    string
	}{
		"not there": {
			fine, func(c *config) { c.CatalogURL = "http://127.0.0.1:1" }, "GET /slippers", 503, "service-unavailable",
		},
		"not there, write": {
			fine, func(c *config) { c.AuthURL = "http://127.0.0.1:1" }, "POST /auth/login", 503, "service-unavailable",
		},
		"too slow": {
			func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			func(c *config) { c.UpstreamTimeout = 20 * time.Millisecond }, "GET /slippers", 504, "service-timeout",
		},
		"hangs up": {hangUp, func(*config) {}, "POST /auth/login", 502, "service-broken"},
		"its own problem": {
			func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", httpserver.ProblemType)
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, `{"type":"/problems/out-of-stock"}`)
			},
			func(*config) {}, "GET /slippers", 409, "out-of-stock",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			got := open(t, tt.service, tt.change).ask(t, tt.request, nil)
			got.is(t, tt.status, tt.code)
			if took := time.Since(begun); took > 2*time.Second {
				t.Errorf("took %s", took)
			}
			if tt.status >= 500 && got.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After: %q", got.header.Get("Retry-After"))
			}
		})
	}
}

// What is harmless to repeat is asked once more when the connection breaks; nothing else is. What was never connected has been
// tried often enough.
func TestOnlyReadsAreAskedAgain(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		fine(w, r)
	})
	if got := s.ask(t, "GET /slippers", nil); got.status != http.StatusOK || calls.Load() != 2 {
		t.Errorf("GET: %d after %d calls, want 200 after 2", got.status, calls.Load())
	}
	calls.Store(0)
	if got := s.ask(t, "POST /auth/register", strings.NewReader("{}")); got.status != http.StatusBadGateway || calls.Load() != 1 {
		t.Errorf("POST: %d after %d calls, want 502 after 1", got.status, calls.Load())
	}
	s = open(t, fine, func(c *config) { c.CatalogURL = "http://127.0.0.1:1" })
	got := s.ask(t, "GET /static/slippers/7/side.jpg", nil)
	if n := s.metric(t, "http_client_failures_total"); got.status != http.StatusServiceUnavailable || n != 1 {
		t.Errorf("GET of a service that is not there: %d after %v calls, want 503 after 1", got.status, n)
	}
}

// A client that leaves ends the work behind the gateway.
func TestWhoLeavesIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	arrived, ended := make(chan struct{}), make(chan struct{})
	s := open(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(ended)
	})
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/slippers", nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-arrived
		leave()
	}()
	if res, err := http.DefaultTransport.RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", res, err)
	}
	<-ended
}

// Pieces of an answer arrive as they are made.
func TestStreamsAreNotHeldBack(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	s := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "[1,")
		_ = http.NewResponseController(w).Flush()
		<-read
		_, _ = io.WriteString(w, "2]")
	})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+"/slippers", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Transport{DisableCompression: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 3)
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "[1," {
		t.Errorf("got %q, %v", first, err)
	}
	close(read)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "2]" {
		t.Errorf("got %q, %v", rest, err)
	}
}
