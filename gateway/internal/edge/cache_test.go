package edge_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/kit/testkit"
)

// service has a page, or another status, or does not answer when that is zero.
type service struct{ status int }

func (s *service) Get(context.Context, string, string) (*http.Response, error) {
	if s.status == 0 {
		return nil, errors.New("down")
	}
	return &http.Response{StatusCode: s.status, Body: io.NopCloser(strings.NewReader("a page")), Header: http.Header{
		"Content-Type": {"application/json"}, "Cache-Control": {"public, max-age=0"}, "Etag": {`"1"`},
	}}, nil
}

// A page whose time is over is served on while its service is ill, and not once that says that there is no such page.
func TestAnOldPageIsBetterThanNoneButNotThanANo(t *testing.T) {
	t.Parallel()
	then, later := []string{"1"}, []string{"2"}
	var away []string // Redis, and with it the stamps
	const old = "slippers; hit; detail=expired"
	for name, tt := range map[string]struct {
		service int
		stamps  []string
		want    int
		status  string
		after   int // what is answered once Redis is away
	}{
		"ill":                {503, then, 200, old, 200},
		"not there":          {0, then, 200, old, 200},
		"says no":            {404, then, 404, "slippers; fwd=bypass", 418},
		"changed, says no":   {404, later, 404, "slippers; fwd=bypass", 418},
		"changed, ill":       {503, later, 503, "slippers; fwd=bypass", 418},
		"changed, not there": {0, later, 418, "slippers; fwd=bypass", 418},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, rdb := &service{http.StatusOK}, testkit.NewOwnRedis(t)
			cache, err := edge.New(edge.Config{Bytes: 1 << 20, Slots: 16, StaleIfError: time.Minute, LoadTimeout: time.Minute, Lease: time.Minute},
				s, rdb.Client, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
			if err != nil {
				t.Fatal(err)
			}
			page := &edge.Page{Name: "slippers", Path: "/slippers", Tags: []string{"slippers"}, TTL: time.Nanosecond}
			ask := func(stamps []string, want int, status string) {
				t.Helper()
				rec := httptest.NewRecorder()
				c := echo.New().NewContext(httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/slippers", nil), rec)
				passed := func(c echo.Context) error { return c.NoContent(http.StatusTeapot) } // what the service itself would say
				if err := cache.Serve(c, cache.Plan(page, c), stamps, passed); err != nil {
					t.Fatal(err)
				}
				if got := rec.Header().Get("Cache-Status"); rec.Code != want || status != "" && got != status {
					t.Errorf("got %d %s, want %d %s", rec.Code, got, want, status)
				}
			}
			ask(then, 200, "slippers; fwd=miss; stored")
			rdb.Flush() // what the gateways share has its own end
			s.status = tt.service
			ask(tt.stamps, tt.want, tt.status)
			ask(away, tt.after, "")
		})
	}
}
