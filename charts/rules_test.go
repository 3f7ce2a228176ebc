package charts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/charts/check"
	"github.com/slippers-api/slippers/charts/render"
)

func tryout(t *testing.T) []string {
	t.Helper()
	docs, err := render.Chart("slippers", render.Release{Values: map[string]any{"global": map[string]any{"tryout": true}}})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// broken returns docs with one change in one object. Without a new text the object is gone.
func broken(t *testing.T, docs []string, object, before, after string) []string {
	t.Helper()
	kind, name, _ := strings.Cut(object, "/")
	var out []string
	changed := false
	for _, doc := range docs {
		if strings.Contains(doc, "\nkind: "+kind+"\n") && strings.Contains(doc, "\n  name: "+name+"\n") {
			changed = strings.Contains(doc, before)
			if before == "" {
				continue
			}
			doc = strings.ReplaceAll(doc, before, after)
		}
		out = append(out, doc)
	}
	if !changed {
		t.Fatalf("%s has no %q", object, before)
	}
	return out
}

// Each rule is worth as much as the mistake that it finds.
func TestEveryRuleFindsItsMistake(t *testing.T) {
	t.Parallel()
	const order, least = "Deployment/slippers-order", "PodDisruptionBudget/slippers-order"
	tests := map[string]struct {
		object, before, after string
		rule, on              string // on is object, unless said otherwise
	}{
		"a misspelt field":              {order, "revisionHistoryLimit", "revisionHistoryLimits", "schema", ""},
		"root":                          {order, "runAsNonRoot: true", "runAsNonRoot: false", "pod-security", ""},
		"a capability":                  {order, "drop: [ALL]", "drop: [KILL]", "pod-security", ""},
		"a writable image":              {order, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "pod-security", ""},
		"a number of its own":           {order, "  revisionHistoryLimit", "  replicas: 2\n  revisionHistoryLimit", "replicas-with-hpa", ""},
		"no request of CPU":             {order, "              cpu: 100m\n", "", "hpa-without-requests", ""},
		"no limit of memory":            {order, "              memory: 256Mi\n", "", "resources", ""},
		"no budget":                     {least, "", "", "pdb", order},
		"a budget of nothing":           {least, "maxUnavailable: 1", "maxUnavailable: 0", "pdb", order},
		"a budget of all":               {least, "maxUnavailable: 1", "maxUnavailable: 100%", "pdb", order},
		"a budget of the least":         {least, "maxUnavailable: 1", "minAvailable: 2", "pdb", order},
		"a budget of both":              {least, "maxUnavailable: 1", "maxUnavailable: 1\n  minAvailable: 1", "pdb", order},
		"one probe for both":            {order, "/readyz", "/livez", "probes-identical", ""},
		"alive while the database is":   {order, "/livez", "/readyz", "liveness", ""},
		"a probe less":                  {order, "startupProbe:\n            httpGet: {path: /livez, port: ops}\n            periodSeconds: 1", "startupProbes:\n            p: 1", "schema", ""},
		"too short a grace":             {order, "terminationGracePeriodSeconds: 35", "terminationGracePeriodSeconds: 30", "ending", ""},
		"no preStop":                    {order, "preStop:", "postStart:", "ending", ""},
		"Go may take more than all":     {"ConfigMap/slippers-order", `GOMEMLIMIT: "230MiB"`, `GOMEMLIMIT: "256MiB"`, "gomemlimit", order},
		"no default deny":               {"NetworkPolicy/slippers-default-deny", "", "", "network-policy", "StatefulSet/slippers-redis"},
		"a password in the environment": {order, "- name: DATABASE_URL_FILE\n              value: /run/secrets/slippers/DATABASE_URL", "- name: DB_PASSWORD\n              value: hunter2", "secret-in-env", ""},
		"a password in a URL":           {order, "value: /run/secrets/slippers/REDIS_URL", "value: redis://:hunter2@redis", "secret-in-env", ""},
		"a password from a Secret":      {order, "            - name: DATABASE_URL_FILE\n              value: /run/secrets/slippers/DATABASE_URL", "            - name: URL\n              valueFrom: {secretKeyRef: {name: a, key: b}}", "secret-in-env", ""},
		"a Secret as environment":       {order, "configMapRef:", "secretRef:", "secret-in-env", ""},
		"a password in the open":        {"ConfigMap/slippers-order", `DB_POOL_SIZE: "5"`, `X: postgres://a:b@c/d`, "secret-in-env", ""},
		"a token":                       {order, "automountServiceAccountToken: false", "automountServiceAccountToken: true", "token", ""},
		"the newest image":              {order, "slippers/order-svc:dev", "slippers/order-svc:latest", "image", ""},
		"a selector for a day":          {order, "  selector:\n    matchLabels:\n", "  selector:\n    matchLabels:\n      version: one\n", "selector", ""},
	}
	docs := tryout(t)
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects, findings := check.Decode(broken(t, docs, tt.object, tt.before, tt.after))
			findings = append(findings, check.Rules(objects)...)
			on := tt.on
			if on == "" {
				on = tt.object
			}
			for _, f := range findings {
				if f.Rule == tt.rule && f.Object == on {
					return
				}
			}
			t.Errorf("no finding of %s on %s in:\n%s", tt.rule, on, check.Report(findings))
		})
	}
}

// The kinds of operators have misspelt fields too.
func TestTheFieldsOfOperatorsAreJudged(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: %s\nkind: %s\nmetadata: {name: x}\nspec: {%s}\n"
	for _, tt := range []struct{ version, kind, right, wrong string }{
		{"monitoring.coreos.com/v1", "PodMonitor", "podMetricsEndpoints: [{port: ops}]", "podMetricsEndpoints: [{prot: ops}]"},
		{"monitoring.coreos.com/v1", "PrometheusRule", "groups: [{name: a}]", "group: [{name: a}]"},
		{"gateway.networking.k8s.io/v1", "HTTPRoute", "hostnames: [shop.example]", "hostnames: shop.example"},
		{"helm.toolkit.fluxcd.io/v2", "HelmRelease", "upgrade: {timeout: 10m}", "upgrade: {timeouts: 10m}"},
		{"source.toolkit.fluxcd.io/v1", "OCIRepository", "ref: {semver: '1'}", "ref: {semvers: '1'}"},
	} {
		if _, findings := check.Decode([]string{fmt.Sprintf(head, tt.version, tt.kind, tt.right)}); len(findings) > 0 {
			t.Errorf("%s: %s", tt.kind, check.Report(findings))
		}
		if _, findings := check.Decode([]string{fmt.Sprintf(head, tt.version, tt.kind, tt.wrong)}); len(findings) != 1 || findings[0].Rule != "schema" {
			t.Errorf("a %s with %s: %s", tt.kind, tt.wrong, check.Report(findings))
		}
	}
}

func TestKubeScoreIsListenedTo(t *testing.T) {
	t.Parallel()
	docs := broken(t, tryout(t), "Deployment/slippers-order", "runAsUser: 65532", "runAsUser: 1000")
	findings, err := check.Score(t.Context(), kubeScore(t), "v1.34", docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range findings {
		if f.Rule == "kube-score/container-security-context-user-group-id" && f.Object == "Deployment/slippers-order" {
			return
		}
	}
	t.Errorf("it says only:\n%s", check.Report(findings))
}
