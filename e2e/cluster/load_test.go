//go:build cluster

package cluster_test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// load is what clients do all the time while something happens to the cluster.
type load struct {
	attackers []*vegeta.Attacker
	wg        sync.WaitGroup

	mu      sync.Mutex
	metrics vegeta.Metrics
	failed  map[string]int
}

// Failures of one kind are counted together.
var (
	varying = regexp.MustCompile(`\d+`)
	problem = regexp.MustCompile(`/problems/[a-z-]+`)
)

// begin starts the load: rate requests a second on connections that are kept, and a fifth as many on new ones.
func (s *store) begin(t *testing.T, rate int, targets vegeta.Targeter) *load {
	t.Helper()
	l := &load{failed: map[string]int{}}
	for _, kind := range []struct {
		rate int
		keep bool
	}{{rate, true}, {max(rate/5, 1), false}} {
		a := vegeta.NewAttacker(vegeta.KeepAlive(kind.keep), vegeta.Timeout(15*time.Second), vegeta.Redirects(vegeta.NoFollow))
		l.attackers = append(l.attackers, a)
		results := a.Attack(targets, vegeta.ConstantPacer{Freq: kind.rate, Per: time.Second}, 0, "")
		l.wg.Go(func() {
			for r := range results {
				l.add(r)
			}
		})
	}
	return l
}

func (l *load) add(r *vegeta.Result) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.metrics.Add(r)
	if r.Error != "" || r.Code >= http.StatusBadRequest {
		l.failed[fmt.Sprintf("%s %s = %d %s %s", r.Method, varying.ReplaceAllString(r.URL, "N"), r.Code, varying.ReplaceAllString(r.Error, "N"), problem.Find(r.Body))]++
	}
}

// end stops the load, and returns how many requests there were, which of them failed, and how slow the slowest hundredth was.
func (l *load) end() (requests uint64, failed map[string]int, p99 time.Duration) {
	for _, a := range l.attackers {
		a.Stop()
	}
	l.wg.Wait()
	l.metrics.Close()
	return l.metrics.Requests, l.failed, l.metrics.Latencies.P99
}

// meanwhile does something under steady load, and fails the test when one request failed.
func (s *store) meanwhile(t *testing.T, something func()) {
	t.Helper()
	l, begun := s.begin(t, steady, s.visits()), time.Now()
	defer func() {
		requests, failed, p99 := l.end()
		t.Logf("%d requests, %d failed, p99 %s", requests, total(failed), p99.Round(time.Millisecond))
		for what, times := range failed {
			t.Errorf("%d times: %s", times, what)
		}
		if len(failed) > 0 {
			t.Log("the services say:\n" + complaints(t, begun))
		}
		if requests < steady*5 {
			t.Errorf("there were %d requests only", requests)
		}
	}()
	something()
	settled(t) // those that end are under load to their end
}

// steady is how many requests a second there are, on connections that are kept.
const steady = 25

func total(failed map[string]int) (n int) {
	for times := range maps.Values(failed) {
		n += times
	}
	return n
}

// visits go through every service, by every kind of request, at every node in turn.
func (s *store) visits() vegeta.Targeter {
	mine := http.Header{"Authorization": {"Bearer " + s.token}, "Content-Type": {"application/json"}}
	kinds := []func(n uint64) vegeta.Target{
		func(uint64) vegeta.Target { return vegeta.Target{Method: "GET", URL: "/slippers/?limit=20"} },
		func(n uint64) vegeta.Target { // no copy of it is anywhere
			return vegeta.Target{Method: "GET", URL: fmt.Sprintf("/slippers/?search=felt+%d", n)}
		},
		func(uint64) vegeta.Target { return vegeta.Target{Method: "GET", URL: "/slippers/" + s.slipper} },
		func(uint64) vegeta.Target { return vegeta.Target{Method: "GET", URL: "/users/me", Header: mine} },
		func(uint64) vegeta.Target { return vegeta.Target{Method: "GET", URL: "/cart", Header: mine} },
		func(uint64) vegeta.Target { return vegeta.Target{Method: "GET", URL: "/orders/", Header: mine} },
		func(n uint64) vegeta.Target {
			if n/8%5 != 0 { // hashing the password takes a core a fifth of a second and more: four a second are most of a small machine
				return vegeta.Target{Method: "GET", URL: "/users/me", Header: mine}
			}
			return vegeta.Target{Method: "POST", URL: "/auth/login", Header: mine, Body: fmt.Appendf(nil, `{"phone_number":%q,"password":%q}`, manager, password)}
		},
		func(uint64) vegeta.Target {
			h := mine.Clone()
			h.Set("Idempotency-Key", rand.Text())
			return vegeta.Target{Method: "POST", URL: "/orders/", Header: h, Body: []byte(`{"items":[{"slipper_id":` + s.slipper + `,"quantity":1}]}`)}
		},
	}
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1)
		*t = kinds[i%uint64(len(kinds))](i)
		t.URL = s.gateway[i/uint64(len(kinds))%uint64(len(s.gateway))] + t.URL
		return nil
	}
}
