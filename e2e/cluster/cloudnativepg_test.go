//go:build cluster && operators

package cluster_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

// TestCloudNativePG installs the store on a PostgreSQL that the operator runs, and kills the server that holds the truth.
func TestCloudNativePG(t *testing.T) {
	empty(t)
	provider(t)
	start := time.Now()
	values := []string{
		"cloudnativepg.yaml", "cloudNativePG.image=" + the.CloudNativePGImage,
		fmt.Sprintf("cloudNativePG.spec.postgresUID=%d,cloudNativePG.spec.postgresGID=%[1]d", the.CloudNativePGUser),
	}
	upgrade(t, the.Tag, values...)
	t.Logf("the release was ready after %.1f s", time.Since(start).Seconds())
	s := &store{}
	s.open(t)
	s.buy(t, "before-the-failover")

	first := primary(t)
	kubectl(t, "delete", "pod", first, "--grace-period", "0", "--force")
	eventually(t, 3*time.Minute, "another server than "+first+" holds the truth", func() bool { p := primary(t); return p != "" && p != first })
	for _, service := range services {
		eventually(t, 2*time.Minute, service+" has 2 Pods that are ready", func() bool { return ready(t, service) >= 2 })
	}
	// A service whose connections broke finds out when it needs them, and tells its clients to come back.
	eventually(t, time.Minute, "the store sells again", func() bool { return s.sells(t, "after-the-failover", 10) })
	s.buy(t, "after-the-failover")
	var orders struct {
		Total json.Number `json:"total"`
	}
	s.must(t, s.token, "GET /orders/", "", &orders)
	if orders.Total != "2" {
		t.Errorf("after the failover there are %s orders, want 2", orders.Total)
	}

	upgrade(t, the.NextTag, values...)
	var slow struct {
		Services map[string]struct {
			Available bool   `json:"available"`
			Reason    string `json:"reason"`
		} `json:"services"`
	}
	s.must(t, s.login(t), "GET /admin/slow-queries", "", &slow)
	for _, service := range []string{"auth", "catalog", "order"} {
		if got := slow.Services[service]; !got.Available {
			t.Errorf("the slow queries of %s are not known: %s", service, got.Reason)
		}
	}
}

// sells says whether the order of key is taken so many times in a row, and not put off: all Pods have been asked then.
func (s *store) sells(t *testing.T, key string, times int) bool {
	t.Helper()
	for range times {
		res, err := client.Do(s.placing(t, key))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode == http.StatusServiceUnavailable && res.Header.Get("Retry-After") != "" {
			return false
		}
	}
	return true
}

// primary returns the server that is written to.
func primary(t *testing.T) string {
	t.Helper()
	type cluster struct {
		Status struct {
			Current string `json:"currentPrimary"`
			Target  string `json:"targetPrimary"`
		} `json:"status"`
	}
	c := object[cluster](t, "get", "clusters.postgresql.cnpg.io", release+"-postgresql")
	if c.Status.Current != c.Status.Target {
		return "" // it changes
	}
	return c.Status.Current
}

// empty begins with nothing: each of these tests installs the store in its own way.
func empty(t *testing.T) {
	t.Helper()
	if err := prepare(); err != nil {
		t.Fatal(err)
	}
}
