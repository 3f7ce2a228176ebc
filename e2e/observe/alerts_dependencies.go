package observe

import (
	"fmt"
	"time"
)

// behind are the services that have a database.
const behind = `service=~"catalog-svc|order-svc|auth-svc"`

// Uploads decode pictures, and a new payment waits for the provider: neither says anything of the database.
const atHome = behind + `,route!~"/slippers/:id/upload-images|/payments/octo/.+|/admin/payments/:id/settle"`

// broken are PostgreSQL's codes for what no request can cause, and no repetition will cure.
const broken = `code=~"53100|53200|58...|XX00[12]"`

// customers are the policies that nobody meets who only wants to buy. The others are there for whoever guesses.
const customers = `policy=~"default|guest"`

var dependencyAlerts = []Alert{
	{
		Name: "RedisAway", For: 5 * time.Minute, Severity: Ticket, Runbook: "redis",
		When:        when("sum by (service) (rate(redis_batch_failures_total[5m]))", ">", .05),
		Summary:     "Redis does not answer {{ $labels.service }}",
		Description: "The shop goes on without it: slower, with limits counted by each process, and sessions checked at auth-svc.",
		Fires:       history(12*time.Minute, `redis_batch_failures_total{service="gateway",instance="a"}`, "0+20x20"),
		Quiet:       history(12*time.Minute, `redis_batch_failures_total{service="gateway",instance="a"}`, "0+0x4 8+0x15"),
	},
	{
		Name: "LimitsDegraded", For: 5 * time.Minute, Severity: Ticket, Runbook: "redis",
		When:        when("(sum(rate(rate_limit_degraded_total[5m])) or vector(0)) + (sum(rate(auth_attempts_degraded_total[5m])) or vector(0))", ">", .05),
		Summary:     "Limits are counted by each process alone",
		Description: "Each allows its part (rate_limit_replicas). Nobody is unlimited, but some may be limited too soon.",
		Fires: []Case{
			{At: 12 * time.Minute, Series: Inputs{
				`rate_limit_degraded_total{service="gateway",instance="a"}`:     "0+20x20",
				`auth_attempts_degraded_total{service="auth-svc",instance="a"}`: "0+0x20",
			}},
			{At: 12 * time.Minute, Series: Inputs{`rate_limit_degraded_total{service="gateway",instance="a"}`: "0+20x20"}}, // auth-svc is down too
		},
		Quiet: []Case{{At: 12 * time.Minute, Series: Inputs{
			`rate_limit_degraded_total{service="gateway",instance="a"}`:     "0+0x20",
			`auth_attempts_degraded_total{service="auth-svc",instance="a"}`: "0+0x20",
		}}},
	},
	{
		Name: "CustomersLimited", For: 10 * time.Minute, Severity: Page, Runbook: "limits",
		When: []Condition{
			{
				Left: `sum by (policy) (rate(rate_limit_decisions_total{decision="limited",` + customers + `}[5m]))` +
					` / sum by (policy) (rate(rate_limit_decisions_total{` + customers + `}[5m]))`,
				Is: ">", Than: .1,
			},
			{Left: `sum by (policy) (rate(rate_limit_decisions_total{` + customers + `}[5m]))`, Is: ">", Than: .5},
		},
		Summary:     "{{ $value | humanizePercentage }} of the requests are over the limit {{ $labels.policy }}",
		Description: "They are answered with 429. Either all who are not logged in have one address, or somebody asks without end.",
		Fires: []Case{
			{At: 20 * time.Minute, Series: decided("default", "0+100x30", "0+200x30")},
			{At: 20 * time.Minute, Series: decided("default", "0+9000x30", "0+0x30").and(decided("guest", "0+12x30", "0+40x30"))},
		},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: decided("default", "0+9000x30", "0+600x30")},
			{At: 20 * time.Minute, Series: decided("default", "0+5x30", "0+20x30")},             // one client in the night
			{At: 20 * time.Minute, Series: decided("login", "0+4x30", "0+4000x30")},             // somebody guesses, and is kept out
			{At: 20 * time.Minute, Series: decided("default", "0+100x30", "0+200x9 2000+0x20")}, // it ended before ten minutes were over
		},
	},
	{
		Name: "RedisPoolExhausted", For: 5 * time.Minute, Severity: Ticket, Runbook: "redis",
		When:        when("sum by (service, instance) (rate(redis_pool_timeouts_total[5m]))", ">", .05),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} waits in vain for a connection to Redis",
		Description: "All are in use. Requests go on as if Redis were away.",
		Fires:       history(12*time.Minute, `redis_pool_timeouts_total{service="gateway",instance="a"}`, "0+20x20"),
		Quiet:       history(12*time.Minute, `redis_pool_timeouts_total{service="gateway",instance="a"}`, "3+0x20"),
	},
	{
		Name: "PostgreSQLBroken", Severity: Page, Runbook: "postgresql",
		When:        when(grown("db_client_errors_total{"+broken+"}", "15m", "service, code"), ">", 0),
		Summary:     "PostgreSQL told {{ $labels.service }} of {{ $labels.code }}",
		Description: "Its disk is full (53100), its memory is (53200), it cannot read or write (class 58), or data is damaged (XX001, XX002).",
		Fires:       history(20*time.Minute, `db_client_errors_total{service="order-svc",instance="a",code="53100"}`, "_x14 1+0x20"),
		Quiet: []Case{
			{At: 20 * time.Minute, Series: Inputs{`db_client_errors_total{service="order-svc",instance="a",code="23505"}`: "0+1x40"}},
			{At: 40 * time.Minute, Series: Inputs{`db_client_errors_total{service="order-svc",instance="a",code="53100"}`: "_x14 1+0x40"}}, // long ago
		},
	},
	{
		Name: "PoolNearlyFull", For: 10 * time.Minute, Severity: Ticket, Runbook: "postgresql",
		When:        when("db_pool_checked_out_connections / db_pool_max_connections", ">", .9),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} has {{ $value | humanizePercentage }} of its database connections in use",
		Description: "The next requests wait for one. Either queries have become slow, or there is more load than replicas.",
		Fires: []Case{{At: 15 * time.Minute, Series: Inputs{
			`db_pool_checked_out_connections{service="order-svc",instance="a"}`: "10+0x20",
			`db_pool_max_connections{service="order-svc",instance="a"}`:         "10+0x20",
		}}},
		Quiet: []Case{{At: 15 * time.Minute, Series: Inputs{
			`db_pool_checked_out_connections{service="order-svc",instance="a"}`: "10+0x9 3+0x10",
			`db_pool_max_connections{service="order-svc",instance="a"}`:         "10+0x20",
		}}},
	},
	{
		Name: "PoolWaits", For: 5 * time.Minute, Severity: Ticket, Runbook: "postgresql",
		When: when("sum by (service, instance) (rate(db_pool_acquire_seconds_total[5m]))"+
			" / sum by (service, instance) (rate(db_pool_acquires_total[5m]))", ">", .05),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} waits {{ $value | humanizeDuration }} for a database connection",
		Description: "On average, for each. The pool is empty, or the server is slow to take connections.",
		Fires: []Case{{At: 12 * time.Minute, Series: Inputs{
			`db_pool_acquire_seconds_total{service="order-svc",instance="a"}`: "0+120x20",
			`db_pool_acquires_total{service="order-svc",instance="a"}`:        "0+600x20",
		}}},
		Quiet: []Case{{At: 12 * time.Minute, Series: Inputs{
			`db_pool_acquire_seconds_total{service="order-svc",instance="a"}`: "0+1x20",
			`db_pool_acquires_total{service="order-svc",instance="a"}`:        "0+600x20",
		}}},
	},
	{
		Name: "ServiceSlow", For: 10 * time.Minute, Severity: Ticket, Runbook: "postgresql",
		When:        when("histogram_quantile(0.99, sum by (service, le) (rate(http_request_duration_seconds_bucket{"+atHome+"}[5m])))", ">", 1),
		Summary:     "One request in a hundred takes {{ $value | humanizeDuration }} at {{ $labels.service }}",
		Description: "Without uploads and calls of the provider. Behind nearly all of it is PostgreSQL.",
		Fires:       []Case{{At: 20 * time.Minute, Series: answered(90, "0+10x30")}},
		Quiet:       []Case{{At: 20 * time.Minute, Series: answered(100, "0+0x30")}},
	},
	{
		Name: "UpstreamSilent", For: 5 * time.Minute, Severity: Ticket, Runbook: "upstream",
		When:        when("sum by (service, upstream) (rate(http_client_failures_total[5m]))", ">", .1),
		Summary:     "{{ $labels.service }} gets no answer from {{ $labels.upstream }}",
		Description: "Calls that ended without any status: refused, reset or out of time.",
		Fires:       history(12*time.Minute, `http_client_failures_total{service="order-svc",instance="a",upstream="catalog-svc"}`, "0+30x20"),
		Quiet:       history(12*time.Minute, `http_client_failures_total{service="order-svc",instance="a",upstream="catalog-svc"}`, "0+0x5 9+0x15"),
	},
	{
		Name: "EdgeFillStorm", For: 10 * time.Minute, Severity: Ticket, Runbook: "edge-cache",
		When: []Condition{
			{
				Left: `sum(rate(edge_cache_requests_total{outcome="miss"}[5m])) / sum(rate(edge_cache_requests_total{outcome!="bypass"}[5m]))`,
				Is:   ">", Than: .5,
			},
			{Left: `sum(rate(edge_cache_requests_total{outcome="miss"}[5m]))`, Is: ">", Than: 5},
		},
		Summary:     "{{ $value | humanizePercentage }} of the pages are not in the edge cache",
		Description: "catalog-svc and its database carry what the cache should.",
		Fires:       []Case{{At: 20 * time.Minute, Series: paged("0+200x30", "0+800x30")}},
		Quiet: []Case{
			{At: 20 * time.Minute, Series: paged("0+3200x30", "0+800x30")},
			{At: 20 * time.Minute, Series: paged("0+2x30", "0+8x30")}, // hardly any traffic: nothing stays warm
		},
	},
	{
		Name: "InvalidationsStuck", For: 5 * time.Minute, Severity: Ticket, Runbook: "invalidations",
		When:        when("max by (service) (cache_invalidations_oldest_waiting_seconds)", ">", 60),
		Summary:     "Changes of {{ $labels.service }} have waited {{ $value | humanizeDuration }} to reach the caches",
		Description: "Pages may show old prices and stock, until their time is over. Orders always take what is true.",
		Fires:       history(12*time.Minute, `cache_invalidations_oldest_waiting_seconds{service="catalog-svc",instance="a"}`, "0+60x20"),
		Quiet:       history(12*time.Minute, `cache_invalidations_oldest_waiting_seconds{service="catalog-svc",instance="a"}`, "0+60x4 0+0x10"),
	},
}

// answered is a service whose requests are quick but for some.
func answered(quick int, late string) Inputs {
	name := func(le string) string {
		return `http_request_duration_seconds_bucket{service="order-svc",instance="a",method="GET",route="/orders",status="200",le="` + le + `"}`
	}
	slow := `http_request_duration_seconds_bucket{service="order-svc",instance="a",method="POST",route="/payments/octo/create",status="200",le="`
	rate := "0+" + number(float64(quick)) + "x30"
	return Inputs{
		name("0.1"): rate, name("1"): rate, name("2.5"): "0+100x30", name("+Inf"): "0+100x30",
		slow + `1"}`: "0+0x30", slow + `2.5"}`: "0+0x30", slow + `+Inf"}`: late,
	}
}

// decided is what a policy said of requests.
func decided(policy, allowed, limited string) Inputs {
	name := func(decision string) string {
		return fmt.Sprintf(`rate_limit_decisions_total{service="gateway",instance="a",policy=%q,decision=%q}`, policy, decision)
	}
	return Inputs{name("allowed"): allowed, name("limited"): limited, name("shadowed"): "0+0x30"}
}

func paged(hits, misses string) Inputs {
	name := func(outcome string) string {
		return `edge_cache_requests_total{service="gateway",instance="a",page="slippers",outcome="` + outcome + `"}`
	}
	return Inputs{name("hit"): hits, name("miss"): misses, name("bypass"): "0+900x30"}
}
