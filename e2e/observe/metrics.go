package observe

import "slices"

// Metrics are all that our processes expose, by the service that does; "" is every service. Histograms stand without
// _bucket, _sum and _count.
var Metrics = map[string][]string{
	"": {
		"slippers_build_info", "http_request_duration_seconds", "http_requests_in_flight",
		"redis_pool_hits_total", "redis_pool_misses_total", "redis_pool_timeouts_total", "redis_pool_stale_connections_total",
		"redis_pool_connections", "redis_pool_idle_connections", "redis_batch_requests", "redis_batch_failures_total",
		"http_client_request_duration_seconds", "http_client_failures_total",
		"go_goroutines", "go_threads", "go_memstats_heap_inuse_bytes", "go_gc_duration_seconds", "go_gc_gomemlimit_bytes", "go_gc_heap_live_bytes",
		"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds", "process_start_time_seconds",
	},
	"gateway": {
		"edge_cache_requests_total", "edge_cache_fill_seconds", "edge_cache_bytes", "edge_cache_max_bytes", "edge_cache_admin_invalidations_total",
		"rate_limit_decisions_total", "rate_limit_degraded_total", "rate_limit_replicas", "session_checks_total",
	},
	"catalog-svc": slices.Concat(pool, copies, []string{
		"postgres_group_commit_writes",
		"stock_reservation_events_total", "stock_oversell_guard_total", "stock_reservations_held", "stock_reservations_overdue",
		"stock_imbalances", "slippers_out_of_stock", "watch_last_success_timestamp_seconds",
	}),
	"order-svc": slices.Concat(pool, copies, []string{
		"postgres_group_commit_writes",
		"orders_entered_total", "orders_pending", "orders_overdue", "payments_entered_total", "refunds_entered_total", "payments_open",
		"refunds_open", "refunds_oldest_open_seconds", "payments_oldest_unread_seconds", "payments_attention", "ledger_unexplained_amount", "jobs",
		"jobs_oldest_waiting_seconds", "octo_call_duration_seconds", "octo_unknown_statuses_total", "octo_circuit_open",
		"octo_certificate_not_after_timestamp_seconds", "watch_last_success_timestamp_seconds",
	}),
	"auth-svc": slices.Concat(pool, copies, []string{
		"auth_attempts_total", "auth_attempts_degraded_total", "rate_limit_replicas", "logins_total", "registrations_total", "token_refreshes_total",
		"sessions_ended_total", "signing_key_created_timestamp_seconds",
	}),
}

// pool is what every service with a database tells of its connections.
var pool = []string{
	"db_client_operation_duration_seconds", "db_client_errors_total",
	"db_pool_size", "db_pool_max_overflow", "db_pool_max_connections", "db_pool_connections", "db_pool_checked_out_connections",
	"db_pool_checked_in_connections", "db_pool_constructing_connections", "db_pool_overflow_connections", "db_pool_acquires_total",
	"db_pool_acquire_seconds_total", "db_pool_empty_acquires_total", "db_pool_empty_acquire_wait_seconds_total",
	"db_pool_canceled_acquires_total", "db_pool_new_connections_total", "db_pool_lifetime_closes_total", "db_pool_idle_closes_total",
}

// copies is what every service behind the gateway tells of what it copies, and of what it changes in copies elsewhere.
var copies = []string{
	"cache_invalidations_total", "cache_invalidations_late_total", "cache_invalidations_waiting",
	"cache_invalidations_oldest_waiting_seconds", "cache_bytes", "cache_lookups_total", "cache_load_seconds",
}

// notOnAPanel are metrics that are worth no panel, and why. (None today.)
var notOnAPanel = map[string]string{}

// fromCluster are metrics of others that dashboards use: what scraped us, kube-state-metrics and the kubelet.
var fromCluster = []string{
	"up", "ALERTS",
	"kube_horizontalpodautoscaler_status_current_replicas", "kube_horizontalpodautoscaler_status_desired_replicas",
	"kube_horizontalpodautoscaler_spec_max_replicas", "kube_horizontalpodautoscaler_spec_min_replicas",
	"kube_pod_container_status_restarts_total", "kube_pod_container_resource_limits",
	"container_cpu_usage_seconds_total", "container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total",
	"container_memory_working_set_bytes",
}
