package main

import (
	"crypto/ed25519"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/token"
)

const (
	goesOn  = "session-goes-on"
	revoked = "session-revoked"
	secret  = "secret-of-the-tests"

	// unlimited is as good as that.
	unlimited = "default=1000000/60s,health=1000000/60s,login=1000000/60s,register=1000000/60s,refresh=1000000/60s,reset=1000000/60s"
)

// shop is a running gateway between a client and services that are made up.
type shop struct {
	*app
	url     string
	service http.HandlerFunc // answers for catalog-svc, order-svc and auth-svc, save for what every test needs
	key     ed25519.PrivateKey
	reg     *prometheus.Registry
}

// open starts a shop whose Redis is down unless change says otherwise, so that every session is asked of auth-svc.
func open(t testing.TB, service http.HandlerFunc, change ...func(*config)) *shop {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{service: service, key: private, reg: prometheus.NewRegistry()}
	services := httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(services.Close)

	var cfg config
	if err := env.ParseWithOptions(&cfg, env.Options{Environment: map[string]string{
		"INTERNAL_SECRET": secret, "REDIS_URL": "redis://127.0.0.1:1/0", "HTTP_SLOW_REQUEST": "1m", "UPSTREAM_TIMEOUT": "5s",
		"CATALOG_URL": services.URL, "ORDER_URL": services.URL, "AUTH_URL": services.URL,
		"CATALOG_OPS_URL": services.URL, "ORDER_OPS_URL": services.URL, "AUTH_OPS_URL": services.URL,
		"RATE_LIMITS": unlimited,
	}}); err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&cfg)
	}
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	verifier := token.NewVerifierWith(cfg.Token, func(*jwt.Token) (any, error) { return public, nil })
	if s.app, err = build(cfg, rdb, verifier, slog.New(slog.DiscardHandler), s.reg); err != nil {
		t.Fatal(err)
	}
	gateway := httptest.NewServer(s.app)
	t.Cleanup(gateway.Close)
	s.url = gateway.URL
	return s
}

func (s *shop) answer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/internal/sessions/" + goesOn:
		_, _ = io.WriteString(w, `{"active":true}`)
	case "/internal/sessions/" + revoked:
		_, _ = io.WriteString(w, `{"active":false}`)
	case "/internal/sessions/untold":
		w.WriteHeader(http.StatusInternalServerError)
	default:
		s.service(w, r)
	}
}

// token returns an Authorization header, of a user of its own: tests share a Redis, and users have limits.
func (s *shop) token(t testing.TB, session string, admin bool, age time.Duration) string {
	t.Helper()
	now := time.Now().Add(-age)
	tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, token.Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: "slippers", Audience: jwt.ClaimStrings{"slippers"}, Subject: strconv.FormatInt(time.Now().UnixNano()+slippers.Add(1), 10), ID: "j",
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(15 * time.Minute)),
		},
		SessionID: session, Name: "Aziza Karimova", Admin: admin,
	})
	tok.Header["typ"] = token.Type
	raw, err := tok.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + raw
}

// answer is what came back, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends "METHOD path" with headers given as pairs. The client neither compresses nor follows redirects.
func (s *shop) ask(t *testing.T, request string, body io.Reader, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		if headers[i+1] != "" {
			r.Header.Add(headers[i], headers[i+1])
		}
	}
	res, err := (&http.Transport{DisableCompression: true, DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// is fails the test unless the answer is a problem with this status and code.
func (a answer) is(t *testing.T, status int, code string) {
	t.Helper()
	kind := "/problems/" + code
	if code == "" {
		kind = "about:blank"
	}
	if a.status != status || !strings.Contains(a.body, `"type":"`+kind+`"`) || a.header.Get("Content-Type") != httpserver.ProblemType {
		t.Errorf("got %d %s %s, want %d %s", a.status, a.header.Get("Content-Type"), a.body, status, kind)
	}
}

// askDirectly is ask without a connection in between.
func (s *shop) askDirectly(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Header(), rec.Body.String()}
}
