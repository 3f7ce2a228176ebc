package observe

func postgresql() Dashboard {
	const at = behind + `,` + chosen
	perAcquire := func(counter string) string {
		return rate(counter, at, "service") + " / " + rate("db_pool_acquires_total", at, "service")
	}
	return Dashboard{
		Name: "postgresql", Title: "Slippers: PostgreSQL pools and queries", Variables: []string{"service", "instance"},
		About: "Whether requests are slow because of the database, and whether it is the queries or the wait for a connection.",
		Rows: []Row{
			{"Do requests suffer?", []Panel{
				{
					Title: "Slowest routes", Unit: Seconds, Thresholds: rising(.25, 1),
					About: "The 99th percentile of the ten slowest routes behind the gateway. Nearly all of it is queries.",
					Queries: one("topk(10, "+quantile(.99, "http_request_duration_seconds", at, "service", "method", "route")+")",
						"{{service}} {{method}} {{route}}"),
				},
				{
					Title: "Failed requests", Unit: Part, Thresholds: rising(.001, .01),
					About:   "The part answered with 5xx. Without PostgreSQL a service answers 503 to everything that needs it.",
					Queries: one(failures(at, "service"), "{{service}}"),
				},
			}},
			{"Is it what they ask?", []Panel{
				{
					Title: "Slow statements", Unit: Seconds, Thresholds: rising(.1, 1),
					About: "The 99th percentile by first word, without the wait for a connection. Commits alone slow: its disk, or a standby that it waits for. " +
						"Which statements cost most is in /admin/slow-queries.",
					Queries: one(quantile(.99, "db_client_operation_duration_seconds", chosen, "service", "operation"), "{{service}} {{operation}}"),
				},
				{
					Title: "Statements", Unit: PerSec,
					About:   "By first word. A batch counts once: it is one round trip.",
					Queries: one(rate("db_client_operation_duration_seconds_count", chosen, "service", "operation"), "{{service}} {{operation}}"),
				},
				{
					Title: "Failed statements and connections", Unit: PerSec, Thresholds: rising(1, 10),
					About: "By SQLSTATE. Class 23 are constraints at work, 40 conflicts, 53 a server without connections, memory or disk, 57014 statements " +
						"that took too long; connection is one that was lost or not made.",
					Queries: one(rate("db_client_errors_total", chosen, "service", "code"), "{{service}} {{code}}"),
				},
			}},
			{"Do they wait for a connection?", []Panel{
				{
					Title: "Time to get a connection", Unit: Seconds, Thresholds: rising(.01, .05),
					About:   "On average. Far below a millisecond is normal.",
					Queries: one(perAcquire("db_pool_acquire_seconds_total"), "{{service}}"),
				},
				{
					Title: "Time to get one when the pool was empty", Unit: Seconds, Thresholds: rising(.01, .05),
					About:   "The same, only for waiting: what is above this line is the making of new connections.",
					Queries: one(perAcquire("db_pool_empty_acquire_wait_seconds_total"), "{{service}}"),
				},
				{
					Title: "Who had to wait", Unit: Part, Thresholds: rising(.1, .5),
					About:   "The part of those who found no idle connection.",
					Queries: one(perAcquire("db_pool_empty_acquires_total"), "{{service}}"),
				},
				{
					Title: "Who gave up", Unit: PerSec, Thresholds: rising(.1, 1),
					About:   "Requests whose time or client was gone before there was a connection.",
					Queries: one(rate("db_pool_canceled_acquires_total", at, "service"), "{{service}}"),
				},
			}},
			{"How full are the pools?", []Panel{
				{
					Title: "In use", Unit: Part, Thresholds: rising(.7, .9),
					About:   "Connections in use of those that a replica may open.",
					Queries: one("db_pool_checked_out_connections{"+at+"} / db_pool_max_connections{"+at+"}", "{{service}} {{instance}}"),
				},
				{
					Title: "Connections", Unit: Count, Stacked: true,
					About: "Of all chosen replicas: in use, idle, and being made. Many being made for long means that the server is slow to take them.",
					Queries: []Query{
						{gauge("sum", "db_pool_checked_out_connections", at), "in use"},
						{gauge("sum", "db_pool_checked_in_connections", at), "idle"},
						{gauge("sum", "db_pool_constructing_connections", at), "being made"},
					},
				},
				{
					Title: "Open, and the most", Unit: Count,
					About: "Open connections, those beyond DB_POOL_SIZE, and how many all replicas may open: below the server's max_connections.",
					Queries: []Query{
						{gauge("sum", "db_pool_connections", at, "service"), "{{service}} open"},
						{gauge("sum", "db_pool_overflow_connections", at, "service"), "{{service}} overflow"},
						{gauge("sum", "db_pool_max_connections", at), "the most, together"},
					},
				},
				{
					Title: "Settings", Unit: Count,
					About: "DB_POOL_SIZE and DB_MAX_OVERFLOW of a replica, as it runs.",
					Queries: []Query{
						{gauge("max", "db_pool_size", at, "service"), "{{service}} size"},
						{gauge("max", "db_pool_max_overflow", at, "service"), "{{service}} overflow"},
					},
				},
			}},
			{"What do commits cost?", []Panel{
				{
					Title: "Writes in a commit", Unit: Count,
					About:   "How many reservations, or orders, shared one. It grows with load: that is what keeps PostgreSQL cheap.",
					Queries: one(rate("postgres_group_commit_writes_sum", chosen, "service")+" / "+rate("postgres_group_commit_writes_count", chosen, "service"), "{{service}}"),
				},
			}},
			{"Do connections last?", []Panel{
				{
					Title: "Acquired", Unit: PerSec, About: "How often a connection is taken from the pool.",
					Queries: one(rate("db_pool_acquires_total", at, "service"), "{{service}}"),
				},
				{
					Title: "Made and closed", Unit: PerSec,
					About: "New connections, and why old ones were closed: their age (DB_POOL_RECYCLE) or idleness. New ones without those were lost.",
					Queries: []Query{
						{rate("db_pool_new_connections_total", at, "service"), "{{service}} new"},
						{rate("db_pool_lifetime_closes_total", at, "service"), "{{service}} too old"},
						{rate("db_pool_idle_closes_total", at, "service"), "{{service}} idle"},
					},
				},
			}},
		},
	}
}
