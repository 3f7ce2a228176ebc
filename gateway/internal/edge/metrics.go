package edge

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// metrics count what came of requests.
type metrics struct {
	requests *prometheus.CounterVec
	fill     *prometheus.HistogramVec

	invalidations *prometheus.CounterVec
	pages         sync.Map // *Page to counts
}

// counts are what is counted of one page.
type counts struct {
	hit, stale, miss, coalesced, bypass prometheus.Counter
	fill                                prometheus.Observer
}

func newMetrics(reg prometheus.Registerer, most uint64, size func() float64) *metrics {
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "edge_cache_bytes", Help: "About how much memory the pages in this process take. CACHE_BYTES bounds it.",
	}, size)
	promauto.With(reg).NewGauge(prometheus.GaugeOpts{
		Name: "edge_cache_max_bytes", Help: "How much memory they may take.",
	}).Set(float64(most))
	return &metrics{
		requests: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "edge_cache_requests_total",
			Help: "Requests for pages that may be kept, by what came of them. Many misses beside few writes mean that the store is too small.",
		}, []string{"page", "outcome"}),
		fill: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name: "edge_cache_fill_seconds", Help: "Time to get a page that this process did not hold, from Redis or from its service.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 6},
		}, []string{"page"}),
		invalidations: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "edge_cache_admin_invalidations_total", Help: "Invalidations that administrators asked for, by what was named.",
		}, []string{"name"}),
	}
}

// of returns the counts of a page. They are made together, so that a rate over them is zero, not absent.
func (m *metrics) of(p *Page) *counts {
	if c, ok := m.pages.Load(p); ok {
		return c.(*counts) //nolint:forcetypeassert // nothing else is stored
	}
	by := func(outcome string) prometheus.Counter { return m.requests.WithLabelValues(p.Name, outcome) }
	c, _ := m.pages.LoadOrStore(p, &counts{by("hit"), by("stale"), by("miss"), by("coalesced"), by("bypass"), m.fill.WithLabelValues(p.Name)})
	return c.(*counts) //nolint:forcetypeassert // nothing else is stored
}
