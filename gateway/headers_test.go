package main

import (
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// Every answer has our headers, once, whoever made it; a service's own do not stand beside them.
func TestEveryAnswerHasOurHeaders(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{
			"X-Request-Id", "X-Process-Time", "X-Uptime", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Server",
		} {
			w.Header().Set(name, "of a service")
		}
		if strings.HasSuffix(r.URL.Path, "/8") {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	want := map[string]*regexp.Regexp{
		"X-Request-Id":           regexp.MustCompile(`^abc-1$`),
		"X-Process-Time":         regexp.MustCompile(`^\d+\.\d{3}s$`),
		"X-Uptime":               regexp.MustCompile(`^\d+$`),
		"X-Content-Type-Options": regexp.MustCompile(`^nosniff$`),
		"X-Frame-Options":        regexp.MustCompile(`^DENY$`),
		"Referrer-Policy":        regexp.MustCompile(`^strict-origin-when-cross-origin$`),
	}
	for _, request := range []string{
		"GET /", "GET /slippers/7", "HEAD /slippers/7", "GET /slippers/8", "GET /nowhere", "PATCH /slippers", "GET /cart", "GET /docs", "GET /health",
	} {
		got := s.ask(t, request, nil, "X-Request-Id", "abc-1")
		for name, form := range want {
			if values := got.header.Values(name); len(values) != 1 || !form.MatchString(values[0]) {
				t.Errorf("%s: %s: %q", request, name, values)
			}
		}
		if got.header.Get("Server") != "" {
			t.Errorf("%s: Server: %s", request, got.header.Get("Server"))
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const shopOrigin = "https://shop.example"
	tests := map[string]struct {
		allowed             []string
		origin              string
		answer, credentials string
	}{
		"none configured": {nil, shopOrigin, "", ""},
		"allowed":         {[]string{shopOrigin}, shopOrigin, shopOrigin, "true"},
		"not allowed":     {[]string{shopOrigin}, "https://evil.example", "", ""},
		"all":             {[]string{"*"}, shopOrigin, "*", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Access-Control-Allow-Origin", "of a service")
			}, func(c *config) { c.Front.CORSOrigins = tt.allowed })
			for _, request := range []string{"GET /slippers", "GET /nowhere", "GET /cart"} {
				got := s.ask(t, request, nil, "Origin", tt.origin)
				if values := strings.Join(got.header.Values("Access-Control-Allow-Origin"), "|"); values != tt.answer {
					t.Errorf("%s: allows %q, want %q", request, values, tt.answer)
				}
				if got.header.Get("Access-Control-Allow-Credentials") != tt.credentials {
					t.Errorf("%s: credentials %q, want %q", request, got.header.Get("Access-Control-Allow-Credentials"), tt.credentials)
				}
				exposed := got.header.Get("Access-Control-Expose-Headers")
				if tt.answer != "" && (!strings.Contains(exposed, "X-RateLimit-Remaining") || !strings.Contains(exposed, "X-Cart-Token")) {
					t.Errorf("%s: exposes %q", request, exposed)
				}
			}
			got := s.ask(t, "OPTIONS /cart/items", nil, "Origin", tt.origin,
				"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization, x-cart-token")
			methods, headers := got.header.Get("Access-Control-Allow-Methods"), got.header.Get("Access-Control-Allow-Headers")
			if allowed := strings.Contains(methods, "POST") && strings.Contains(headers, "X-Cart-Token"); allowed != (tt.answer != "") {
				t.Errorf("preflight: %d, methods %q, headers %q", got.status, methods, headers)
			}
		})
	}
}

// What a service says in Vary goes through, Accept-Encoding once.
func TestVaryIsSaidOnce(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Vary", "Authorization, Accept-Encoding")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{}`)
	})
	vary := s.ask(t, "GET /slippers", nil).header.Values("Vary")
	slices.Sort(vary)
	if strings.Join(vary, ",") != "Accept-Encoding,Authorization" {
		t.Errorf("Vary: %q", vary)
	}
}

// What is allowed to one origin is not for another, also where it comes out of the cache.
func TestAnswersVaryWithTheOrigin(t *testing.T) {
	t.Parallel()
	s := open(t, (&catalogue{}).serve, withRedis(t), func(c *config) { c.Front.CORSOrigins = []string{"https://shop.example"} })
	path, _ := item()
	for _, status := range []string{"slippers; fwd=miss; stored", "slippers; hit", "slippers; hit"} {
		got := s.ask(t, "GET "+path, nil, "Origin", "https://shop.example")
		vary := got.header.Values("Vary")
		slices.Sort(vary)
		if strings.Join(vary, ",") != "Accept-Encoding,Origin" || got.header.Get("Cache-Status") != status {
			t.Errorf("%s: Vary: %q", got.header.Get("Cache-Status"), vary)
		}
	}
}

// A page is made of files from this server only, and may load no other.
func TestDocsLoadNothingFromOutside(t *testing.T) {
	t.Parallel()
	s := open(t, fine)
	address := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, page := range []string{"/docs", "/redoc", "/problems/not-found"} {
		got := s.ask(t, "GET "+page, nil, "Accept", "text/html,*/*")
		if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %q", page, policy)
		}
		if strings.Contains(got.body, "<script>") || strings.Contains(got.body, "<style") {
			t.Errorf("%s has an inline script or style", page)
		}
		found := address.FindAllStringSubmatch(got.body, -1)
		if len(found) < 2 {
			t.Errorf("%s is made of %v", page, found)
		}
		for _, m := range found {
			part := s.ask(t, "GET "+m[1], nil)
			if part.status != http.StatusOK || part.header.Get("Content-Type") == "" {
				t.Errorf("%s needs %s, which is %d %q", page, m[1], part.status, part.header.Get("Content-Type"))
			}
			if strings.Contains(part.body, "https://cdn.") || strings.Contains(part.body, "url(http") {
				t.Errorf("%s loads something from outside", m[1])
			}
			if again := s.ask(t, "GET "+m[1], nil, "If-None-Match", part.header.Get("ETag")); again.status != http.StatusNotModified {
				t.Errorf("%s again: %d, want 304", m[1], again.status)
			}
		}
	}
}

// A trace that a client names would let them have all their requests kept, or none.
func TestWhatClientsSayOfTracesIsDropped(t *testing.T) {
	t.Parallel()
	const named = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"
	for trusted, want := range map[bool]string{false: "", true: named} {
		var got atomic.Value
		s := open(t, func(_ http.ResponseWriter, r *http.Request) { got.Store(r.Header.Get("Traceparent")) },
			func(c *config) { c.Front.TrustTraces = trusted })
		s.ask(t, "GET /cart", nil, "Traceparent", named, "X-Cart-Token", "abc")
		if got.Load() != want {
			t.Errorf("trusted %v: the service is told of %q, want %q", trusted, got.Load(), want)
		}
	}
}
