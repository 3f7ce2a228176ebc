package session_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/session"
	"github.com/slippers-api/slippers/kit/httpclient"
	ourredis "github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/testkit"
)

const sid = "a-session"

// authority is an auth-svc that knows one session.
type authority struct {
	active bool
	fails  bool
	asked  atomic.Int32
}

func (a *authority) checker(t *testing.T, rdb redis.UniversalClient, keys string) *session.Checker {
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
	return session.NewChecker(rdb, keys, httpclient.New(s.URL, "secret", 5*time.Second), prometheus.NewRegistry())
}

// Redis is believed when it says no, and when it says yes while it has everything. Else auth-svc decides.
func TestWhoIsBelieved(t *testing.T) {
	t.Parallel()
	rdb := testkit.Redis(t)
	tests := map[string]struct {
		set    []string // keys in Redis
		auth   *authority
		active bool
		err    error
		asked  int32
	}{
		"complete, nothing of it":     {[]string{"ready"}, &authority{fails: true}, true, nil, 0},
		"complete, revoked":           {[]string{"ready", "revoked:" + sid}, &authority{active: true}, false, nil, 0},
		"complete, another revoked":   {[]string{"ready", "revoked:other"}, &authority{fails: true}, true, nil, 0},
		"incomplete, revoked":         {[]string{"revoked:" + sid}, &authority{active: true}, false, nil, 0},
		"emptied, auth-svc knows yes": {nil, &authority{active: true}, true, nil, 1},
		"emptied, auth-svc knows no":  {nil, &authority{active: false}, false, nil, 1},
		"emptied, auth-svc is ill":    {nil, &authority{fails: true}, false, session.ErrUnknown, 1},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keys := "test-session-" + requestid.New() + ":"
			for _, key := range tt.set {
				if err := rdb.Set(t.Context(), keys+key, 1, time.Minute).Err(); err != nil {
					t.Fatal(err)
				}
			}
			active, err := tt.auth.checker(t, rdb, keys).Active(t.Context(), sid)
			if active != tt.active || !errors.Is(err, tt.err) || tt.auth.asked.Load() != tt.asked {
				t.Errorf("%t, %v after %d questions to auth-svc, want %t, %v after %d", active, err, tt.auth.asked.Load(), tt.active, tt.err, tt.asked)
			}
		})
	}
}

// A logout holds from the next request on.
func TestNothingIsRemembered(t *testing.T) {
	t.Parallel()
	rdb, keys, auth := testkit.Redis(t), "test-session-"+requestid.New()+":", authority{active: true}
	c := auth.checker(t, rdb, keys)
	set := func(key string) {
		if err := rdb.Set(t.Context(), keys+key, 1, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	set("ready")
	if active, err := c.Active(t.Context(), sid); !active || err != nil {
		t.Errorf("before: %t, %v", active, err)
	}
	set("revoked:" + sid)
	if active, err := c.Active(t.Context(), sid); active || err != nil {
		t.Errorf("after: %t, %v", active, err)
	}
}

// hanging returns a client of a Redis that takes connections and never answers.
func hanging(t *testing.T) redis.UniversalClient {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	rdb, err := ourredis.Open(ourredis.Config{URL: "redis://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

// The quickest of the first requests shows what is waited for and not how busy this machine is; those after them wait for nothing.
func TestAHangingRedisCostsLittle(t *testing.T) {
	t.Parallel()
	auth := authority{active: true}
	c := auth.checker(t, hanging(t), session.Keys)
	took := func() time.Duration {
		begun := time.Now()
		if active, err := c.Active(t.Context(), sid); !active || err != nil {
			t.Errorf("%t, %v", active, err)
		}
		return time.Since(begun)
	}
	if first := min(took(), took(), took()); first < 40*time.Millisecond || first > 90*time.Millisecond {
		t.Errorf("a hanging Redis cost %s, want 50 ms", first)
	}
	if later := min(took(), took(), took()); later > 25*time.Millisecond {
		t.Errorf("Redis was asked again, which cost %s", later)
	}
}

// An auth-svc that fails again and again is left alone for a moment.
func TestAnIllAuthIsNotPressed(t *testing.T) {
	t.Parallel()
	auth := authority{fails: true}
	c := auth.checker(t, hanging(t), session.Keys)
	for range 10 {
		if _, err := c.Active(t.Context(), sid); !errors.Is(err, session.ErrUnknown) {
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
	session.NewChecker(testkit.Redis(t), session.Keys, httpclient.New("http://127.0.0.1:1", "", time.Second), reg)
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
