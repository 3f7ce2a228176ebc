//go:build cluster

package cluster_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// three gateways there are, and no more under load.
var three = []string{"gateway.autoscaling.minReplicas=3", "gateway.autoscaling.maxReplicas=3"}

// TestThreeGatewaysShareOneCache changes a price again and again, while there is one gateway more than at first: all show it at
// once, and what one has fetched the others find in Redis.
func TestThreeGatewaysShareOneCache(t *testing.T) {
	const writes, reads = 20, 30
	s := installed(t)
	upgrade(t, s.tag, three...)
	eventually(t, 2*time.Minute, "there are 3 gateways", func() bool { return ready(t, "gateway") == 3 })
	settled(t)
	token := s.login(t)
	fetched := func() (n float64) {
		for _, of := range counted(t, "catalog", "http_request_duration_seconds_count", `method="GET"`, `route="/slippers/:id"`) {
			n += of
		}
		return n
	}
	before := fetched()

	type slipper struct {
		Price json.Number `json:"price"`
	}
	fresh := &http.Client{Timeout: client.Timeout, Transport: &http.Transport{DisableKeepAlives: true}} // any gateway each time
	for n := range writes {
		var written slipper
		s.must(t, token, "PUT /slippers/"+s.slipper, fmt.Sprintf(`{"price":%d}`, 130000+n), &written)
		for i := range reads {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.gateway[i%len(s.gateway)]+"/slippers/"+s.slipper, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			var read slipper
			do(t, fresh, r, &read)
			if read != written {
				t.Errorf("read %d after the price was set to %s shows %s", i, written.Price, read.Price)
			}
		}
	}

	if n := fetched() - before; n < writes || n >= 2*writes {
		t.Errorf("after %d changes the page was fetched %.0f times, want once for each", writes, n)
	}
	for name, n := range counted(t, "gateway", "edge_cache_requests_total", `page="slipper"`, `outcome="hit"`) {
		if n < writes {
			t.Errorf("%s had the page %.0f times only: it had no part in this", name, n)
		}
	}
}

func TestThreeGatewaysCountOneLimit(t *testing.T) {
	const limit, requests = 100, 10_000
	s := installed(t)
	upgrade(t, s.tag, append(three, `gateway.env.RATE_LIMITS=default=100/60s\,login=1000000/60s\,register=1000000/60s`)...)
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

// counted returns what each Pod of a service that is ready has counted in a metric, of the series that have the labels.
func counted(t *testing.T, service, metric string, labels ...string) map[string]float64 {
	t.Helper()
	sums := map[string]float64{}
	for _, p := range pods(t, service) {
		if !p.ready() { // a new one may have no address yet
			continue
		}
		name := p.Metadata.Name
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

// While Redis is away each Pod allows its part, of as many as there are and not of as many as there may be.
func TestPodsKnowHowManyTheyAre(t *testing.T) {
	installed(t)
	for _, service := range []string{"gateway", "auth"} {
		eventually(t, 2*time.Minute, "each Pod of "+service+" knows how many they are", func() bool {
			all := pods(t, service)
			told := fmt.Sprintf("\nrate_limit_replicas %d\n", len(all))
			return len(all) > 0 && !slices.ContainsFunc(all, func(p pod) bool {
				return !p.ready() || !strings.Contains(ops(t, p.Metadata.Name, "/metrics"), told)
			})
		})
	}
}
