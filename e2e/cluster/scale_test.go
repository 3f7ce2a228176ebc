//go:build cluster

package cluster_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestScalesOutUnderLoadAndBack(t *testing.T) {
	s := installed(t)
	var values []string
	for _, service := range []string{"gateway", "catalog"} { // sooner back than a shop would want, for the test's sake
		values = append(values, service+".autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15")
	}
	upgrade(t, s.tag, values...)
	settled(t)
	start := time.Now()
	l := s.begin(t, 150, s.searches())
	for _, service := range []string{"gateway", "catalog"} {
		eventually(t, 4*time.Minute, service+" has more than 2 Pods that are ready", func() bool { return ready(t, service) > 2 })
		t.Logf("%s had %d Pods after %.0f s", service, ready(t, service), time.Since(start).Seconds())
	}
	requests, failed, p99 := l.end()
	t.Logf("%d requests, %d failed, p99 during the ramp %s", requests, total(failed), p99.Round(time.Millisecond))
	for what, times := range failed {
		t.Errorf("%d times: %s", times, what)
	}
	start = time.Now()
	for _, service := range []string{"gateway", "catalog"} {
		eventually(t, 8*time.Minute, service+" is back at 2 Pods", func() bool { return ready(t, service) == 2 })
		t.Logf("%s had 2 Pods again after %.0f s", service, time.Since(start).Seconds())
	}
}

func ready(t *testing.T, service string) (n int) {
	t.Helper()
	for _, p := range pods(t, service) {
		if p.ready() {
			n++
		}
	}
	return n
}

// searches are all different, so that each is work for the gateway and for catalog-svc.
func (s *store) searches() vegeta.Targeter {
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1)
		*t = vegeta.Target{Method: "GET", URL: fmt.Sprintf("%s/slippers/?search=slipper+%d", s.gateway[i%uint64(len(s.gateway))], i)}
		return nil
	}
}

func TestThreeGatewaysCountOneLimit(t *testing.T) {
	const limit, requests = 100, 10_000
	s := installed(t)
	upgrade(t, s.tag, "gateway.autoscaling.minReplicas=3", `gateway.env.RATE_LIMITS=default=100/60s\,login=1000000/60s\,register=1000000/60s`)
	eventually(t, 2*time.Minute, "there are 3 gateways", func() bool { return ready(t, "gateway") == 3 })
	settled(t)
	var in struct {
		Token string `json:"access_token"`
	}
	s.must(t, "", "POST /auth/register", fmt.Sprintf(
		`{"name":"Bot","surname":"Botov","phone_number":"+998910000002","password":%q,"confirm_password":%q}`, password, password), &in)
	before := s.refusals(t)

	start := time.Now()
	admitted, refused := s.ask(t, in.Token, requests)
	elapsed := time.Since(start)
	t.Logf("of %d requests in %.1f s, %d were admitted", requests, elapsed.Seconds(), admitted)
	// All of the limit may come at once, and then one comes back at a time.
	most := limit + int(elapsed/(time.Minute/limit)) + 1
	if admitted > most || admitted < limit || admitted+refused != requests {
		t.Errorf("%d requests were admitted, want %d to %d, and %d refused", admitted, limit, most, refused)
	}
	for name, n := range s.refusals(t) {
		if n-before[name] < requests/10 {
			t.Errorf("%s refused %.0f only: it had no part in this", name, n-before[name])
		}
	}
}

// ask sends requests of one caller on many new connections, and counts the answers.
func (s *store) ask(t *testing.T, token string, requests int) (admitted, refused int) {
	t.Helper()
	var yes, no, next atomic.Int64
	fresh := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				i := int(next.Add(1))
				if i > requests {
					return
				}
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.gateway[i%len(s.gateway)]+"/slippers/?limit=1", nil)
				if err != nil {
					t.Error(err)
					return
				}
				r.Header.Set("Authorization", "Bearer "+token)
				res, err := fresh.Do(r)
				if err != nil {
					t.Error(err)
					continue
				}
				_ = res.Body.Close()
				switch res.StatusCode {
				case http.StatusOK:
					yes.Add(1)
				case http.StatusTooManyRequests:
					no.Add(1)
				default:
					t.Errorf("a request answers %s", res.Status)
				}
			}
		})
	}
	wg.Wait()
	return int(yes.Load()), int(no.Load())
}

// refusals returns how many requests each gateway has answered with 429.
func (s *store) refusals(t *testing.T) map[string]float64 {
	t.Helper()
	return counted(t, "gateway", "http_request_duration_seconds_count", `"429"`)
}

// counted returns what each Pod of a service has counted in a metric, of the series that have the labels.
func counted(t *testing.T, service, metric string, labels ...string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, name := range names(pods(t, service)) {
		sums[name] = 0
		for line := range strings.Lines(ops(t, name, "/metrics")) {
			lacks := func(label string) bool { return !strings.Contains(line, label) }
			if !strings.HasPrefix(line, metric+"{") || slices.ContainsFunc(labels, lacks) {
				continue
			}
			fields := strings.Fields(line)
			n, err := strconv.ParseFloat(fields[len(fields)-1], 64)
			if err != nil {
				t.Fatal(err)
			}
			sums[name] += n
		}
	}
	return sums
}
