package httpclient

import (
	"context"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/slippers-api/slippers/kit/tracing"
)

// Calls counts and follows the calls that a process makes to other services of ours.
type Calls struct {
	took   *prometheus.HistogramVec
	failed *prometheus.CounterVec
}

// NewCalls returns calls that reg knows of.
func NewCalls(reg prometheus.Registerer) *Calls {
	return &Calls{
		took: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_client_request_duration_seconds",
			Help:    "Time from calling another service until its answer began. It is slower here than it says itself: the network, or a queue before it.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 6},
		}, []string{"upstream", "method", "code"}),
		failed: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "http_client_failures_total", Help: "Calls of another service that got no answer, though somebody waited for it.",
		}, []string{"upstream"}),
	}
}

// To returns what watches the calls of one service.
func (c *Calls) To(upstream string) func(http.RoundTripper) http.RoundTripper {
	failed := c.failed.WithLabelValues(upstream)
	took := c.took.MustCurryWith(prometheus.Labels{"upstream": upstream})
	return func(next http.RoundTripper) http.RoundTripper {
		next = promhttp.InstrumentRoundTripperDuration(took, tracing.Transport(next))
		return promhttp.RoundTripperFunc(func(r *http.Request) (*http.Response, error) {
			res, err := next.RoundTrip(r)
			if err != nil && !errors.Is(context.Cause(r.Context()), context.Canceled) { // of who has left nobody wants to know
				failed.Inc()
			}
			return res, err
		})
	}
}
