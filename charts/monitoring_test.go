package charts_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/slippers-api/slippers/charts/render"
)

// watching returns the rules and dashboards of a release, by the names of their objects.
func watching(t *testing.T, values map[string]any) (rules map[string]any, dashboards map[string]string) {
	t.Helper()
	docs, err := render.Chart("slippers", render.Release{ValuesFiles: tryoutFile, Values: values, Operators: true})
	if err != nil {
		t.Fatal(err)
	}
	rules, dashboards = map[string]any{}, map[string]string{}
	for _, doc := range docs {
		var o struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
			Spec any               `json:"spec"`
			Data map[string]string `json:"data"`
		}
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		if o.Kind == "PrometheusRule" {
			rules[o.Metadata.Name] = o.Spec
		}
		if o.Metadata.Labels["grafana_dashboard"] != "" {
			for name, text := range o.Data {
				dashboards[o.Metadata.Name+"/"+name] = text
			}
		}
	}
	return rules, dashboards
}

func TestRulesAndDashboardsAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	rules, dashboards := watching(t, nil)
	files, err := filepath.Glob("slippers/files/dashboards/*.json")
	if err != nil || len(files) < 5 || len(dashboards) != len(files) {
		t.Fatalf("%d dashboards of %d files, %v", len(dashboards), len(files), err)
	}
	for _, file := range files {
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		if got := dashboards["slippers-dashboard-"+strings.TrimSuffix(name, ".json")+"/"+name]; strings.TrimSpace(got) != strings.TrimSpace(string(want)) {
			t.Errorf("%s is not its file", name)
		}
	}
	text, err := os.ReadFile("slippers/files/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	ours := strings.ReplaceAll(string(text), "$namespace", render.Namespace)
	if got := asYAML(t, rules["slippers-alerts"]); len(rules) != 1 || got != sorted(t, ours) {
		t.Errorf("%d rules, which are\n%s", len(rules), got)
	}

	rules, dashboards = watching(t, map[string]any{"monitoring": map[string]any{"runbookURL": "https://runbooks.example/"}})
	want := sorted(t, strings.ReplaceAll(ours, "docs/runbooks/", "https://runbooks.example/"))
	if got := asYAML(t, rules["slippers-alerts"]); got != want {
		t.Errorf("with another address of the runbooks the rules are\n%s", got)
	}
	for name, text := range dashboards {
		if !strings.Contains(text, `"url": "https://runbooks.example/README.md"`) {
			t.Errorf("with another address of the runbooks %s does not link there", name)
		}
	}
}

func TestMonitoringCanBeOnesOwn(t *testing.T) {
	t.Parallel()
	only := func(name, text string) map[string]any {
		return map[string]any{"enabled": false, "extra": map[string]any{name: text}}
	}
	rules, dashboards := watching(t, map[string]any{"monitoring": map[string]any{
		"rules": only("up", "groups: []"), "dashboards": only("empty.json", "{}"),
	}})
	if got := asYAML(t, rules["slippers-up"]); len(rules) != 1 || got != "groups: []\n" {
		t.Errorf("there are %d rules, and ours are %q", len(rules), got)
	}
	if got := dashboards["slippers-dashboard-empty/empty.json"]; len(dashboards) != 1 || strings.TrimSpace(got) != "{}" {
		t.Errorf("there are %d dashboards, and ours is %q", len(dashboards), got)
	}
}

func asYAML(t *testing.T, content any) string {
	t.Helper()
	text, err := yaml.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// sorted is a document with its keys in order.
func sorted(t *testing.T, document string) string {
	t.Helper()
	var content any
	if err := yaml.Unmarshal([]byte(document), &content); err != nil {
		t.Fatal(err)
	}
	return asYAML(t, content)
}
