package observe

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Severity says who is told, and when.
type Severity string

// A page wakes somebody: customers are harmed now, or money is wrong. A ticket waits for the morning.
const (
	Page   Severity = "page"
	Ticket Severity = "ticket"
)

// Condition is a comparison, in parts, so that its left side can be asked alone: one that selects nothing never fires.
type Condition struct {
	Left string
	Is   string
	Than float64

	// Absent says why Left may select nothing in a sound store. Elsewhere that would be a mistake.
	Absent string
}

func (c Condition) String() string { return "(" + c.Left + ") " + c.Is + " " + number(c.Than) }

// Inputs are series and their values minute by minute, in the notation of promtool.
type Inputs map[string]string

// and returns the series of both.
func (i Inputs) and(more Inputs) Inputs {
	all := maps.Clone(i)
	maps.Copy(all, more)
	return all
}

// Case is a history, and the moment at which an alert must fire, or must not.
type Case struct {
	At     time.Duration
	Series Inputs
}

// Alert is something that a person must look at.
type Alert struct {
	Name     string
	When     []Condition // all must hold, of the same labels
	For      time.Duration
	Severity Severity

	// Summary says what is wrong in one line, Description what that means or where to look. Both are templates.
	Summary, Description string

	// Runbook is the name of a page in docs/runbooks.
	Runbook string

	Fires, Quiet []Case
}

// Expr is the whole condition.
func (a Alert) Expr() string {
	parts := make([]string, len(a.When))
	for i, c := range a.When {
		parts[i] = c.String()
	}
	return strings.Join(parts, " and ")
}

func (a Alert) wait() string {
	if a.For == 0 {
		return ""
	}
	return windowText(a.For)
}

// Alerts are all of them, from what customers notice to what will hurt them some day.
func Alerts() (all []Alert) {
	for _, s := range SLOs {
		all = append(all, s.alerts()...)
	}
	return slices.Concat(append(all, unmeasured), processAlerts, dependencyAlerts, orderAlerts, providerAlerts, stockAlerts, accountAlerts)
}

func when(left, is string, than float64) []Condition {
	return []Condition{{Left: left, Is: is, Than: than}}
}

// history is a case of one series.
func history(at time.Duration, series, values string) []Case {
	return []Case{{at, Inputs{series: values}}}
}

// grown is by how much counters have grown that should never: in a series that is younger than the window, all that it has,
// since a process may have counted before it was first scraped.
func grown(metric, window, by string) string {
	return "sum by (" + by + ") ((increase(" + metric + "[" + window + "]) and " + metric + " offset " + window + ") or (" +
		metric + " unless " + metric + " offset " + window + "))"
}
