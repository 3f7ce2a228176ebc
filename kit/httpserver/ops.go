package httpserver

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const probeTimeout = 2 * time.Second

// Ops answers probes, metrics and profiles, on a port that only the cluster reaches.
type Ops struct {
	mux      *http.ServeMux
	ready    map[string]func(context.Context) error
	draining atomic.Bool
}

// NewOps returns the handler. ready names what the service cannot work without; each is asked at every readiness probe.
// Liveness looks at the process only, so that a lost database never restarts a service.
func NewOps(reg *prometheus.Registry, ready map[string]func(context.Context) error) *Ops {
	o := &Ops{mux: http.NewServeMux(), ready: ready}
	o.mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	o.mux.HandleFunc("GET /readyz", o.readyz)
	o.mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})) // which has exemplars
	o.mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	o.mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	o.mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	o.mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return o
}

func (o *Ops) ServeHTTP(w http.ResponseWriter, r *http.Request) { o.mux.ServeHTTP(w, r) }

// Handle serves what else an operator may ask of the process.
func (o *Ops) Handle(pattern string, h http.Handler) { o.mux.Handle(pattern, h) }

// readyz answers 200 or 503 with one word for each thing asked. Errors stay in our log: this port is read by many.
func (o *Ops) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	status, answer := http.StatusOK, map[string]string{}
	for name, ask := range o.ready {
		answer[name] = "ok"
		if err := ask(ctx); err != nil {
			status, answer[name] = http.StatusServiceUnavailable, "failing"
		}
	}
	if o.draining.Load() {
		status, answer["process"] = http.StatusServiceUnavailable, "draining"
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer) // a prober that has gone needs no answer
}
