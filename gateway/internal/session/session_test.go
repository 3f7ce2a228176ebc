package session_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/gateway/internal/session"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/httpclient"
)

const sid = "a-session"

// authority is an auth-svc that knows one session.
type authority struct {
	active bool
	fails  bool
	asked  atomic.Int32
}

func (a *authority) checker(t *testing.T) *session.Checker {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		if r.URL.Path != "/internal/sessions/"+sid {
			t.Errorf("asked for %s", r.URL)
		}
		if a.fails {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		_, _ = io.WriteString(w, `{"active":`+strconv.FormatBool(a.active)+`}`)
	}))
	t.Cleanup(s.Close)
	return session.NewChecker(httpclient.New(s.URL, "secret", 5*time.Second), prometheus.NewRegistry())
}

// Redis is believed when it says no, and when it says yes while it has everything. Else auth-svc decides.
func TestWhoIsBelieved(t *testing.T) {
	t.Parallel()
	redis := func(revoked, ready bool) []batch.Value { return []batch.Value{{OK: revoked}, {OK: ready}} }
	tests := map[string]struct {
		redis  []batch.Value
		auth   *authority
		active bool
		err    error
		asked  int32
	}{
		"complete, nothing of it":     {redis(false, true), &authority{fails: true}, true, nil, 0},
		"complete, revoked":           {redis(true, true), &authority{active: true}, false, nil, 0},
		"incomplete, revoked":         {redis(true, false), &authority{active: true}, false, nil, 0},
		"emptied, auth-svc knows yes": {redis(false, false), &authority{active: true}, true, nil, 1},
		"emptied, auth-svc knows no":  {redis(false, false), &authority{active: false}, false, nil, 1},
		"emptied, auth-svc is ill":    {redis(false, false), &authority{fails: true}, false, session.ErrUnknown, 1},
		"away, auth-svc knows yes":    {nil, &authority{active: true}, true, nil, 1},
		"away, auth-svc knows no":     {nil, &authority{active: false}, false, nil, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			active, err := tt.auth.checker(t).Active(t.Context(), sid, tt.redis)
			if active != tt.active || !errors.Is(err, tt.err) || tt.auth.asked.Load() != tt.asked {
				t.Errorf("%t, %v after %d questions to auth-svc, want %t, %v after %d", active, err, tt.auth.asked.Load(), tt.active, tt.err, tt.asked)
			}
		})
	}
}

// An auth-svc that fails again and again is left alone for a moment.
func TestAnIllAuthIsNotPressed(t *testing.T) {
	t.Parallel()
	auth := authority{fails: true}
	c := auth.checker(t)
	for range 10 {
		if _, err := c.Active(t.Context(), sid, nil); !errors.Is(err, session.ErrUnknown) {
			t.Errorf("got %v", err)
		}
	}
	if n := auth.asked.Load(); n != 3 {
		t.Errorf("asked %d times, want 3", n)
	}
}

// Every source is counted from the start, so that a rate over it is zero and not absent.
func TestChecksAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	session.NewChecker(httpclient.New("http://127.0.0.1:1", "", time.Second), reg)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	for _, m := range families[0].GetMetric() {
		sources = append(sources, m.GetLabel()[0].GetValue())
	}
	if got := strings.Join(sources, " "); got != "auth redis unknown" {
		t.Errorf("sources: %s", got)
	}
}
