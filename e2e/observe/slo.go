package observe

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// SLO is a promise about some routes, measured at the gateway: what the customer gets, whatever is behind it.
type SLO struct {
	Name, Title string

	// Budget is the part of the requests that may be bad: 0.001 promises 99.9 %. It is reckoned over 30 days.
	Budget float64

	// Methods and Routes are regular expressions over the labels.
	Methods, Routes string

	// Under is the bucket within which an answer is quick enough. Without it a status of 5xx is bad.
	Under string

	// Runbook is the page for all its alerts.
	Runbook string
}

const browsing = "/slippers|/slippers/:id|/slippers/:id/images|/categories|/categories/:id"

// SLOs are all promises. Paying promises less than the rest, because the provider is a part of it.
var SLOs = []SLO{
	{Name: "browse", Title: "Browse", Budget: .001, Methods: "GET|HEAD", Routes: browsing, Runbook: "slo-browse"},
	{Name: "browse-latency", Title: "BrowseLatency", Budget: .01, Methods: "GET|HEAD", Routes: browsing, Under: "0.25", Runbook: "slo-browse"},
	{Name: "cart", Title: "Cart", Budget: .001, Methods: ".+", Routes: "/cart|/cart/.+", Runbook: "slo-cart-checkout"},
	{Name: "checkout", Title: "Checkout", Budget: .001, Methods: "POST", Routes: "/orders|/orders/from-cart", Runbook: "slo-cart-checkout"},
	{
		Name: "pay", Title: "Pay", Budget: .005, Methods: ".+",
		Routes: "/payments/octo/create|/payments/octo/notify|/payments/:order_id", Runbook: "slo-pay",
	},
}

// Windows are the times over which the part of bad requests is recorded. The first is measured, the others are sums of it.
var Windows = []time.Duration{
	5 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 24 * time.Hour, 72 * time.Hour,
}

// burn is one way to spend too much, from the SRE workbook, "Alerting on SLOs": the long window says that it matters, the
// short one that it goes on.
type burn struct {
	name        string
	factor      float64
	long, short time.Duration
	wait        time.Duration
	severity    Severity
}

var burns = []burn{
	{"14x", 14.4, time.Hour, 5 * time.Minute, 2 * time.Minute, Page},
	{"6x", 6, 6 * time.Hour, 30 * time.Minute, 5 * time.Minute, Page},
	{"1x", 1, 72 * time.Hour, 6 * time.Hour, time.Hour, Ticket},
}

// fewest is how many requests must have been bad in the long window: at night one of ten is no reason to wake anybody.
const fewest = 5

func (s SLO) selector(more ...string) string {
	all := append([]string{`service="gateway"`, fmt.Sprintf("method=~%q", s.Methods), fmt.Sprintf("route=~%q", s.Routes)}, more...)
	return "{" + strings.Join(all, ",") + "}[5m]"
}

// Requests is the rate of requests that the promise is about.
func (s SLO) Requests() string {
	if s.Under == "" {
		return "sum(rate(http_request_duration_seconds_count" + s.selector() + "))"
	}
	return "sum(rate(http_request_duration_seconds_count" + s.selector(`status!~"5.."`) + "))" // failures are the other promise's
}

// Bad is the rate of those that broke it: zero, not absent, while none did.
func (s SLO) Bad() string {
	if s.Under == "" {
		return "sum(rate(http_request_duration_seconds_count" + s.selector(`status=~"5.."`) + ")) or 0 * " + s.Requests()
	}
	quick := "sum(rate(http_request_duration_seconds_bucket" + s.selector(`status!~"5.."`, fmt.Sprintf("le=%q", s.Under)) + "))"
	return "clamp_min(" + s.Requests() + " - " + quick + ", 0)"
}

// ratio is the recorded part of bad requests over a window.
func ratio(w time.Duration) string { return "slo:bad:ratio_rate" + windowText(w) }

// alerts are those about the promise, one for each way to spend too much.
func (s SLO) alerts() (all []Alert) {
	for _, b := range burns {
		of := fmt.Sprintf("{slo=%q}", s.Name)
		most := b.factor * s.Budget
		all = append(all, Alert{
			Name: s.Title + "BudgetBurns" + b.name, For: b.wait, Severity: b.severity, Runbook: s.Runbook,
			When: []Condition{
				{Left: ratio(b.long) + of, Is: ">", Than: most},
				{Left: ratio(b.short) + of, Is: ">", Than: most},
				{
					Left: fmt.Sprintf("avg_over_time(slo:bad:rate5m%s[%s]) * %d", of, windowText(b.long), int(b.long/time.Second)),
					Is:   ">=", Than: fewest,
				},
			},
			Summary: fmt.Sprintf("%s: %s of the requests are bad, %s times what the promise allows",
				s.Name, "{{ $value | humanizePercentage }}", number(b.factor)),
			Description: fmt.Sprintf("Over the last %s. At this rate the budget of 30 days is gone in %s.",
				windowText(b.long), windowText(time.Duration(math.Round(30*24/b.factor))*time.Hour)),
			Fires: []Case{s.traffic(1.3*most, 50*time.Minute+b.wait)},
			Quiet: b.quiet(s, most),
		})
	}
	return all
}

// unmeasured tells of a Prometheus that drops what the promises are reckoned from. Nothing else would: an expression without
// series never fires. Pages of the routes that browsing is about are counted by the cache too.
var unmeasured = Alert{
	Name: "PromisesUnmeasured", For: 10 * time.Minute, Severity: Ticket, Runbook: "unmeasured",
	When: []Condition{
		{
			Left: `max(absent(slo:requests:rate5m{slo="browse"}) or absent(http_request_duration_seconds_bucket{service="gateway",le="0.25"}))`,
			Is:   ">", Than: 0, Absent: "it is about what should be there",
		},
		{Left: `sum(rate(edge_cache_requests_total{outcome!="bypass"}[5m]))`, Is: ">", Than: .1},
	},
	Summary:     "Pages are served, and nobody measures how well",
	Description: "Prometheus keeps no classic histograms of the gateway. No alert about a promise can fire.",
	Fires: []Case{
		{At: 20 * time.Minute, Series: paged("0+200x30", "0+20x30")},
		{At: 20 * time.Minute, Series: paged("0+200x30", "0+20x30").and(SLOs[0].series("0+200x30", "0+0x30"))}, // counts, but no buckets
	},
	Quiet: []Case{
		{At: 20 * time.Minute, Series: paged("0+200x30", "0+20x30").and(SLOs[0].series("0+200x30", "0+0x30")).and(SLOs[1].series("0+200x30", "0+0x30"))},
		{At: 20 * time.Minute, Series: paged("0+0x30", "0+1x30")}, // nobody is there: a shop that has just begun
	},
}
