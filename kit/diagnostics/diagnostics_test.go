package diagnostics_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
)

// What the answers hold, the services' contract tests compare with their documents.
func TestOnlyOurServicesReadThem(t *testing.T) {
	t.Parallel()
	broken := errors.New("connecting to hunter2@db: refused")
	facts := testkit.Facts()
	facts.LargeScans = func(context.Context) (postgres.LargeScans, error) { return postgres.LargeScans{}, broken }
	e := httpserver.New(httpserver.Config{RequestTimeout: time.Minute}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	diagnostics.Register(e, "between us", facts)
	for path, want := range map[string]int{
		"db-pool": 200, "slow-queries": 200, "slow-queries?limit=100": 200, "cache": 200, "missing-indexes": 500,
		"db-pool?x=1": 422, "slow-queries?x=1": 422, "missing-indexes?x=1": 422, "cache?x=1": 422,
		"slow-queries?limit=0": 422, "slow-queries?limit=101": 422, "slow-queries?limit=x": 422, "slow-queries?limit=1&limit=2": 422,
	} {
		for credential, want := range map[string]int{"Bearer between us": want, "Bearer x": 404, "": 404} {
			r := httptest.NewRequestWithContext(t.Context(), "GET", "/internal/"+path, nil)
			r.Header.Set("Authorization", credential)
			rec := httptest.NewRecorder()
			e.ServeHTTP(rec, r)
			if rec.Code != want || rec.Header().Get("Cache-Control") != "no-store" || strings.Contains(rec.Body.String(), "hunter2") {
				t.Errorf("%s with %q = %d %v %s, want %d", path, credential, rec.Code, rec.Header(), rec.Body, want)
			}
		}
	}
}
