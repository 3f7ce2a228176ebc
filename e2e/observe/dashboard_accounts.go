package observe

func accounts() Dashboard {
	const at = `service="auth-svc"`
	return Dashboard{
		Name: "accounts", Title: "Slippers: accounts and sessions",
		About: "Whether people get in, and whether somebody tries who should not.",
		Rows: []Row{
			{"Do people get in?", []Panel{
				{
					Title: "Logins", Unit: PerSec, About: "refused is a wrong password, limited too many attempts, failed our fault.",
					Queries: one(rate("logins_total", at, "outcome"), "{{outcome}}"),
				},
				{
					Title: "Registrations", Unit: PerSec, About: "refused has broken a rule or is registered already, failed is our fault.",
					Queries: one(rate("registrations_total", at, "outcome"), "{{outcome}}"),
				},
				{
					Title: "Time of a login", Unit: Seconds, Thresholds: rising(.5, 1),
					About:   "Most of it hashes the password, and should: 250 to 400 ms.",
					Queries: quantiles("http_request_duration_seconds", at+`,route="/auth/login"`, "login"),
				},
			}},
			{"Does somebody try who should not?", []Panel{
				{
					Title: "Attempts", Unit: PerSec, About: "By what is counted. known came from an address where the account's owner was before.",
					Queries: one(rate("auth_attempts_total", at, "kind", "decision"), "{{kind}} {{decision}}"),
				},
				{
					Title: "Refreshes", Unit: PerSec, About: "reused is a spent token that came back: its whole session ends.",
					Queries: one(rate("token_refreshes_total", at, "outcome"), "{{outcome}}"),
				},
				{
					Title: "Sessions that ended", Unit: PerSec, About: "Before their time: by a logout, a changed password or role, a deletion, a stolen token.",
					Queries: one(rate("sessions_ended_total", at), "ended"),
				},
			}},
			{"Keys", []Panel{{
				Title: "Age of the signing key", Unit: Seconds, Single: true, Thresholds: rising(150*24*3600, 180*24*3600),
				About:   "The runbook says how it is replaced without ending a session.",
				Absent:  "a key that was made without a note of its day has no series",
				Queries: one("time() - max(signing_key_created_timestamp_seconds{"+at+"})", "age"),
			}}},
		},
	}
}
