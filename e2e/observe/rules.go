package observe

import (
	"fmt"

	"go.yaml.in/yaml/v4"
)

// Rule is a recorded expression.
type Rule struct {
	Record, Expr string
	SLO          string // the label slo
}

// Recorded are all recorded expressions, in the order in which they need each other.
func Recorded() (all []Rule) {
	for _, s := range SLOs {
		all = append(all,
			Rule{"slo:requests:rate5m", s.Requests(), s.Name},
			Rule{"slo:bad:rate5m", s.Bad(), s.Name},
			Rule{"slo:budget:ratio", "vector(" + number(s.Budget) + ")", s.Name})
	}
	// Long windows add up what was recorded: days of histograms would be read anew at each evaluation.
	for i, w := range Windows {
		expr := "slo:bad:rate5m / slo:requests:rate5m"
		if i > 0 {
			expr = fmt.Sprintf("sum_over_time(slo:bad:rate5m[%[1]s]) / sum_over_time(slo:requests:rate5m[%[1]s])", windowText(w))
		}
		all = append(all, Rule{Record: ratio(w), Expr: expr})
	}
	const requests, by = "http_request_duration_seconds_count", "sum by (service, instance) "
	of := func(selector string) string { return by + "(rate(" + requests + "{" + selector + "}[5m]))" }
	return append(all, Rule{
		Record: "instance:http_errors:ratio_rate5m",
		Expr:   "(" + of(ours+`,status=~"5.."`) + " or 0 * " + of(ours) + ") / " + of(ours),
	})
}

type (
	rulesFile struct {
		Groups []ruleGroup `yaml:"groups"`
	}
	ruleGroup struct {
		Name  string     `yaml:"name"`
		Rules []ruleYAML `yaml:"rules"`
	}
	ruleYAML struct {
		Record      string            `yaml:"record,omitempty"`
		Alert       string            `yaml:"alert,omitempty"`
		Expr        string            `yaml:"expr"`
		For         string            `yaml:"for,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations map[string]string `yaml:"annotations,omitempty"`
	}
)

// runbooks is where the pages are in the repository. The chart puts another address in its place.
const runbooks = "docs/runbooks/"

// RulesFile returns all rules as Prometheus reads them, of the series of one namespace. On one machine series have none: "".
func RulesFile(namespace string) ([]byte, error) { return rulesOf(namespace, Recorded(), Alerts()) }

func rulesOf(namespace string, recorded []Rule, alerting []Alert) ([]byte, error) {
	labels := func(more map[string]string) map[string]string { // a sum of series has lost theirs
		if namespace != "" {
			more["namespace"] = namespace
		}
		return more
	}
	recording := ruleGroup{Name: "slippers.recording"}
	for _, r := range recorded {
		y := ruleYAML{Record: r.Record, Expr: within(of(namespace), r.Expr), Labels: labels(map[string]string{})}
		if r.SLO != "" {
			y.Labels["slo"] = r.SLO
		}
		recording.Rules = append(recording.Rules, y)
	}
	alerts := ruleGroup{Name: "slippers.alerts"}
	for _, a := range alerting {
		alerts.Rules = append(alerts.Rules, ruleYAML{
			Alert: a.Name, Expr: within(of(namespace), a.Expr()), For: a.wait(),
			Labels: labels(map[string]string{"severity": string(a.Severity), "app": "slippers"}),
			Annotations: map[string]string{
				"summary": a.Summary, "description": a.Description, "runbook_url": runbooks + a.Runbook + ".md",
			},
		})
	}
	return document("# Written by `make generate` from e2e/observe.\n", rulesFile{Groups: []ruleGroup{recording, alerts}})
}

// document writes YAML under a comment.
func document(comment string, content any) ([]byte, error) {
	text, err := yaml.Dump(content, yaml.WithLineWidth(-1))
	if err != nil {
		return nil, fmt.Errorf("writing YAML: %w", err)
	}
	return append([]byte(comment), text...), nil
}
