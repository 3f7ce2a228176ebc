package cache

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count what came of lookups.
type metrics struct {
	lookups *prometheus.CounterVec
	load    *prometheus.HistogramVec

	caches sync.Map // name to counts
}

// counts are the metrics of one cache.
type counts struct {
	hit, miss, coalesced, bypass prometheus.Counter
	load                         prometheus.Observer
}

func newMetrics(reg prometheus.Registerer, size func() float64) *metrics {
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "cache_bytes", Help: "About how much memory the copies in this process take. CACHE_BYTES bounds it.",
	}, size)
	return &metrics{
		lookups: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "cache_lookups_total",
			Help: "Lookups of copies, by what came of them: a copy, a loading, another's loading, or a loading because Redis is away. Many misses beside few writes mean that the store is too small.",
		}, []string{"cache", "outcome"}),
		load: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name: "cache_load_seconds", Help: "Time to load what no copy was there of.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"cache"}),
	}
}

// of returns the metrics of a cache. They are made together, so that a rate over them is zero, not absent.
func (m *metrics) of(name string) counts {
	by := func(outcome string) prometheus.Counter { return m.lookups.WithLabelValues(name, outcome) }
	c := counts{by("hit"), by("miss"), by("coalesced"), by("bypass"), m.load.WithLabelValues(name)}
	m.caches.Store(name, c)
	return c
}
