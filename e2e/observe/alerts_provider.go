package observe

import "time"

const (
	octoUnclear = `sum(rate(octo_call_duration_seconds_count{outcome="unclear"}[10m]))`
	octoRefused = `sum(rate(octo_call_duration_seconds_count{outcome="refused"}[10m]))`
	octoAll     = `sum(rate(octo_call_duration_seconds_count[10m]))`
)

var providerAlerts = []Alert{
	{
		Name: "ProviderUnclear", For: 5 * time.Minute, Severity: Page, Runbook: "provider",
		When: []Condition{
			{Left: octoUnclear + " / " + octoAll, Is: ">", Than: .2},
			{Left: octoUnclear, Is: ">", Than: .01},
		},
		Summary:     "{{ $value | humanizePercentage }} of the calls of OCTO have no clear answer",
		Description: "Buyers cannot pay, or do not learn that they have paid. What is unclear is read back later, and never charged twice.",
		Fires:       []Case{{At: 20 * time.Minute, Series: called("0+6x30", "0+0x30", "0+4x30")}},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: called("0+10x30", "0+0x30", "0+1x30")},
			{At: 20 * time.Minute, Series: called("0+0x30", "0+0x30", "0+0x12 1+0x15")}, // one call in the night
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
			{Left: octoRefused + " / " + octoAll, Is: ">", Than: .5},
			{Left: octoRefused, Is: ">", Than: .01},
		},
		Summary:     "OCTO refuses {{ $value | humanizePercentage }} of our calls",
		Description: "Buyers cannot pay. After a change here it is most often a credential, the shop's number or a basket that OCTO does not know.",
		Fires:       []Case{{At: 20 * time.Minute, Series: called("0+2x30", "0+8x30", "0+0x30")}},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: called("0+8x30", "0+2x30", "0+0x30")},
			{At: 20 * time.Minute, Series: called("0+0x30", "0+0x12 1+0x15", "0+0x30")},
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

func called(ok, refused, unclear string) Inputs {
	name := func(outcome string) string {
		return `octo_call_duration_seconds_count{service="order-svc",instance="a",call="prepare_payment",outcome="` + outcome + `"}`
	}
	return Inputs{name("ok"): ok, name("refused"): refused, name("unclear"): unclear}
}
