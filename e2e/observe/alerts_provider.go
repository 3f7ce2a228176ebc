package observe

import (
	"maps"
	"time"
)

// calls is the rate of the calls of OCTO that a selector takes, by call.
func calls(selector string) string {
	return "sum by (call) (rate(octo_call_duration_seconds_count{" + selector + "}[10m]))"
}

// Each call is judged by itself: there are many more reads than payments that are made.
var (
	octoUnclear = calls(`outcome="unclear"`)
	octoAll     = calls("")
	octoRefused = calls(`call="prepare_payment",outcome="refused"`)
	octoMade    = calls(`call="prepare_payment"`)
)

var providerAlerts = []Alert{
	{
		Name: "ProviderUnclear", For: 5 * time.Minute, Severity: Page, Runbook: "provider",
		When: []Condition{
			{Left: octoUnclear + " / " + octoAll, Is: ">", Than: .2},
			{Left: octoUnclear, Is: ">", Than: .01},
		},
		Summary:     "{{ $value | humanizePercentage }} of the calls of OCTO, {{ $labels.call }}, have no clear answer",
		Description: "Buyers cannot pay, or do not learn that they have paid. What is unclear is read back later, and never charged twice.",
		Fires: []Case{
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+6x30", "0+0x30", "0+4x30")},
			{At: 20 * time.Minute, Series: besideReads("0+6x30", "0+0x30", "0+4x30")},
			{At: 20 * time.Minute, Series: called("read_payment", "0+60x30", "0+0x30", "0+40x30")},
		},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+10x30", "0+0x30", "0+1x30")},
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+0x30", "0+0x30", "0+0x12 1+0x15")}, // one call in the night
		},
	},
	{
		Name: "ProviderCircuitOpen", For: 5 * time.Minute, Severity: Page, Runbook: "provider",
		When:        when("max(max_over_time(octo_circuit_open[2m]))", ">", 0), // it closes for a moment to try
		Summary:     "Calls of OCTO are refused at once, because it does not answer",
		Description: "Nobody can pay. It tries again by itself.",
		Fires:       history(15*time.Minute, `octo_circuit_open{service="order-svc",instance="a"}`, "1 0 1 1 0 1 1 1 0 1 1 1 0 1 1 1 1 1"),
		Quiet:       history(15*time.Minute, `octo_circuit_open{service="order-svc",instance="a"}`, "0 0 1 1 0 0 0 0 0 0 0 0 0 0 0 0"),
	},
	{
		Name: "ProviderRefuses", For: 5 * time.Minute, Severity: Page, Runbook: "provider",
		When: []Condition{
			{Left: octoRefused + " / " + octoMade, Is: ">", Than: .5},
			{Left: octoRefused, Is: ">", Than: .01},
		},
		Summary:     "OCTO refuses {{ $value | humanizePercentage }} of our payments",
		Description: "Buyers cannot pay. After a change here it is most often a credential, the shop's number or a basket that OCTO does not know.",
		Fires: []Case{
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+2x30", "0+8x30", "0+0x30")},
			{At: 20 * time.Minute, Series: besideReads("0+2x30", "0+8x30", "0+0x30")},
		},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+8x30", "0+2x30", "0+0x30")},
			{At: 20 * time.Minute, Series: called("prepare_payment", "0+0x30", "0+0x12 1+0x15", "0+0x30")},
			{At: 20 * time.Minute, Series: called("refund", "0+2x30", "0+8x30", "0+0x30")}, // each leaves a payment that needs a person
		},
	},
	{
		Name: "ProviderUnknownStatus", Severity: Ticket, Runbook: "provider",
		When:        when(grown("octo_unknown_statuses_total", "1h", "where"), ">", 0),
		Summary:     "OCTO said a status that we do not know, in {{ $labels.where }}",
		Description: "It changed nothing here. What it means stands in OCTO's documents, or with their support.",
		Fires:       history(90*time.Minute, `octo_unknown_statuses_total{service="order-svc",instance="a",where="refund"}`, "0+0x70 1+0x30"),
		Quiet:       history(90*time.Minute, `octo_unknown_statuses_total{service="order-svc",instance="a",where="refund"}`, "3+0x100"),
	},
	{
		Name: "ProviderCertificateEnds", For: time.Hour, Severity: Ticket, Runbook: "provider",
		When: []Condition{{
			Left: "min(octo_certificate_not_after_timestamp_seconds) - time()", Is: "<", Than: 14 * 24 * 3600,
			Absent: "seen with the first call over TLS; octosim speaks plain http",
		}},
		Summary:     "OCTO's certificate ends in {{ $value | humanizeDuration }}",
		Description: "After that nobody can pay. It is theirs to renew.",
		Fires:       history(90*time.Minute, `octo_certificate_not_after_timestamp_seconds{service="order-svc",instance="a"}`, "1000000+0x100"),
		Quiet:       history(90*time.Minute, `octo_certificate_not_after_timestamp_seconds{service="order-svc",instance="a"}`, "3000000+0x100"),
	},
}

func called(call, ok, refused, unclear string) Inputs {
	name := func(outcome string) string {
		return `octo_call_duration_seconds_count{service="order-svc",instance="a",call="` + call + `",outcome="` + outcome + `"}`
	}
	return Inputs{name("ok"): ok, name("refused"): refused, name("unclear"): unclear}
}

// besideReads is the making of payments while many others are read back without a fault.
func besideReads(ok, refused, unclear string) Inputs {
	all := called("prepare_payment", ok, refused, unclear)
	maps.Copy(all, called("read_payment", "0+100x30", "0+0x30", "0+0x30"))
	return all
}
