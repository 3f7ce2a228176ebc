//go:build cluster && operators

package cluster_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFlux lets Flux install, change and repair the store, as k8s/gitops/flux.yaml tells it: with a chart from a registry.
func TestFlux(t *testing.T) {
	empty(t)
	publish(t, "1.0.0")
	provider(t)
	values, err := os.ReadFile("values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "configmap", "slippers-values", "--from-literal", "values.yaml="+string(values)+
		"\ntryout: {postgresql: {image: '"+the.PostgresImage+"'}}\nredis: {image: '"+the.RedisImage+"'}")

	start := time.Now()
	state(t, the.Tag)
	eventually(t, 5*time.Minute, "Flux has installed the store", func() bool { return reconciled(t, "1.0.0", "True") })
	t.Logf("Flux had installed and tested the store after %.1f s", time.Since(start).Seconds())
	s := &store{tag: the.Tag}
	s.open(t)
	s.buy(t, "installed-by-flux")

	s.meanwhile(t, func() {
		publish(t, "1.0.1")
		state(t, the.NextTag)
		eventually(t, 5*time.Minute, "Flux has brought the next version", func() bool { return reconciled(t, "1.0.1", "True") && running(t, the.NextTag) })
	})
	s.buy(t, "after-the-upgrade")

	before := names(pods(t, "gateway"))
	s.meanwhile(t, func() {
		state(t, "that-nobody-built")
		eventually(t, 5*time.Minute, "Flux goes back from a version that does not start", func() bool {
			return strings.Contains(kubectl(t, "get", "helmrelease", release, "--output", "jsonpath={.status.history[*].status}"), "failed") &&
				reconciled(t, "1.0.1", "False") && running(t, the.NextTag)
		})
	})
	if now := names(pods(t, "gateway")); !slices.Equal(now, before) {
		t.Errorf("the gateway's Pods are %v, were %v", now, before)
	}
	s.buy(t, "after-the-rollback")
}

// publish stores the chart in the registry, as a version.
func publish(t *testing.T, version string) {
	t.Helper()
	dir := t.TempDir()
	for _, args := range [][]string{
		{"package", chart, "--version", version, "--destination", dir},
		{"push", filepath.Join(dir, release+"-"+version+".tgz"), "oci://" + the.ChartRegistry + "/charts", "--plain-http"},
	} {
		if _, err := command(t.Context(), "", "helm", args...); err != nil {
			t.Fatal(err)
		}
	}
}

// state tells Flux which version is wanted, as a commit would.
func state(t *testing.T, tag string) {
	t.Helper()
	const file, image = "../../k8s/gitops/flux.yaml", "    gateway:\n      image:\n        digest: sha256:0000000000000000000000000000000000000000000000000000000000000000\n"
	words := []string{
		"slippers-production", the.Namespace,
		"interval: 5m\n  url: oci://registry.example/", "interval: 5s\n  insecure: true\n  url: oci://" + the.ChartRegistry + "/",
		"    timeout: 10m\n    remediation", "    timeout: 90s\n    remediation",
		image, "    global: {image: {registry: '" + the.Registry + "', tag: '" + tag + "'}}\n",
	}
	manifest, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(words); i += 2 {
		if !strings.Contains(string(manifest), words[i]) {
			t.Fatalf("%s has no %q", file, words[i])
		}
	}
	apply(t, file, words...)
}

// reconciled says whether Flux has done all that was asked of it, with the chart's version, and what has become of it.
func reconciled(t *testing.T, version, ready string) bool {
	t.Helper()
	type helmRelease struct {
		Metadata struct {
			Generation int `json:"generation"`
		} `json:"metadata"`
		Status struct {
			ObservedGeneration    int    `json:"observedGeneration"`
			LastAttemptedRevision string `json:"lastAttemptedRevision"`
			Conditions            []struct {
				Type   string `json:"type"`
				Status string `json:"status"`
			} `json:"conditions"`
		} `json:"status"`
	}
	r := object[helmRelease](t, "get", "helmrelease", release)
	said := ""
	for _, c := range r.Status.Conditions {
		if c.Type == "Ready" {
			said = c.Status
		}
	}
	return r.Status.ObservedGeneration == r.Metadata.Generation && strings.HasPrefix(r.Status.LastAttemptedRevision, version) && said == ready
}

// running says whether all Pods of the store are of a version, and ready.
func running(t *testing.T, tag string) bool {
	t.Helper()
	for _, service := range services {
		for _, p := range pods(t, service) {
			if !p.ready() || !strings.HasSuffix(p.Spec.Containers[0].Image, ":"+tag) {
				return false
			}
		}
	}
	return true
}
