package observe

import (
	"fmt"
	"slices"
	"strings"
)

// Query is one expression of a panel. $__rate_interval, $namespace, $service and $instance are Grafana's to fill in.
type Query struct{ Expr, Legend string }

// Plain is the expression without variables, for whoever asks Prometheus itself: all services, and rates over a window.
func (q Query) Plain(window string) string {
	return strings.NewReplacer(rateInterval, window, Namespace, allOf("namespace"), "$service", allOf("service"),
		"$instance", allOf("instance")).Replace(q.Expr)
}

// allOf matches all values of a variable.
func allOf(variable string) string {
	switch variable {
	case "namespace":
		return ".*" // on one machine there is none
	case "service":
		return strings.Join(Services, "|") // Prometheus may know others
	}
	return ".+"
}

// Unit is one of Grafana's.
type Unit string

// The units that panels have.
const (
	Count   Unit = "short"
	PerSec  Unit = "ops"
	Seconds Unit = "s"
	Bytes   Unit = "bytes"
	Part    Unit = "percentunit"
	Cores   Unit = "suffix: cores"
)

// Threshold is a colour from a value on.
type Threshold struct {
	From   float64
	Colour string
}

// Panel is one graph, or one number where Single is set.
type Panel struct {
	Title, About string
	Unit         Unit
	Queries      []Query

	// Thresholds begin with the colour below all of them, whose From does not count. None is none.
	Thresholds []Threshold

	Single  bool
	Stacked bool

	// NeedsCluster says that Kubernetes exposes what is shown here.
	NeedsCluster bool

	// Absent says why there may be nothing to show in a sound store that has had some traffic.
	Absent string
}

// Row is a step from symptom to cause.
type Row struct {
	Title  string
	Panels []Panel
}

// Dashboard is a page of Grafana's.
type Dashboard struct {
	Name, Title, About string

	// Variables are the labels that its reader may choose values of, beside the namespace.
	Variables []string

	Rows []Row
}

// NeedsCluster tells whether Kubernetes exposes what some of the panels show.
func (d Dashboard) NeedsCluster() bool {
	return slices.ContainsFunc(d.Rows, func(r Row) bool {
		return slices.ContainsFunc(r.Panels, func(p Panel) bool { return p.NeedsCluster })
	})
}

// Dashboards are all of them.
func Dashboards() []Dashboard {
	all := []Dashboard{
		overview(), gateway(), postgresql(), redis(), ordersAndMoney(), accounts(), jobs(), runtime(), autoscaling(),
	}
	for _, d := range all {
		for _, r := range d.Rows {
			for _, p := range r.Panels {
				for i := range p.Queries {
					p.Queries[i].Expr = within(ofChosen, p.Queries[i].Expr)
				}
			}
		}
	}
	return all
}

// chosen selects what the dashboard's reader has chosen.
const chosen = `service=~"$service",instance=~"$instance"`

// rising is for what is bad when it is much.
func rising(warn, bad float64) []Threshold {
	return []Threshold{{0, "green"}, {warn, "orange"}, {bad, "red"}}
}

// falling is for what is bad when it is little.
func falling(bad, warn float64) []Threshold {
	return []Threshold{{0, "red"}, {bad, "orange"}, {warn, "green"}}
}

// never is for what must be zero.
func never() []Threshold { return []Threshold{{0, "green"}, {1, "red"}} }

// one makes the queries of a panel that has one.
func one(expr, legend string) []Query { return []Query{{expr, legend}} }

// rate is the growth of counters in a second, summed by labels.
func rate(metric, selector string, by ...string) string {
	return fmt.Sprintf("sum%s (rate(%s{%s}[$__rate_interval]))", grouped(by), metric, selector)
}

// quantile is one of a histogram, by labels.
func quantile(q float64, metric, selector string, by ...string) string {
	return fmt.Sprintf("histogram_quantile(%s, %s)", number(q), rate(metric+"_bucket", selector, append([]string{"le"}, by...)...))
}

// quantiles are the middle and the slow end of a histogram.
func quantiles(metric, selector, legend string, by ...string) []Query {
	return []Query{{quantile(.5, metric, selector, by...), legend + " p50"}, {quantile(.99, metric, selector, by...), legend + " p99"}}
}

// gauge is the value of a gauge; how says how those of replicas are put together: sum or max.
func gauge(how, metric, selector string, by ...string) string {
	return fmt.Sprintf("%s%s (%s{%s})", how, grouped(by), metric, selector)
}

// failures is the part of the requests that were answered with 5xx: zero while none was.
func failures(selector string, by ...string) string {
	const requests = "http_request_duration_seconds_count"
	all := rate(requests, selector, by...)
	return fmt.Sprintf("(%s or 0 * %s) / %s", rate(requests, selector+`,status=~"5.."`, by...), all, all)
}

func grouped(by []string) string {
	if len(by) == 0 {
		return ""
	}
	return " by (" + strings.Join(by, ", ") + ")"
}
