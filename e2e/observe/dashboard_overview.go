package observe

func overview() Dashboard {
	const requests = "http_request_duration_seconds"
	const every = `service=~"$service"`
	return Dashboard{
		Name: "overview", Title: "Slippers: overview", Variables: []string{"service"},
		About: "Are customers served, and if not, which service is it? From here the links lead to the causes.",
		Rows: []Row{
			{"Are customers served?", []Panel{
				{
					Title: "Budget left", Unit: Part, Single: true, Thresholds: falling(0, .25),
					About:   "What is left of the requests that may be bad in 30 days, for each promise. Below zero it is broken: make nothing riskier.",
					Queries: one("1 - sum_over_time(slo:bad:rate5m[30d]) / sum_over_time(slo:requests:rate5m[30d]) / on (namespace, slo) slo:budget:ratio", "{{namespace}} {{slo}}"),
				},
				{
					Title: "How fast the budget burns", Unit: Count, Thresholds: rising(1, 14.4),
					About:   "Bad requests of the last hour, as a multiple of what the promise allows. 1 uses up the budget in just 30 days; 14.4 wakes somebody.",
					Queries: one("slo:bad:ratio_rate1h / on (namespace, slo) slo:budget:ratio", "{{namespace}} {{slo}}"),
				},
				{
					Title: "Alerts", Unit: Count, Single: true, Thresholds: never(),
					About: "Alerts that fire now, by what they ask for.",
					Queries: []Query{
						{`count(ALERTS{app="slippers",alertstate="firing",severity="page"}) or vector(0)`, "page"},
						{`count(ALERTS{app="slippers",alertstate="firing",severity="ticket"}) or vector(0)`, "ticket"},
					},
				},
			}},
			{"Traffic", []Panel{
				{
					Title: "Requests", Unit: PerSec, Stacked: false,
					About:   "Requests a second to each service. The gateway's are the customers'; the others get what its cache does not hold.",
					Queries: one(rate(requests+"_count", every, "service"), "{{service}}"),
				},
				{
					Title: "Answers of the gateway", Unit: PerSec, Stacked: true,
					About:   "By status. 429 are limits, 499 clients that did not wait, 503 services that did not answer.",
					Queries: one(rate(requests+"_count", `service="gateway"`, "status"), "{{status}}"),
				},
			}},
			{"Errors", []Panel{
				{
					Title: "Failed requests", Unit: Part, Thresholds: rising(.001, .01),
					About:   "The part answered with 5xx. The service deepest in the chain that fails is the one to look at.",
					Queries: one(failures(every, "service"), "{{service}}"),
				},
				{
					Title: "Failed requests by replica", Unit: Part, Thresholds: rising(.01, .05),
					About:   "One replica above the others is a matter of that replica.",
					Queries: one("instance:http_errors:ratio_rate5m{"+every+"}", "{{service}} {{instance}}"),
				},
			}},
			{"Latency", []Panel{
				{
					Title: "Half of the requests", Unit: Seconds,
					About:   "The median by service.",
					Queries: one(quantile(.5, requests, every, "service"), "{{service}}"),
				},
				{
					Title: "One request in a hundred", Unit: Seconds, Thresholds: rising(.25, 1),
					About:   "The 99th percentile by service. auth-svc hashes passwords, which is slow on purpose; a new payment waits for the provider.",
					Queries: one(quantile(.99, requests, every, "service"), "{{service}}"),
				},
			}},
			{"Saturation", []Panel{
				{
					Title: "Requests in flight", Unit: Count,
					About:   "What is being worked on. A rise without more traffic means that something below has become slow.",
					Queries: one(gauge("sum", "http_requests_in_flight", every, "service"), "{{service}}"),
				},
				{
					Title: "CPU", Unit: Cores,
					About:   "Cores in use, by all replicas of a service.",
					Queries: one(rate("process_cpu_seconds_total", every, "service"), "{{service}}"),
				},
				{
					Title: "Fullest database pool", Unit: Part, Thresholds: rising(.7, .9),
					About:   "Connections in use of those that a replica may open, for the fullest replica of each service.",
					Queries: one("max by (service) (db_pool_checked_out_connections / db_pool_max_connections)", "{{service}}"),
				},
			}},
			{"What runs", []Panel{
				{
					Title: "Replicas", Unit: Count, Thresholds: falling(1, 2), Single: true,
					About:   "Replicas that answer Prometheus.",
					Queries: one(gauge("sum", "up", ours, "service"), "{{service}}"),
				},
				{
					Title: "Versions", Unit: Count, Stacked: true,
					About:   "Replicas by version. Two of one service at once are a rollout, or one that is stuck.",
					Queries: one("count by (service, version, goversion) (slippers_build_info{"+every+"})", "{{service}} {{version}} {{goversion}}"),
				},
			}},
		},
	}
}
