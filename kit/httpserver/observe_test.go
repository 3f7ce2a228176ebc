package httpserver_test

import (
	"log/slog"
	"net/http"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Autoscaling reads it: what is counted must be what runs, and no more once it has failed.
func TestRequestsInFlightAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	e := httpserver.New(httpserver.Config{}, slog.New(slog.DiscardHandler), reg)
	inFlight := func() float64 {
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "http_requests_in_flight" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("not counted at all")
		return 0
	}
	var within float64
	e.GET("/", func(echo.Context) error {
		within = inFlight()
		panic("a bug")
	})
	if got := get(t, e, http.MethodGet, "/").Code; got != http.StatusInternalServerError {
		t.Errorf("answered %d", got)
	}
	if after := inFlight(); within != 1 || after != 0 {
		t.Errorf("%v in flight within a request and %v after it, want 1 and 0", within, after)
	}
}
