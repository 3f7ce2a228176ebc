package observe

import (
	"strings"
	"time"
)

// absentIsZero gives every service a zero, so that one that nobody scrapes counts as down.
func absentIsZero() string {
	parts := []string{"sum by (service) (up{" + ours + "})"}
	for _, s := range Services {
		parts = append(parts, `label_replace(vector(0), "service", "`+s+`", "", "")`)
	}
	return strings.Join(parts, " or ")
}

var processAlerts = []Alert{
	{
		Name: "ServiceDown", For: 2 * time.Minute, Severity: Page, Runbook: "service-down",
		When:        when(absentIsZero(), "<", 1),
		Summary:     "{{ $labels.service }} has no replica that answers",
		Description: "No process of it could be scraped. Either none runs, or Prometheus does not reach them.",
		Fires: []Case{
			{At: 5 * time.Minute, Series: Inputs{`up{service="gateway",instance="a"}`: "1+0x10", `up{service="auth-svc",instance="a"}`: "0+0x10"}},
			{At: 5 * time.Minute, Series: Inputs{`up{service="gateway",instance="a"}`: "1+0x10"}},
		},
		Quiet: []Case{{At: 5 * time.Minute, Series: Inputs{
			`up{service="gateway",instance="a"}`: "1+0x10", `up{service="gateway",instance="b"}`: "0+0x10",
			`up{service="catalog-svc",instance="a"}`: "1+0x10", `up{service="order-svc",instance="a"}`: "1+0x10",
			`up{service="auth-svc",instance="a"}`: "1+0x10",
		}}},
	},
	{
		Name: "ReplicaDown", For: 10 * time.Minute, Severity: Ticket, Runbook: "service-down",
		When:        when("up{"+ours+"}", "<", 1),
		Summary:     "A replica of {{ $labels.service }} does not answer: {{ $labels.instance }}",
		Description: "The others carry its load. It should have been replaced by now.",
		Fires:       history(12*time.Minute, `up{service="gateway",instance="b"}`, "0+0x20"),
		Quiet:       history(12*time.Minute, `up{service="gateway",instance="b"}`, "0+0x5 1+0x15"),
	},
	{
		Name: "ReplicaRestarts", Severity: Ticket, Runbook: "service-down",
		When:        when("changes(process_start_time_seconds{"+ours+"}[30m])", ">", 2),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} has restarted {{ $value }} times in half an hour",
		Description: "It ends by itself, is killed for its memory, or does not pass its liveness probe.",
		Fires: []Case{{At: 25 * time.Minute, Series: Inputs{
			`process_start_time_seconds{service="order-svc",instance="a"}`: "0+0x5 300+0x5 600+0x5 900+0x10",
		}}},
		Quiet: []Case{{At: 25 * time.Minute, Series: Inputs{ // a rollout: new replicas, not old ones anew
			`process_start_time_seconds{service="order-svc",instance="a"}`: "0+0x10",
			`process_start_time_seconds{service="order-svc",instance="b"}`: "_x10 600+0x15",
		}}},
	},
	{
		Name: "ReplicaFails", For: 10 * time.Minute, Severity: Ticket, Runbook: "replica-fails",
		When: when("instance:http_errors:ratio_rate5m - on (service) group_left () min by (service) (instance:http_errors:ratio_rate5m)",
			">", .05),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} fails more often than its best replica, by {{ $value | humanizePercentage }}",
		Description: "What fails on one replica only is that replica: its node, its network, its memory. Replacing it helps.",
		Fires: []Case{{At: 20 * time.Minute, Series: Inputs{
			failed("a", "503"): "0+30x30", failed("a", "200"): "0+70x30", failed("b", "200"): "0+100x30",
		}}},
		Quiet: []Case{{At: 20 * time.Minute, Series: Inputs{ // all alike: that is not the replica
			failed("a", "503"): "0+30x30", failed("a", "200"): "0+70x30", failed("b", "503"): "0+30x30", failed("b", "200"): "0+70x30",
		}}},
	},
	{
		Name: "MemoryNearLimit", For: 15 * time.Minute, Severity: Ticket, Runbook: "process",
		When:        when("go_gc_heap_live_bytes{"+ours+"} / go_gc_gomemlimit_bytes{"+ours+"}", ">", .8),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} needs {{ $value | humanizePercentage }} of GOMEMLIMIT for what it holds",
		Description: "It collects garbage all the time now, and a little above it is killed.",
		Fires: []Case{{At: 20 * time.Minute, Series: Inputs{
			`go_gc_heap_live_bytes{service="gateway",instance="a"}`:  "90+0x30",
			`go_gc_gomemlimit_bytes{service="gateway",instance="a"}`: "100+0x30",
		}}},
		Quiet: []Case{{At: 20 * time.Minute, Series: Inputs{
			`go_gc_heap_live_bytes{service="gateway",instance="a"}`:  "50+0x30",
			`go_gc_gomemlimit_bytes{service="gateway",instance="a"}`: "100+0x30",
		}}},
	},
	{
		Name: "FileDescriptorsNearLimit", For: 10 * time.Minute, Severity: Ticket, Runbook: "process",
		When:        when("process_open_fds{"+ours+"} / process_max_fds{"+ours+"}", ">", .8),
		Summary:     "{{ $labels.service }} at {{ $labels.instance }} has {{ $value | humanizePercentage }} of its file descriptors open",
		Description: "Without any left it takes no connection, and makes none.",
		Fires: []Case{{At: 15 * time.Minute, Series: Inputs{
			`process_open_fds{service="gateway",instance="a"}`: "900+0x30", `process_max_fds{service="gateway",instance="a"}`: "1000+0x30",
		}}},
		Quiet: []Case{{At: 15 * time.Minute, Series: Inputs{
			`process_open_fds{service="gateway",instance="a"}`: "500+0x30", `process_max_fds{service="gateway",instance="a"}`: "1000+0x30",
		}}},
	},
}

// failed names a counter of requests to one replica.
func failed(instance, status string) string {
	return `http_request_duration_seconds_count{service="order-svc",instance="` + instance + `",method="GET",route="/cart",status="` + status + `"}`
}
