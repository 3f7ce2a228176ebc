package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
)

func server(log io.Writer) *echo.Echo {
	cfg := httpserver.Config{RequestTimeout: 50 * time.Millisecond, SlowRequest: time.Second}
	e := httpserver.New(cfg, slog.New(slog.NewJSONHandler(log, nil)), prometheus.NewRegistry())
	httpserver.Get(e, "/fine", func(c echo.Context) error { return c.String(http.StatusOK, "fine") })
	e.GET("/gone", func(echo.Context) error {
		return fault.New(fault.Conflict, "gone", "It is gone.").With("left", 3).After(1500 * time.Millisecond)
	})
	e.GET("/broken", func(echo.Context) error { return errors.New("password=hunter2") })
	e.GET("/panic", func(echo.Context) error { panic("hunter2") })
	e.GET("/slow", func(c echo.Context) error {
		<-c.Request().Context().Done()
		return c.Request().Context().Err()
	})
	e.GET("/internal", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) }, httpserver.Internal("secret"))
	return e
}

func get(t *testing.T, e http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, r)
	return rec
}

func TestEveryFailureIsAProblem(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		request string
		status  int
		kind    string
	}{
		"fault":          {"GET /gone", 409, "/problems/gone"},
		"plain error":    {"GET /broken", 500, "about:blank"},
		"panic":          {"GET /panic", 500, "about:blank"},
		"out of time":    {"GET /slow", 503, "/problems/timeout"},
		"unknown path":   {"GET /nowhere", 404, "about:blank"},
		"wrong method":   {"POST /fine", 405, "about:blank"},
		"not one of us":  {"GET /internal", 404, "about:blank"},
		"trailing slash": {"GET /gone/", 409, "/problems/gone"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			method, path, _ := strings.Cut(tt.request, " ")
			rec := get(t, server(&log), method, path, "X-Request-Id", "abc-123")

			var p httpserver.Problem
			if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
				t.Fatalf("%v: %s", err, rec.Body)
			}
			if rec.Code != tt.status || p.Status != tt.status || p.Type != tt.kind || p.Instance != "abc-123" || p.Detail == "" {
				t.Errorf("got %d %+v", rec.Code, p)
			}
			if got := rec.Header().Get("Content-Type"); got != httpserver.ProblemType {
				t.Errorf("media type %q", got)
			}
			if strings.Contains(rec.Body.String(), "hunter2") {
				t.Errorf("a client reads what only our log may say: %s", rec.Body)
			}
			if n := strings.Count(log.String(), "\n"); n != 1 {
				t.Errorf("%d log lines, want 1:\n%s", n, log.String())
			}
		})
	}
}

// What ends because the client has left is nobody's failure.
func TestWhoLeavesIsNoFailure(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	e := server(&log)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	rec := httptest.NewRecorder()
	e.ServeHTTP(rec, httptest.NewRequestWithContext(ctx, http.MethodGet, "/slow", nil))
	if rec.Code != httpserver.StatusClientGone || strings.Contains(log.String(), `"level":"ERROR"`) {
		t.Errorf("status %d, and the log says %s", rec.Code, log.String())
	}
}

func TestFaultCarriesMembersAndRetryAfter(t *testing.T) {
	t.Parallel()
	rec := get(t, server(io.Discard), http.MethodGet, "/gone")
	if !strings.Contains(rec.Body.String(), `"left":3`) {
		t.Errorf("the member is missing: %s", rec.Body)
	}
	if got := rec.Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After %q, want 2: whole seconds, never too early", got)
	}
}

func TestWrongMethodNamesTheRightOnes(t *testing.T) {
	t.Parallel()
	rec := get(t, server(io.Discard), http.MethodPost, "/fine")
	if allow := rec.Header().Get("Allow"); !strings.Contains(allow, "GET") || !strings.Contains(allow, "HEAD") {
		t.Errorf("Allow: %q", allow)
	}
}

func TestInternalNeedsTheCredential(t *testing.T) {
	t.Parallel()
	if rec := get(t, server(io.Discard), http.MethodGet, "/internal", "Authorization", "Bearer secret"); rec.Code != http.StatusNoContent {
		t.Errorf("ours: %d", rec.Code)
	}
	if rec := get(t, server(io.Discard), http.MethodGet, "/internal", "Authorization", "Bearer secre"); rec.Code != http.StatusNotFound {
		t.Errorf("not ours: %d", rec.Code)
	}
}

func TestUnsoundRequestIDIsReplaced(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a b", strings.Repeat("x", 65), "<script>"} {
		if got := get(t, server(io.Discard), http.MethodGet, "/fine", "X-Request-Id", id).Header().Get("X-Request-Id"); got == id || got == "" {
			t.Errorf("%q became %q", id, got)
		}
	}
}

// The server must say that it is not ready, finish what runs, and only then end.
func TestRunFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusTeapot)
	})
	cfg := httpserver.Config{
		Addr: freeAddr(t), OpsAddr: freeAddr(t), ReadTimeout: time.Minute, RequestTimeout: time.Minute,
		DrainDelay: time.Millisecond, DrainTimeout: time.Minute,
	}
	ops := httpserver.NewOps(prometheus.NewRegistry(), map[string]func(context.Context) error{
		"cellar": func(context.Context) error { return nil },
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- httpserver.Run(ctx, cfg, api, ops) }()

	answered := make(chan int, 1)
	go func() { answered <- status(t, "http://"+cfg.Addr) }()
	<-entered
	if got := get(t, ops, http.MethodGet, "/readyz"); got.Code != http.StatusOK {
		t.Errorf("ready before the end: %d %s", got.Code, got.Body)
	}
	stop()
	select {
	case err := <-ended:
		t.Fatalf("ended with %v while a request was running", err)
	case <-time.After(20 * time.Millisecond): // long enough for a server that does not wait
	}
	if got := get(t, ops, http.MethodGet, "/readyz"); got.Code != http.StatusServiceUnavailable {
		t.Errorf("ready while draining: %d %s", got.Code, got.Body)
	}
	close(leave)
	if got := <-answered; got != http.StatusTeapot {
		t.Errorf("the running request got %d", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// While the server drains it answers, and lets each connection end with an answer.
func TestDrainingLetsClientsGoElsewhere(t *testing.T) {
	t.Parallel()
	api := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	cfg := httpserver.Config{
		Addr: freeAddr(t), OpsAddr: freeAddr(t), ReadTimeout: time.Minute, RequestTimeout: time.Minute,
		DrainDelay: time.Minute, DrainTimeout: time.Minute,
	}
	ops := httpserver.NewOps(prometheus.NewRegistry(), nil)
	ctx, stop := context.WithCancel(t.Context())
	go func() { _ = httpserver.Run(ctx, cfg, api, ops) }() // the test does not wait until it has drained
	if got := status(t, "http://"+cfg.Addr); got != http.StatusTeapot {
		t.Fatalf("it answers %d", got)
	}
	c, err := net.Dial("tcp", cfg.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answers := bufio.NewReader(c)
	ask := func() *http.Response {
		t.Helper()
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: shop\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		return res
	}
	if res := ask(); res.Close {
		t.Error("the connection ends before the server does")
	}
	stop()
	for get(t, ops, http.MethodGet, "/readyz").Code == http.StatusOK && t.Context().Err() == nil {
		runtime.Gosched()
	}
	if res := ask(); res.StatusCode != http.StatusTeapot || !res.Close {
		t.Errorf("while it drains it answers %s, and the connection ends: %v", res.Status, res.Close)
	}
	if _, err := answers.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("after the last answer: %v", err)
	}
}

// status asks until somebody listens.
func status(t *testing.T, url string) int {
	t.Helper()
	for t.Context().Err() == nil {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Error(err)
			return 0
		}
		if res, err := http.DefaultTransport.RoundTrip(req); err == nil {
			_ = res.Body.Close()
			return res.StatusCode
		}
	}
	return 0
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestNotReadyNamesWhatFails(t *testing.T) {
	t.Parallel()
	ops := httpserver.NewOps(prometheus.NewRegistry(), map[string]func(context.Context) error{
		"postgres": func(context.Context) error { return errors.New("password=hunter2") },
	})
	rec := get(t, ops, http.MethodGet, "/readyz")
	if rec.Code != http.StatusServiceUnavailable || rec.Body.String() != `{"postgres":"failing"}`+"\n" {
		t.Errorf("got %d %s", rec.Code, rec.Body)
	}
	if rec := get(t, ops, http.MethodGet, "/livez"); rec.Code != http.StatusNoContent {
		t.Errorf("liveness must not look at the database: %d", rec.Code)
	}
}
