package observe

func autoscaling() Dashboard {
	const hpa, pods = `horizontalpodautoscaler=~".+-(gateway|catalog|order|auth)"`, `pod=~".+-(gateway|catalog|order|auth)-.+",container!=""`
	const who, service, pod = "{{service}} {{instance}}", "{{horizontalpodautoscaler}}", "{{pod}}"
	cluster := func(p Panel) Panel {
		p.NeedsCluster = true
		return p
	}
	return Dashboard{
		Name: "autoscaling", Title: "Slippers: autoscaling", Variables: []string{"service", "instance"},
		About: "Whether there are as many replicas as the load needs. Panels of Kubernetes need kube-state-metrics and the kubelet's metrics.",
		Rows: []Row{
			{"What is the load?", []Panel{
				{
					Title: "Requests by replica", Unit: PerSec, About: "Alike for all replicas of a service, or one is new.",
					Queries: one(rate("http_request_duration_seconds_count", chosen, "service", "instance"), who),
				},
				{
					Title: "In flight by replica", Unit: Count, About: "What autoscaling.inFlight steers by.",
					Queries: one("http_requests_in_flight{"+chosen+"}", who),
				},
				{
					Title: "CPU by replica", Unit: Cores, About: "What autoscaling.cpu steers by, in percent of the request.",
					Queries: one("rate(process_cpu_seconds_total{"+chosen+"}[$__rate_interval])", who),
				},
			}},
			{"How many replicas?", []Panel{
				{
					Title: "Replicas that answer", Unit: Count, About: "As Prometheus sees them.",
					Queries: one(gauge("sum", "up", `service=~"$service"`, "service"), "{{service}}"),
				},
				cluster(Panel{
					Title: "Replicas that are wanted", Unit: Count,
					About: "What the autoscaler wants and has. A gap that stays: Pods find no place, or do not start.",
					Queries: []Query{
						{gauge("max", "kube_horizontalpodautoscaler_status_desired_replicas", hpa, "horizontalpodautoscaler"), service + " wanted"},
						{gauge("max", "kube_horizontalpodautoscaler_status_current_replicas", hpa, "horizontalpodautoscaler"), service + " there"},
					},
				}),
				cluster(Panel{
					Title: "Bounds", Unit: Count,
					About: "autoscaling.minReplicas and maxReplicas. At the most for long, it is too small. Connections reckon with it.",
					Queries: []Query{
						{gauge("max", "kube_horizontalpodautoscaler_spec_min_replicas", hpa, "horizontalpodautoscaler"), service + " least"},
						{gauge("max", "kube_horizontalpodautoscaler_spec_max_replicas", hpa, "horizontalpodautoscaler"), service + " most"},
					},
				}),
			}},
			{"What do Pods lack?", []Panel{
				cluster(Panel{
					Title: "CPU of containers", Unit: Cores, About: "As the kubelet counts it.",
					Queries: one(rate("container_cpu_usage_seconds_total", pods, "pod"), pod),
				}),
				cluster(Panel{
					Title: "Throttled", Unit: Part, Thresholds: rising(.1, .5),
					About:   "The part of periods in which a container was held back at its limit. Requests are slow then, and CPU looks idle.",
					Queries: one(rate("container_cpu_cfs_throttled_periods_total", pods, "pod")+" / "+rate("container_cpu_cfs_periods_total", pods, "pod"), pod),
				}),
				cluster(Panel{
					Title: "Memory of containers, of the limit", Unit: Part, Thresholds: rising(.85, .95), About: "At 1 the kernel kills it.",
					Queries: one(gauge("sum", "container_memory_working_set_bytes", pods, "pod")+" / "+
						gauge("sum", "kube_pod_container_resource_limits", `resource="memory",`+pods, "pod"), pod),
				}),
				cluster(Panel{
					Title: "Restarts of containers", Unit: Count, Thresholds: never(), About: "In the last hour.",
					Queries: one("sum by (pod) (increase(kube_pod_container_status_restarts_total{"+pods+"}[1h]))", pod),
				}),
			}},
		},
	}
}
