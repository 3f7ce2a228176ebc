// Package metrics makes the registry of a process, with what Prometheus shall know of every one.
package metrics

import (
	"regexp"
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	dto "github.com/prometheus/client_model/go"
)

// NewRegistry returns a registry that tells of the Go runtime, the process and its version.
func NewRegistry(version string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	live := collectors.GoRuntimeMetricsRule{Matcher: regexp.MustCompile(`^/gc/heap/live:bytes$`)} // what no collection can free
	reg.MustRegister(collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(live)), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "slippers_build_info", Help: "Always 1. Two versions at once are a rollout, or one that got stuck.",
	}, []string{"version", "goversion"}).WithLabelValues(version, runtime.Version()).Set(1)
	return reg
}

// Value reads a counter, for people who ask this process.
func Value(c prometheus.Counter) int64 {
	var m dto.Metric
	if c.Write(&m) != nil {
		return 0 // a counter of the library has no error
	}
	return int64(m.GetCounter().GetValue())
}
