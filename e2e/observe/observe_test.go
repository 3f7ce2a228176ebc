package observe

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	chartFiles = "../../charts/slippers/files"
	pages      = "../../docs/runbooks"
)

func TestGeneratedFilesAreCurrent(t *testing.T) {
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if got, err := os.ReadFile(filepath.Join(chartFiles, name)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what `make generate` writes (%v)", name, err)
		}
	}
	there, err := filepath.Glob(filepath.Join(chartFiles, "dashboards", "*"))
	if err != nil || len(there) != len(files)-1 {
		t.Errorf("%d dashboards are there, %v, want %d", len(there), err, len(files)-1)
	}
}

func TestEveryAlertHasItsPage(t *testing.T) {
	used := map[string]bool{"README": true}
	for _, a := range Alerts() {
		used[a.Runbook] = true
		text, err := os.ReadFile(filepath.Join(pages, a.Runbook+".md"))
		if err != nil {
			t.Errorf("%s: %v", a.Name, err)
		}
		// The pages of promises name their first alert in full, and say that the others are like it.
		if name := regexp.MustCompile(`(Latency)?BudgetBurns.*`).ReplaceAllString(a.Name, "BudgetBurns"); !strings.Contains(string(text), name) {
			t.Errorf("%s.md does not speak of %s", a.Runbook, a.Name)
		}
	}
	there, err := filepath.Glob(filepath.Join(pages, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); !used[name] {
			t.Errorf("no alert leads to %s", file)
		}
	}
}

func TestRunbooksLeadSomewhere(t *testing.T) {
	there, err := filepath.Glob(filepath.Join(pages, "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range there {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(pages, link[1])); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
		for _, block := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
			for query := range strings.Lines(block[1]) {
				for _, name := range metricsIn(query) {
					if !known()[name] {
						t.Errorf("%s asks for %s, which nobody exposes", file, name)
					}
				}
			}
		}
	}
}

func TestDashboardsAreWhole(t *testing.T) {
	titles := map[string]bool{}
	for _, d := range Dashboards() {
		if titles[d.Title] {
			t.Errorf("two dashboards have the title %q", d.Title)
		}
		titles[d.Title] = true
		text, err := d.JSON()
		if err != nil {
			t.Fatal(err)
		}
		var page struct {
			UID, Title, Description string
			Panels                  []struct {
				ID                       int
				Type, Title, Description string
				Targets                  []struct{ Expr, RefID, LegendFormat string }
				GridPos                  struct{ H, W, X, Y int }
			}
		}
		if err := json.Unmarshal(text, &page); err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
		if page.UID == "" || page.Title == "" || page.Description == "" {
			t.Errorf("%s says not what it is", d.Name)
		}
		ids, names := map[int]bool{}, map[string]bool{}
		for _, p := range page.Panels {
			if p.ID == 0 || ids[p.ID] || p.Title == "" || names[p.Title] {
				t.Errorf("%s: panel %d %q has no id or title of its own", d.Name, p.ID, p.Title)
			}
			ids[p.ID], names[p.Title] = true, true
			if p.GridPos.X+p.GridPos.W > width {
				t.Errorf("%s: %q stands out of the grid: %+v", d.Name, p.Title, p.GridPos)
			}
			if p.Type == "row" {
				continue
			}
			if p.Description == "" || len(p.Targets) == 0 {
				t.Errorf("%s: %q lacks a description or a query", d.Name, p.Title)
			}
			for _, q := range p.Targets {
				if q.LegendFormat == "" || strings.Contains(q.Expr, "rate(") && !strings.Contains(q.Expr, "$__rate_interval") {
					t.Errorf("%s: %q has a query without a legend, or with a window of its own: %s", d.Name, p.Title, q.Expr)
				}
			}
		}
	}
}

func TestEveryMetricIsSeen(t *testing.T) {
	seen := map[string]bool{}
	for _, d := range Dashboards() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					for _, name := range metricsIn(q.Expr) {
						seen[name] = true
						if !known()[name] {
							t.Errorf("%s: %q asks for %s, which nobody exposes", d.Name, p.Title, name)
						}
						if cluster := strings.HasPrefix(name, "kube_") || strings.HasPrefix(name, "container_"); cluster && !p.NeedsCluster {
							t.Errorf("%s: %q does not say that it needs a cluster", d.Name, p.Title)
						}
					}
				}
			}
		}
	}
	for _, names := range Metrics {
		for _, name := range names {
			if why := notOnAPanel[name]; seen[name] == (why != "") {
				t.Errorf("%s: on a panel %v, excused %q", name, seen[name], why)
			}
		}
	}
}

func TestRulesAskForWhatIsExposed(t *testing.T) {
	exprs := map[string]string{}
	for _, r := range Recorded() {
		exprs[r.Record+r.SLO] = r.Expr
	}
	for _, a := range Alerts() {
		exprs[a.Name] = a.Expr()
	}
	for rule, expr := range exprs {
		for _, name := range metricsIn(expr) {
			if !known()[name] {
				t.Errorf("%s asks for %s, which nobody exposes", rule, name)
			}
		}
	}
}

// known are all names that may be asked for.
func known() map[string]bool {
	all := map[string]bool{}
	for _, name := range slices.Concat(slices.Collect(maps.Values(Metrics))...) {
		all[name] = true
	}
	for _, name := range fromCluster {
		all[name] = true
	}
	for _, r := range Recorded() {
		all[r.Record] = true
	}
	return all
}

var suffix = regexp.MustCompile(`_(bucket|sum|count)$`)

// metricsIn are the names in an expression.
func metricsIn(expr string) (names []string) {
	_, selectors := parsed(expr)
	for _, v := range selectors {
		names = append(names, suffix.ReplaceAllString(v.Name, ""))
	}
	return names
}
