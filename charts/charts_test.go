package charts_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	helm "helm.sh/helm/v4/pkg/cmd"

	"github.com/slippers-api/slippers/charts/check"
	"github.com/slippers-api/slippers/charts/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

// beHelm makes this program Helm itself, which kustomize starts to render charts.
const beHelm = "SLIPPERS_TEST_IS_HELM"

func TestMain(m *testing.M) {
	if os.Getenv(beHelm) == "" {
		os.Exit(m.Run())
	}
	root, err := helm.NewRootCmd(os.Stdout, os.Args[1:], helm.SetupLogging)
	if err == nil {
		err = root.Execute()
	}
	if err != nil {
		os.Exit(1)
	}
}

// kubeScore builds the tool once for all tests.
func kubeScore(t *testing.T) string {
	t.Helper()
	path, err := tool()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var tool = sync.OnceValues(func() (string, error) { return check.Tool(context.Background(), "../tools") })

func judge(t *testing.T, docs []string) check.Objects {
	t.Helper()
	objects, findings := check.Decode(docs)
	findings = append(findings, check.Rules(objects)...)
	scored, err := check.Score(t.Context(), kubeScore(t), strings.TrimSuffix(render.KubeVersion, ".0"), docs)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range slices.Concat(findings, scored) {
		if !excused(f) {
			t.Error(f)
		}
	}
	return objects
}

// excused is what is right to be so.
func excused(f check.Finding) bool {
	switch f.Object {
	case "StatefulSet/slippers-postgresql", "StatefulSet/slippers-redis": // for trying out: one Pod each, with the user of its image
		return slices.Contains([]string{
			"kube-score/statefulset-has-poddisruptionbudget", "kube-score/statefulset-has-host-podantiaffinity", "kube-score/statefulset-has-servicename",
			"kube-score/container-security-context-user-group-id",
		}, f.Rule)
	case "NetworkPolicy/slippers-smoke": // its Pod is made by `helm test`, which overlays leave out
		return f.Rule == "kube-score/networkpolicy-targets-pod"
	case "Service/slippers-gateway": // one values file asks for it
		return f.Rule == "kube-score/service-type"
	default:
		return false
	}
}

func TestEveryChartWithEveryValuesFile(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*/ci/*.yaml")
	if err != nil || len(files) < 5 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		dir, name := filepath.Dir(filepath.Dir(file)), strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(dir+"/"+name, func(t *testing.T) {
			t.Parallel()
			docs, err := render.Chart(dir, render.Release{ValuesFiles: []string{file}, Operators: true})
			if err != nil {
				t.Fatal(err)
			}
			judge(t, docs)
			if dir == "slippers" {
				golden(t, filepath.Join("testdata", name+".yaml"), docs)
			}
		})
	}
}

// watched is what Prometheus and Grafana read, with all that follows.
var watched = regexp.MustCompile(`(?s)\n(spec|data):\n.*`)

// golden compares with what somebody has read. Secrets are new each time, so they stand for no more than their names; nor do
// rules and dashboards, which another test compares with their files.
func golden(t *testing.T, file string, docs []string) {
	t.Helper()
	var kept []string
	for _, doc := range docs {
		if strings.Contains(doc, "\nkind: Secret\n") {
			continue
		}
		if strings.Contains(doc, "\nkind: PrometheusRule\n") || strings.Contains(doc, "\n    grafana_dashboard: \"1\"\n") {
			doc = watched.ReplaceAllString(doc, "\n$1: ...\n")
		}
		kept = append(kept, doc)
	}
	got := strings.Join(kept, "---\n")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; go test ./charts -update writes it anew):\n%s", file, diff)
	}
}
