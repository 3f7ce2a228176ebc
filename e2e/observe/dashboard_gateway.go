package observe

const atGateway = `service="gateway",instance=~"$instance"`

func gateway() Dashboard {
	const requests, pages = "http_request_duration_seconds", "edge_cache_requests_total"
	return Dashboard{
		Name: "gateway", Title: "Slippers: gateway and edge cache", Variables: []string{"instance"},
		About: "Which route is slow or fails, and whether it is the cache, a service or the gateway itself.",
		Rows: []Row{
			{"Which routes?", []Panel{
				{
					Title: "Requests by route", Unit: PerSec, About: "The ten busiest.",
					Queries: one("topk(10, "+rate(requests+"_count", atGateway, "method", "route")+")", "{{method}} {{route}}"),
				},
				{
					Title: "Failed requests by route", Unit: Part, Thresholds: rising(.001, .01),
					About:   "The part answered with 5xx, of the ten routes with the most.",
					Queries: one("topk(10, "+failures(atGateway, "method", "route")+")", "{{method}} {{route}}"),
				},
				{
					Title: "Slowest routes", Unit: Seconds, Thresholds: rising(.25, 1),
					About:   "The 99th percentile of the ten slowest routes.",
					Queries: one("topk(10, "+quantile(.99, requests, atGateway, "method", "route")+")", "{{method}} {{route}}"),
				},
			}},
			{"The edge cache", []Panel{
				{
					Title: "What comes of requests for pages", Unit: PerSec, Stacked: true,
					About:   "hit is held, stale is served while it is read anew, coalesced waits for another's miss, bypass may not be kept.",
					Queries: one(rate(pages, atGateway, "outcome"), "{{outcome}}"),
				},
				{
					Title: "Pages that were held", Unit: Part, Thresholds: falling(.5, .8),
					About: "The part of requests that a kept page answered, by page. It falls for a while after a rollout and after many writes.",
					Queries: one(rate(pages, atGateway+`,outcome=~"hit|stale"`, "page")+" / "+rate(pages, atGateway+`,outcome!="bypass"`, "page"),
						"{{page}}"),
				},
				{
					Title: "Time to fetch a page", Unit: Seconds, About: "From Redis or from the service, when the process did not hold it: p99, by page.",
					Queries: one(quantile(.99, "edge_cache_fill_seconds", atGateway, "page"), "{{page}}"),
				},
				{
					Title: "Size", Unit: Bytes,
					About: "What pages take in each process, and the most (CACHE_BYTES). Full is normal; full with many misses is too small.",
					Queries: []Query{
						{"edge_cache_bytes{" + atGateway + "}", "{{instance}}"}, {gauge("max", "edge_cache_max_bytes", atGateway), "the most"},
					},
				},
				{
					Title: "Invalidations by administrators", Unit: PerSec, About: "Each makes copies worthless, and a wave of misses follows.",
					Queries: one(rate("edge_cache_admin_invalidations_total", atGateway, "name")+" or vector(0)", "{{name}}"),
				},
			}},
			{"The services behind", []Panel{
				{
					Title: "Calls", Unit: PerSec, About: "Calls between services that were answered, by who asked, whom, and the answer.",
					Queries: one(rate("http_client_request_duration_seconds_count", ours, "service", "upstream", "code"), "{{service}} to {{upstream}} {{code}}"),
				},
				{
					Title: "Time of calls", Unit: Seconds, Thresholds: rising(.5, 1),
					About:   "The 99th percentile as the caller sees it. Above what the service itself measures, the network or its queue is between.",
					Queries: one(quantile(.99, "http_client_request_duration_seconds", ours, "service", "upstream"), "{{service}} to {{upstream}}"),
				},
				{
					Title: "Calls without an answer", Unit: PerSec, Thresholds: rising(.1, 1),
					About:   "Refused, reset or out of time. A few belong to every rollout.",
					Queries: one(rate("http_client_failures_total", ours, "service", "upstream"), "{{service}} to {{upstream}}"),
				},
			}},
			{"The gateway itself", []Panel{
				{
					Title: "Who vouched for sessions", Unit: PerSec, Stacked: true,
					About:   "redis is normal. auth means that Redis is away or was emptied; unknown, that requests are refused because nobody could tell.",
					Queries: one(rate("session_checks_total", atGateway, "source"), "{{source}}"),
				},
				{
					Title: "In flight by replica", Unit: Count,
					About:   "Replicas that differ much get unlike shares of the traffic, or one is slow.",
					Queries: one("http_requests_in_flight{"+atGateway+"}", "{{instance}}"),
				},
			}},
		},
	}
}
