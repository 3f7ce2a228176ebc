//go:build cluster

package cluster_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestThreeGatewaysShareOneCache changes a price again and again, while there is one gateway more than at first: all show it at
// once, and what one has fetched the others find in Redis.
func TestThreeGatewaysShareOneCache(t *testing.T) {
	const writes, reads = 20, 30
	s := installed(t)
	upgrade(t, s.tag, "gateway.autoscaling.minReplicas=3")
	eventually(t, 2*time.Minute, "there are 3 gateways", func() bool { return ready(t, "gateway") == 3 })
	settled(t)
	var login struct {
		Token string `json:"access_token"`
	}
	s.must(t, "", "POST /auth/login", fmt.Sprintf(`{"phone_number":%q,"password":%q}`, manager, password), &login)
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
		s.must(t, login.Token, "PUT /slippers/"+s.slipper, fmt.Sprintf(`{"price":%d}`, 130000+n), &written)
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
