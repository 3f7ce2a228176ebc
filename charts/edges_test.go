package charts_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/slippers-api/slippers/charts/check"
	"github.com/slippers-api/slippers/charts/render"
)

// ours are the Pods of the release, and what they listen to.
func ours(name string, ports map[string]int32) check.Endpoint {
	return check.Endpoint{
		Namespace: render.Namespace, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": render.Namespace}, Ports: ports,
		Labels: map[string]string{"app.kubernetes.io/name": name, "app.kubernetes.io/instance": render.Name}, IP: netip.MustParseAddr("10.244.0.7"),
	}
}

func podIn(namespace string) check.Endpoint {
	return check.Endpoint{
		Namespace: namespace, NamespaceLabels: map[string]string{"kubernetes.io/metadata.name": namespace}, IP: netip.MustParseAddr("10.244.0.8"),
	}
}

func address(ip string) check.Endpoint { return check.Endpoint{IP: netip.MustParseAddr(ip)} }

// world is everybody who may try. Those below the line are not in the release.
func world() map[string]check.Endpoint {
	service := map[string]int32{"http": 8080, "ops": 9090}
	return map[string]check.Endpoint{
		"gateway": ours("gateway", service), "auth": ours("auth", service), "catalog": ours("catalog", service), "order": ours("order", service),
		"postgresql": ours("postgresql", map[string]int32{"postgresql": 5432}), "redis": ours("redis", map[string]int32{"redis": 6379}),
		"migrate": ours("migrate", nil), "smoke": ours("smoke", nil),

		"neighbour": podIn(render.Namespace), "dns": podIn("kube-system"), "ingress": podIn("ingress-nginx"), "prometheus": podIn("monitoring"),
		"collector": podIn("telemetry"),
		"internet":  address("203.0.113.5"), "intranet": address("10.99.0.1"),
		"managed postgresql": address("10.20.0.10"), "managed redis": address("10.20.0.11"),
	}
}

// open lists the edges that a network would let through, but for those between strangers.
func open(t *testing.T, file string) []string {
	t.Helper()
	docs, err := render.Chart("slippers", render.Release{ValuesFiles: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	objects, findings := check.Decode(docs)
	if len(findings) > 0 {
		t.Fatal(check.Report(findings))
	}
	policies, all := check.Policies{Namespace: render.Namespace, Of: objects}, world()
	var edges []string
	for a, from := range all {
		for b, to := range all {
			if a == b || from.Labels == nil && to.Labels == nil {
				continue
			}
			for _, port := range []int32{53, 80, 443, 4318, 5432, 6379, 6432, 8080, 9090, 26379} {
				for _, protocol := range []corev1.Protocol{corev1.ProtocolTCP, corev1.ProtocolUDP} {
					if policies.Allow(from, to, port, protocol) {
						edges = append(edges, fmt.Sprintf("%s > %s:%d/%s", a, b, port, protocol))
					}
				}
			}
		}
	}
	slices.Sort(edges)
	return edges
}

// want spells out edges: "a, b > c, d:1, 2" is eight of them.
func want(lines string) (edges []string) {
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		from, rest, _ := strings.Cut(strings.TrimSpace(line), " > ")
		to, ports, _ := strings.Cut(rest, ":")
		for a := range strings.SplitSeq(from, ", ") {
			for b := range strings.SplitSeq(to, ", ") {
				for p := range strings.SplitSeq(ports, ", ") {
					if !strings.Contains(p, "/") {
						p += "/TCP"
					}
					edges = append(edges, a+" > "+b+":"+p)
				}
			}
		}
	}
	slices.Sort(edges)
	return edges
}

// The edges are those of the design and nothing more.
func TestOnlyTheEdgesOfTheDesignAreOpen(t *testing.T) {
	t.Parallel()
	const always = `
		gateway > auth, catalog, order:8080, 9090
		order > auth, catalog:8080
		catalog > auth:8080
		order > internet:443
		smoke > gateway:8080
		ingress > gateway:8080
		prometheus > gateway, auth, catalog, order:9090
		gateway, auth, catalog, order, migrate, smoke > dns:53/UDP, 53`
	for file, more := range map[string]string{
		"slippers/ci/tryout.yaml": `
		auth, catalog, order, migrate > postgresql:5432
		auth, catalog, order, gateway > redis:6379
		neighbour, dns, prometheus, collector, internet, intranet, managed postgresql, managed redis > gateway:8080`,
		"slippers/ci/existing.yaml": `
		auth, catalog, order, migrate > managed postgresql:5432
		auth, catalog, order, gateway > managed redis:6379
		catalog > internet:443`,
		"slippers/ci/external.yaml": `
		auth, catalog, order, migrate > managed postgresql:5432, 6432
		auth, catalog, order, gateway > managed redis:6379, 26379
		auth, catalog, order, gateway, migrate > collector:4318
		neighbour, dns, prometheus, collector, internet, intranet, managed postgresql, managed redis > gateway:8080`,
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(want(always+more), open(t, file)); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}
