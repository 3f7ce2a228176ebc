package gate_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/gate"
	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/gateway/internal/routes"
	"github.com/slippers-api/slippers/kit/batch"
)

// page is a service with one page.
type page struct{ calls int }

func (p *page) Get(context.Context, string, string) (*http.Response, error) {
	p.calls++
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(strings.Repeat("x", 6600))), Header: http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=0"}, "Etag": {`"1"`},
	}}, nil
}

// settled answers as a Redis that knows everything, and costs nothing.
type settled struct{ answer batch.Answer }

func (s settled) Do(context.Context, batch.Ask) (batch.Answer, error) { return s.answer, nil }

type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}

// A hit allocates little: what a request costs is net/http's, Echo's and its share of a round trip.
func TestAHitAllocatesLittle(t *testing.T) {
	for path, want := range map[string]float64{"/slippers": 10, "/slippers/:id": 10} {
		reg, origin := prometheus.NewRegistry(), &page{}
		down := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1, DialerRetries: 1})
		cache, err := edge.New(edge.Config{Bytes: 1 << 20, Slots: 16, LoadTimeout: time.Minute, Lease: time.Minute}, origin, down, slog.New(slog.DiscardHandler), reg)
		if err != nil {
			t.Fatal(err)
		}
		var route routes.Route
		for _, r := range routes.Table {
			if r.Path == path && r.Method == http.MethodGet {
				route = r
			}
		}
		var policies limits.Policies
		if err := policies.UnmarshalText([]byte("default=100/60s")); err != nil {
			t.Fatal(err)
		}
		g := gate.Gate{
			Limits: limits.New(limits.Config{Policies: policies, Replicas: 1}, reg), Edge: cache,
			Batch: settled{batch.Answer{
				Limit:  redis_rate.Result{Allowed: 1, Remaining: 42, RetryAfter: -1, ResetAfter: 33 * time.Second},
				Stamps: []string{"a", "b"}[:len(route.Page.Tags)],
			}},
		}
		admit := g.Admit(route)(func(echo.Context) error { t.Error("it was passed on"); return nil })
		c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, strings.Replace(path, ":id", "7", 1)+"?include_images=1", nil), nil)
		if strings.Contains(path, ":id") {
			c.SetParamNames("id")
			c.SetParamValues("7")
		}
		w := &nowhere{http.Header{}}
		response := echo.NewResponse(w, c.Echo())
		one := func() {
			clear(w.header)
			response.Committed, response.Size = false, 0
			c.SetResponse(response)
			if err := admit(c); err != nil {
				t.Error(err)
			}
		}
		one()
		if got := testing.AllocsPerRun(1000, one); got > want {
			t.Errorf("a hit of %s allocates %v times, want at most %v", path, got, want)
		}
		if origin.calls != 1 || w.header.Get("Cache-Status") != "slippers; hit" {
			t.Errorf("%d calls, %v: these were no hits", origin.calls, w.header)
		}
	}
}
