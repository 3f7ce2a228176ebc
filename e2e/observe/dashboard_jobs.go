package observe

func jobs() Dashboard {
	const at = `service="order-svc"`
	by := func(selector string) string { return "max by (kind, state) (jobs{" + at + selector + "})" }
	return Dashboard{
		Name: "jobs", Title: "Slippers: jobs",
		About: "What order-svc does without a request: confirm payments, claim orders, send refunds, return stock, and the routines.",
		Rows: []Row{
			{"Is work done?", []Panel{
				{
					Title: "Oldest job that waits", Unit: Seconds, Thresholds: rising(60, 300),
					About:   "For how long it could have been done already. Above a minute, no replica works or all workers are busy.",
					Queries: one(gauge("max", "jobs_oldest_waiting_seconds", at), "waiting"),
				},
				{
					Title: "Longest unread payment", Unit: Seconds, Thresholds: rising(900, 1800),
					About:   "What payment_confirm should keep low.",
					Queries: one(gauge("max", "payments_oldest_unread_seconds", at), "unread"),
				},
			}},
			{"Which jobs?", []Panel{
				{
					Title: "Jobs by state", Unit: Count, Stacked: true,
					About:   "scheduled are for later, retryable have failed and are tried again.",
					Absent:  "a store whose work is all done has none",
					Queries: one("sum by (state) ("+by("")+")", "{{state}}"),
				},
				{
					Title: "Failing", Unit: Count, Thresholds: rising(1, 10),
					About:   "Jobs that wait for their next try, by kind. GET /admin/jobs has their last error.",
					Absent:  "jobs are counted by kind and state, and there may be none that fails",
					Queries: one(by(`,state="retryable"`), "{{kind}}"),
				},
				{
					Title: "Given up", Unit: Count, Thresholds: never(),
					About:   "Jobs that are not tried any more, by kind. POST /admin/jobs/ID/retry tries one again.",
					Absent:  "jobs are counted by kind and state, and there may be none that was given up",
					Queries: one(by(`,state=~"discarded|cancelled"`), "{{kind}} {{state}}"),
				},
			}},
			{"What hinders them?", []Panel{
				{
					Title: "Database connections in use", Unit: Part, Thresholds: rising(.7, .9),
					About:   "Jobs share the pool with requests.",
					Queries: one("db_pool_checked_out_connections{"+at+"} / db_pool_max_connections{"+at+"}", "{{instance}}"),
				},
				{
					Title: "Calls of others", Unit: Seconds, Thresholds: rising(2.5, 5),
					About: "The 99th percentile of calls that jobs wait for.",
					Queries: []Query{
						{quantile(.99, "octo_call_duration_seconds", at, "call"), "octo {{call}}"},
						{quantile(.99, "http_client_request_duration_seconds", at, "upstream"), "{{upstream}}"},
					},
				},
			}},
		},
	}
}
