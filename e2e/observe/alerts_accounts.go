package observe

import "time"

const (
	loginsDenied = `sum(rate(logins_total{outcome=~"refused|limited"}[15m]))`
	loginsFailed = `sum(rate(logins_total{outcome="failed"}[5m]))`
)

var accountAlerts = []Alert{
	{
		Name: "LoginsFail", For: 2 * time.Minute, Severity: Page, Runbook: "logins",
		When: []Condition{
			{Left: loginsFailed + " / sum(rate(logins_total[5m]))", Is: ">", Than: .05},
			{Left: loginsFailed + " * 300", Is: ">=", Than: fewest},
		},
		Summary:     "{{ $value | humanizePercentage }} of the logins fail through our fault",
		Description: "Neither a wrong password nor a limit: auth-svc could not do its work.",
		Fires:       []Case{{At: 12 * time.Minute, Series: logins("0+60x20", "0+0x20", "0+20x20")}},
		Quiet: []Case{
			{At: 12 * time.Minute, Series: logins("0+60x20", "0+40x20", "0+0x20")}, // wrong passwords are no failure
			{At: 12 * time.Minute, Series: logins("0+600x20", "0+0x20", "0+6x20")},
			{At: 12 * time.Minute, Series: logins("0+1x20", "0+0x20", "0+0x9 2+0x10")},
		},
	},
	{
		Name: "LoginsDeniedSpike", For: 10 * time.Minute, Severity: Ticket, Runbook: "logins",
		When: []Condition{
			{Left: loginsDenied + " / sum(rate(logins_total[15m]))", Is: ">", Than: .5},
			{Left: loginsDenied, Is: ">", Than: .5},
		},
		Summary:     "{{ $value | humanizePercentage }} of the logins are denied",
		Description: "Somebody guesses passwords, or a client of ours sends wrong ones.",
		Fires:       []Case{{At: 40 * time.Minute, Series: logins("0+20x60", "0+200x60", "0+0x60")}},
		Quiet: []Case{
			{At: 40 * time.Minute, Series: logins("0+200x60", "0+40x60", "0+0x60")},
			{At: 40 * time.Minute, Series: logins("0+0x60", "0+2x60", "0+0x60")}, // few at night
		},
	},
	{
		Name: "RefreshReuseSpike", Severity: Ticket, Runbook: "logins",
		When:        when(`sum(increase(token_refreshes_total{outcome="reused"}[15m]))`, ">", 20),
		Summary:     "{{ $value | humanize }} spent refresh tokens came back in a quarter of an hour",
		Description: "Each ended its session. Tokens were stolen, or a client of ours sends one twice.",
		Fires:       []Case{{At: 30 * time.Minute, Series: reused("0+0x10 3+3x30")}},
		Quiet:       []Case{{At: 30 * time.Minute, Series: reused("0+0x20 1+0x5 2+0x20")}},
	},
	{
		Name: "SigningKeyOld", For: time.Hour, Severity: Ticket, Runbook: "signing-key",
		When: []Condition{{
			Left: "time() - max(signing_key_created_timestamp_seconds)", Is: ">", Than: 180 * 24 * 3600,
			Absent: "a key that was made without a note of its day has no series",
		}},
		Summary:     "The key that signs access tokens is {{ $value | humanizeDuration }} old",
		Description: "It is time for a new one. That ends no session.",
		Fires:       history(90*time.Minute, `signing_key_created_timestamp_seconds{service="auth-svc",instance="a"}`, "-16000000+0x100"),
		Quiet:       history(90*time.Minute, `signing_key_created_timestamp_seconds{service="auth-svc",instance="a"}`, "-1000000+0x100"),
	},
}

func logins(ok, denied, failed string) Inputs {
	name := func(outcome string) string {
		return `logins_total{service="auth-svc",instance="a",outcome="` + outcome + `"}`
	}
	return Inputs{name("ok"): ok, name("refused"): denied, name("failed"): failed, name("limited"): "0+0x60"}
}

func reused(count string) Inputs {
	name := `token_refreshes_total{service="auth-svc",instance="a",outcome="reused"}`
	return Inputs{name: count}
}
