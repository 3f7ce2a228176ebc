package edge_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// origin is a service that does something before it answers.
type origin func() (page string)

func (o origin) Get(context.Context, string, string) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(o())), Header: http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=0"}, "Etag": {`"1"`},
	}}, nil
}

// reader returns what asks a cache of o's one page under stamps.
func reader(t *testing.T, o origin, rdb redis.UniversalClient) func(stamps ...string) (body string) {
	t.Helper()
	cache, err := edge.New(edge.Config{Bytes: 1 << 20, Slots: 16, StaleIfError: time.Minute, LoadTimeout: time.Minute, Lease: time.Minute},
		o, rdb, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	page := &edge.Page{Name: "slippers", Path: "/slippers", Tags: []string{"slippers"}, TTL: time.Minute}
	return func(stamps ...string) string {
		rec := httptest.NewRecorder()
		c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/slippers", nil), rec)
		passed := func(c echo.Context) error { return c.NoContent(http.StatusTeapot) }
		if err := cache.Serve(c, cache.Plan(page, c), stamps, passed); err != nil {
			t.Error(err)
		}
		return rec.Body.String()
	}
}

// What was read before a write and arrives after what was read since does not take its place: were Redis away then, it would be
// served.
func TestAnOldPageThatArrivesLateDoesNotStay(t *testing.T) {
	t.Parallel()
	begun, until := make(chan struct{}), make(chan struct{})
	var calls atomic.Int32
	ask := reader(t, func() string {
		if calls.Add(1) == 1 {
			close(begun)
			<-until
			return "old"
		}
		return "new"
	}, testkit.NewOwnRedis(t).Client)
	done := make(chan string, 1)
	before, after := stamp.New(), stamp.New()
	go func() { done <- ask(before) }()
	<-begun
	if got := ask(after); got != "new" {
		t.Errorf("after the write: %q", got)
	}
	close(until)
	if got := <-done; got != "old" { // it asked before the write
		t.Errorf("before the write: %q", got)
	}
	if got := ask(); got != "new" {
		t.Errorf("while Redis is away: %q", got)
	}
}

// A Redis that stops answering while a page is read may cost its reader one wait, so it is told everything at once.
func TestAFillEndsWithOneTripToRedis(t *testing.T) {
	t.Parallel()
	rdb, said := testkit.NewOwnRedis(t).Client, &trips{}
	rdb.AddHook(said)
	ask := reader(t, func() string {
		said.take()
		return "a page"
	}, rdb)
	got, want := ask(stamp.New()), []string{"set del"}
	if then := said.take(); got != "a page" || !slices.Equal(then, want) {
		t.Errorf("%q, and then Redis hears %q, want %q", got, then, want)
	}
}

// trips keeps what a client says, by trips. What begins a connection is none.
type trips struct {
	mu  sync.Mutex
	log []string
}

func (n *trips) add(cmds ...redis.Cmder) {
	names := make([]string, len(cmds))
	for i, cmd := range cmds {
		names[i] = cmd.Name()
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if names[0] != "hello" {
		n.log = append(n.log, strings.Join(names, " "))
	}
}

// take returns what was said since it was last asked.
func (n *trips) take() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	said := n.log
	n.log = nil
	return said
}

func (*trips) DialHook(next redis.DialHook) redis.DialHook { return next }

func (n *trips) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		n.add(cmd)
		return next(ctx, cmd)
	}
}

func (n *trips) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		n.add(cmds...)
		return next(ctx, cmds)
	}
}
