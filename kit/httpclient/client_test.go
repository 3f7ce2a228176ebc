package httpclient_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpclient"
	"github.com/slippers-api/slippers/kit/requestid"
)

var (
	errDown = fault.New(fault.Unavailable, "them-unavailable", "They do not answer.")
	errLeft = fault.New(fault.Conflict, "out-of-stock", "")
)

func serve(t *testing.T, h http.HandlerFunc) *httpclient.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return httpclient.New(s.URL, "secret", 5*time.Second)
}

func TestDoSendsWhoAndWhat(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" || r.Header.Get("X-Request-Id") != "abc" {
			t.Errorf("headers %v", r.Header)
		}
		_, _ = w.Write([]byte(`{"n":7}`))
	})
	var out struct{ N int }
	if err := c.Do(requestid.With(t.Context(), "abc"), http.MethodPut, "/x", map[string]int{"n": 7}, &out, errDown); err != nil || out.N != 7 {
		t.Errorf("got %+v, %v", out, err)
	}
}

func TestDoTurnsAProblemBackIntoItsFault(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		_, _ = w.Write([]byte(`{"type":"/problems/out-of-stock","title":"T","status":409,"detail":"D","instance":"i","unavailable":[9223372036854775807]}`))
	})
	err := c.Do(t.Context(), http.MethodPut, "/x", nil, nil, errDown)
	f := fault.Of(err)
	if !errors.Is(err, errLeft) || f.Kind != fault.Conflict || f.Detail != "D" || len(f.Members) != 1 {
		t.Errorf("got %+v", f)
	}
	if got := fmt.Sprint(f.Members["unavailable"]); got != "[9223372036854775807]" {
		t.Errorf("the member is %s, want the number as it came", got)
	}
}

func TestDoWithoutAnAnswerIsUnavailable(t *testing.T) {
	t.Parallel()
	tests := map[string]http.HandlerFunc{
		"their fault": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"cut off":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	}
	for name, h := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := serve(t, h).Do(t.Context(), http.MethodGet, "/x", nil, nil, errDown); !errors.Is(err, errDown) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDoAsksOnceMoreWhenItWasCutOff(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(http.StatusNoContent)
	})
	if err := c.Do(t.Context(), http.MethodPut, "/x", map[string]int{}, nil, errDown); err != nil || calls.Load() != 2 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

func TestDoDoesNotAskAgainWhatWasNeverSent(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	count := func(next http.RoundTripper) http.RoundTripper {
		return promhttp.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			calls.Add(1)
			return next.RoundTrip(r)
		})
	}
	c := httpclient.New("http://127.0.0.1:1", "", 5*time.Second, count)
	if err := c.Do(t.Context(), http.MethodGet, "/x", nil, nil, errDown); !errors.Is(err, errDown) || calls.Load() != 1 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

// Calls of whom nobody waits for any more say nothing of the one who was called.
func TestOnlyCallsThatSomebodyWaitsForFail(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	watch := httpclient.NewCalls(reg).To("them")
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(s.Close)
	ctx, leave := context.WithCancel(t.Context())
	arrives := func(next http.RoundTripper) http.RoundTripper {
		return promhttp.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			leave()
			return next.RoundTrip(r)
		})
	}
	for _, c := range []*httpclient.Client{
		httpclient.New(s.URL, "", 5*time.Second, watch, arrives), httpclient.New(s.URL, "", 20*time.Millisecond, watch),
	} {
		if err := c.Do(ctx, http.MethodGet, "/x", nil, nil, errDown); !errors.Is(err, errDown) {
			t.Errorf("got %v", err)
		}
		ctx = t.Context()
	}
	want := "# HELP http_client_failures_total Calls of another service that got no answer, though somebody waited for it.\n" +
		"# TYPE http_client_failures_total counter\nhttp_client_failures_total{upstream=\"them\"} 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "http_client_failures_total"); err != nil {
		t.Error(err)
	}
}

func TestDoGivesUpInTime(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(s.Close)
	if err := httpclient.New(s.URL, "", 20*time.Millisecond).Do(t.Context(), http.MethodGet, "/x", nil, nil, errDown); !errors.Is(err, errDown) {
		t.Errorf("got %v", err)
	}
}
