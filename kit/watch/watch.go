// Package watch puts questions to a database from time to time, and a service tells Prometheus the answers. Not for what a
// request knows by itself: that is counted where it happens.
//
// Each question stands alone: one that is not answered keeps no other from being asked. When each was answered last is told
// too, because a gauge that nobody sets any more looks like one that does not change.
package watch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// rest is how many times as long as it took a check is left alone: a slow one takes a tenth of a connection, and not all of it.
const rest = 9

// Check is a question.
type Check struct {
	// Name is its label. There are few.
	Name string

	// Every is for how long an answer is good; with zero it is asked in every round. Keep it well below ten minutes: an answer
	// that is older raises WatchStale.
	Every time.Duration

	// Timeout bounds it, waiting for a connection included. It must be longer than its statements may take.
	Timeout time.Duration

	// Ask asks, and sets a gauge as soon as it knows its value.
	Ask func(ctx context.Context) error
}

// Watch asks.
type Watch struct {
	checks []Check
	rested []time.Time // until when each is left alone
	last   *prometheus.GaugeVec
}

// New returns a watch that has asked nothing yet.
func New(reg prometheus.Registerer, checks ...Check) *Watch {
	last := promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
		Name: "watch_last_success_timestamp_seconds",
		Help: "When what the gauges of a check tell was read last; 0 means never. Older than some minutes: they show what was then, and their alerts are blind.",
	}, []string{"check"})
	for _, c := range checks {
		last.WithLabelValues(c.Name)
	}
	return &Watch{checks: checks, rested: make([]time.Time, len(checks)), last: last}
}

// Run asks until ctx ends, in rounds: each replica for itself, since each is asked for its metrics. A failure is logged, and
// it asks again.
func (w *Watch) Run(ctx context.Context, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.round(ctx, false); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "a check of the watch failed", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// All asks everything once, due or not. It returns the errors of all.
func (w *Watch) All(ctx context.Context) error { return w.round(ctx, true) }

func (w *Watch) round(ctx context.Context, all bool) error {
	var failed []error
	for i, c := range w.checks {
		began := time.Now()
		if !all && began.Before(w.rested[i]) {
			continue
		}
		err := c.ask(ctx)
		now := time.Now()
		w.rested[i] = now.Add(rest * now.Sub(began))
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", c.Name, err))
			continue
		}
		w.last.WithLabelValues(c.Name).SetToCurrentTime()
		if good := began.Add(c.Every); good.After(w.rested[i]) {
			w.rested[i] = good
		}
	}
	return errors.Join(failed...)
}

func (c Check) ask(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	return c.Ask(ctx)
}

// Gauge is absent until it is set: a zero that nobody has counted would be a lie.
type Gauge struct{ vec *prometheus.GaugeVec }

// NewGauge returns a gauge.
func NewGauge(reg prometheus.Registerer, name, help string) Gauge {
	return Gauge{promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, nil)}
}

// Set sets it.
func (g Gauge) Set(to float64) { g.vec.WithLabelValues().Set(to) }
