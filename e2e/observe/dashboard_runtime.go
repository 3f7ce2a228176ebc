package observe

func runtime() Dashboard {
	const who = "{{service}} {{instance}}"
	return Dashboard{
		Name: "runtime", Title: "Slippers: Go runtime", Variables: []string{"service", "instance"},
		About: "The processes themselves: whether they live, and what of processor, memory and files they take.",
		Rows: []Row{
			{"Do they live?", []Panel{
				{
					Title: "Uptime", Unit: Seconds, About: "A line that falls to zero is a restart.",
					Queries: one("time() - process_start_time_seconds{"+chosen+"}", who),
				},
				{
					Title: "CPU", Unit: Cores, About: "Cores in use, by replica.",
					Queries: one("rate(process_cpu_seconds_total{"+chosen+"}[$__rate_interval])", who),
				},
			}},
			{"Memory", []Panel{
				{
					Title: "Live heap, of GOMEMLIMIT", Unit: Part, Thresholds: rising(.6, .8),
					About:   "What no collection can free. Towards 1 it collects garbage all the time.",
					Queries: one("go_gc_heap_live_bytes{"+chosen+"} / go_gc_gomemlimit_bytes{"+chosen+"}", who),
				},
				{
					Title: "Resident memory", Unit: Bytes, About: "What the kernel counts.",
					Queries: one("process_resident_memory_bytes{"+chosen+"}", who),
				},
				{
					Title: "Heap in use", Unit: Bytes,
					About:   "What Go holds of it for values. A rise that no traffic explains, and that no collection ends, is a leak.",
					Queries: one("go_memstats_heap_inuse_bytes{"+chosen+"}", who),
				},
			}},
			{"Garbage collection", []Panel{
				{
					Title: "Longest pause", Unit: Seconds, Thresholds: rising(.005, .05), About: "Of the recent collections.",
					Queries: one(`go_gc_duration_seconds{quantile=~"1|1.0",`+chosen+"}", who),
				},
				{
					Title: "Collections", Unit: PerSec, About: "Many a second beside little traffic: memory is near its limit.",
					Queries: one("rate(go_gc_duration_seconds_count{"+chosen+"}[$__rate_interval])", who),
				},
			}},
			{"What may leak", []Panel{
				{
					Title: "Goroutines", Unit: Count, About: "It follows the requests in flight. One that only rises is a leak.",
					Queries: one("go_goroutines{"+chosen+"}", who),
				},
				{
					Title: "Threads", Unit: Count, About: "They rise when calls of the kernel block.",
					Queries: one("go_threads{"+chosen+"}", who),
				},
				{
					Title: "File descriptors, of the most", Unit: Part, Thresholds: rising(.5, .8), About: "Connections are most of them.",
					Queries: one("process_open_fds{"+chosen+"} / process_max_fds{"+chosen+"}", who),
				},
			}},
		},
	}
}
