package observe

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The form in which promtool takes unit tests of rules.
type (
	unitTests struct {
		RuleFiles          []string   `yaml:"rule_files"`
		EvaluationInterval string     `yaml:"evaluation_interval"`
		Tests              []unitTest `yaml:"tests"`
	}
	unitTest struct {
		Name        string        `yaml:"name"`
		Interval    string        `yaml:"interval"`
		InputSeries []inputSeries `yaml:"input_series"`
		ExprTests   []exprTest    `yaml:"promql_expr_test"`
	}
	inputSeries struct {
		Series string `yaml:"series"`
		Values string `yaml:"values"`
	}
	exprTest struct {
		Expr     string   `yaml:"expr"`
		EvalTime string   `yaml:"eval_time"`
		Samples  []sample `yaml:"exp_samples"`
	}
	sample struct {
		Labels string  `yaml:"labels"`
		Value  float64 `yaml:"value"`
	}
)

// test asks whether an alert fires, of whatever labels: 1, or nothing.
func (c Case) test(a Alert, name string, fires bool) unitTest {
	all := exprTest{
		Expr:     fmt.Sprintf(`count(ALERTS{alertname=%q,alertstate="firing"}) > bool 0`, a.Name),
		EvalTime: windowText(c.At), Samples: []sample{},
	}
	if fires {
		all.Samples = []sample{{"{}", 1}}
	}
	u := unitTest{Name: name, Interval: "1m", ExprTests: []exprTest{all}}
	for _, s := range slices.Sorted(maps.Keys(c.Series)) {
		u.InputSeries = append(u.InputSeries, inputSeries{s, c.Series[s]})
	}
	return u
}

func TestRulesAreSound(t *testing.T) {
	promtool(t, "check", "rules", "--lint-fatal", write(t, t.TempDir(), "rules.yaml", must(RulesFile(Namespace))))
}

func TestPrometheusReadsEveryQueryOfADashboard(t *testing.T) {
	var all []Rule
	for _, d := range Dashboards() {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					all = append(all, Rule{Record: fmt.Sprintf("query:%s:%d", d.Name, len(all)), Expr: q.Plain("5m")})
				}
			}
		}
	}
	promtool(t, "check", "rules", "--lint-fatal", write(t, t.TempDir(), "queries.yaml", must(rulesOf("", all, nil))))
}

// Each alert is tried with the rules that it needs: with all of them it takes minutes.
func TestAlertsFireWhenTheyMust(t *testing.T) {
	dir := t.TempDir()
	args := []string{"test", "rules"}
	for _, a := range Alerts() {
		if len(a.Fires) == 0 || len(a.Quiet) == 0 {
			t.Errorf("%s is not shown to fire and to be quiet", a.Name)
		}
		rules := write(t, dir, a.Name+".rules.yaml", must(rulesOf("", a.needs(), []Alert{a})))
		tests := unitTests{RuleFiles: []string{rules}, EvaluationInterval: "1m"}
		for i, c := range a.Fires {
			tests.Tests = append(tests.Tests, c.test(a, fmt.Sprintf("%s fires %d", a.Name, i), true))
		}
		for i, c := range a.Quiet {
			tests.Tests = append(tests.Tests, c.test(a, fmt.Sprintf("%s quiet %d", a.Name, i), false))
		}
		args = append(args, write(t, dir, a.Name+".yaml", must(document("", tests))))
	}
	promtool(t, args...)
}

// One Prometheus may watch staging beside production. Neither hides the other's faults, and neither has the other's alerts.
func TestAlertsAreOfOneNamespace(t *testing.T) {
	dir := t.TempDir()
	args := []string{"test", "rules"}
	for _, a := range Alerts() {
		rules := write(t, dir, a.Name+".rules.yaml", must(rulesOf("production", a.needs(), []Alert{a})))
		bad, well := a.Fires[0], a.Quiet[0]
		args = append(args, write(t, dir, a.Name+".yaml", must(document("", unitTests{
			RuleFiles: []string{rules}, EvaluationInterval: "1m", Tests: []unitTest{
				Case{bad.At, bad.in("production").and(well.in("staging"))}.test(a, a.Name+" fires beside a staging that is well", true),
				Case{well.At, well.in("production").and(bad.in("staging"))}.test(a, a.Name+" is not about staging", false),
			},
		}))))
	}
	promtool(t, args...)
}

// in is the history, as another namespace's.
func (c Case) in(namespace string) Inputs {
	moved := Inputs{}
	for series, values := range c.Series {
		moved[within(of(namespace), series)] = values
	}
	return moved
}

// needs are the recorded rules that a stands on.
func (a Alert) needs() []Rule {
	return slices.DeleteFunc(Recorded(), func(r Rule) bool {
		return !strings.Contains(a.Expr(), ":") || r.SLO != "" && !strings.Contains(a.Expr(), strconv.Quote(r.SLO))
	})
}

func TestAlertsSayWhatIsWrong(t *testing.T) {
	names := map[string]bool{}
	for _, a := range Alerts() {
		if names[a.Name] || a.Summary == "" || a.Description == "" || a.Severity != Page && a.Severity != Ticket || len(a.When) == 0 {
			t.Errorf("%s lacks something, or another has its name", a.Name)
		}
		names[a.Name] = true
		if a.For%time.Minute != 0 {
			t.Errorf("%s waits for %v, want whole minutes", a.Name, a.For)
		}
	}
}

func TestWindowsAreWrittenAsPrometheusReadsThem(t *testing.T) {
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", 90 * time.Minute: "90m", time.Hour: "1h", 72 * time.Hour: "3d"} {
		if got := windowText(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

func must(text []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return text
}

func write(t *testing.T, dir, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// promtool runs Prometheus' own tool. CI must have it; elsewhere what it judges is not judged.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("promtool")
	if err != nil {
		const missing = "promtool is not installed: apt-get install prometheus, or brew install prometheus"
		if os.Getenv("CI") != "" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args[:2], " "), err, out)
	}
}
