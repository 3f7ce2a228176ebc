package observe

import (
	"fmt"
	"strings"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Namespace stands for a release's namespace: in the rules the chart puts it in, in dashboards the reader chooses it. Without
// it one Prometheus that watches two releases would take them for one, and the one that is well would hide the other's faults.
const Namespace = "$namespace"

// of selects the series of one namespace, or those without, on one machine.
func of(namespace string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchEqual, "namespace", namespace)
}

// ofChosen selects those of the namespaces that a dashboard's reader has chosen.
var ofChosen = labels.MustNewMatcher(labels.MatchRegexp, "namespace", Namespace)

// rateInterval is Grafana's to fill in. Where expressions are parsed a duration stands for it, which none of them has.
const rateInterval, interval = "$__rate_interval", "1h1m1s"

// parsed returns an expression and its selectors. It panics if it is none of PromQL's: all are our own.
func parsed(expr string) (whole parser.Expr, selectors []*parser.VectorSelector) {
	whole, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(expr, rateInterval, interval))
	if err != nil {
		panic(fmt.Errorf("parsing %q: %w", expr, err))
	}
	parser.Inspect(whole, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			selectors = append(selectors, v)
		}
		return nil
	})
	return whole, selectors
}

// within returns the expression with each of its selectors held to m.
func within(m *labels.Matcher, expr string) string {
	whole, selectors := parsed(expr)
	for _, v := range selectors {
		v.LabelMatchers = append(v.LabelMatchers, m)
	}
	return strings.ReplaceAll(whole.String(), interval, rateInterval)
}
