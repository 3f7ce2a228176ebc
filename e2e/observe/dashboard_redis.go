package observe

func redis() Dashboard {
	return Dashboard{
		Name: "redis", Title: "Slippers: Redis and limits", Variables: []string{"service", "instance"},
		About: "Whether Redis answers, who goes on without it, and what limits and copies do.",
		Rows: []Row{
			{"Does Redis answer?", []Panel{
				{
					Title: "Round trips without an answer", Unit: PerSec, Thresholds: rising(.05, 1),
					About:   "Or not tried, because there was none before. Each is a batch of requests that went on without Redis.",
					Queries: one(rate("redis_batch_failures_total", chosen, "service"), "{{service}}"),
				},
				{
					Title: "Limits that a process counted alone", Unit: PerSec, Thresholds: rising(.05, 1),
					About: "Requests at the gateway and attempts at auth-svc, counted to each process's part.",
					Queries: []Query{
						{rate("rate_limit_degraded_total", chosen), "requests"}, {rate("auth_attempts_degraded_total", chosen), "attempts"},
					},
				},
				{
					Title: "How many share them then", Unit: Count, About: "As each process knows. Above the number of replicas for long: DNS does not tell.",
					Queries: one("rate_limit_replicas{"+chosen+"}", "{{service}} {{instance}}"),
				},
			}},
			{"Connections to it", []Panel{
				{
					Title: "Waited in vain", Unit: PerSec, Thresholds: rising(.05, 1),
					About:   "Requests that got no connection to Redis in time.",
					Queries: one(rate("redis_pool_timeouts_total", chosen, "service"), "{{service}}"),
				},
				{
					Title: "Connections", Unit: Count,
					About: "Open and idle. None idle for long: the pool is too small, or Redis slow.",
					Queries: []Query{
						{gauge("sum", "redis_pool_connections", chosen, "service"), "{{service}} open"},
						{gauge("sum", "redis_pool_idle_connections", chosen, "service"), "{{service}} idle"},
					},
				},
				{
					Title: "Found and made", Unit: PerSec,
					About: "How often an idle connection was there, one had to be made, or one was found dead.",
					Queries: []Query{
						{rate("redis_pool_hits_total", chosen), "found"},
						{rate("redis_pool_misses_total", chosen), "made"},
						{rate("redis_pool_stale_connections_total", chosen), "dead"},
					},
				},
				{
					Title: "Requests in a round trip", Unit: Count,
					About:   "How many shared one. It grows with load: that is what keeps Redis cheap.",
					Queries: one(rate("redis_batch_requests_sum", chosen, "service")+" / "+rate("redis_batch_requests_count", chosen, "service"), "{{service}}"),
				},
			}},
			{"Limits", []Panel{
				{
					Title: "Requests that were refused", Unit: Part, Thresholds: rising(.05, .2),
					About: "The part that was over its limit, by policy. shadowed is counted too: it would be refused, were the policy not on trial.",
					Queries: one(rate("rate_limit_decisions_total", `decision!="allowed",`+chosen, "policy", "decision")+
						" / on (policy) group_left () "+rate("rate_limit_decisions_total", chosen, "policy"), "{{policy}} {{decision}}"),
				},
				{
					Title: "Requests by policy", Unit: PerSec, About: "What was counted, whatever came of it.",
					Queries: one(rate("rate_limit_decisions_total", chosen, "policy"), "{{policy}}"),
				},
			}},
			{"Copies in the services", []Panel{
				{
					Title: "Lookups that a copy answered", Unit: Part,
					About:   "By cache. coalesced shared another's loading; bypass went past, because Redis was away.",
					Queries: one(rate("cache_lookups_total", `outcome="hit",`+chosen, "cache")+" / "+rate("cache_lookups_total", chosen, "cache"), "{{cache}}"),
				},
				{
					Title: "Time to load", Unit: Seconds, About: "The 99th percentile for what no copy was there of.",
					Queries: one(quantile(.99, "cache_load_seconds", chosen, "cache"), "{{cache}}"),
				},
				{
					Title: "Size of copies", Unit: Bytes, About: "In each process. CACHE_BYTES bounds it.",
					Queries: one("cache_bytes{"+chosen+"}", "{{service}} {{instance}}"),
				},
			}},
			{"Do changes reach the copies?", []Panel{
				{
					Title: "Changes that wait", Unit: Count, Thresholds: rising(10, 100),
					About:   "Rows of the outbox that are not done.",
					Queries: one(gauge("max", "cache_invalidations_waiting", chosen, "service"), "{{service}}"),
				},
				{
					Title: "Oldest change that waits", Unit: Seconds, Thresholds: rising(10, 60),
					About:   "For so long pages may have shown what was before it.",
					Queries: one(gauge("max", "cache_invalidations_oldest_waiting_seconds", chosen, "service"), "{{service}}"),
				},
				{
					Title: "Invalidations", Unit: PerSec, Stacked: true,
					About:   "Tags that got a new stamp, by who did it: inline is the write itself, outbox made up for one, failover followed another Redis server.",
					Queries: one(rate("cache_invalidations_total", chosen, "tag_kind", "source"), "{{tag_kind}} {{source}}"),
				},
				{
					Title: "Late invalidations", Unit: PerSec, Thresholds: rising(.01, .1),
					About:   "Writes that were answered before their copies were worthless.",
					Queries: one(rate("cache_invalidations_late_total", chosen, "service"), "{{service}}"),
				},
			}},
		},
	}
}
