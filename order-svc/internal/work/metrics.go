package work

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Watcher counts what somebody should see: jobs that wait or have failed, payments that need a person, and money that the
// books do not explain.
type Watcher struct {
	db          *pgxpool.Pool
	unexplained func(ctx context.Context) (int64, error)

	jobs      *prometheus.GaugeVec
	oldest    prometheus.Gauge
	attention prometheus.Gauge
	amount    prometheus.Gauge
}

// NewWatcher returns a watcher of db; unexplained is in minor units.
func NewWatcher(db *pgxpool.Pool, unexplained func(ctx context.Context) (int64, error), reg prometheus.Registerer) *Watcher {
	f := promauto.With(reg)
	return &Watcher{
		db: db, unexplained: unexplained,
		jobs: f.NewGaugeVec(prometheus.GaugeOpts{
			Name: "jobs", Help: "Jobs by what they do and where they stand. Discarded ones have failed for good: see /admin/jobs.",
		}, []string{"kind", "state"}),
		oldest: f.NewGauge(prometheus.GaugeOpts{
			Name: "jobs_oldest_waiting_seconds", Help: "For how long the oldest job could have been done already.",
		}),
		attention: f.NewGauge(prometheus.GaugeOpts{
			Name: "payments_attention", Help: "Payments that a person must look at: see /admin/payments.",
		}),
		amount: f.NewGauge(prometheus.GaugeOpts{
			Name: "ledger_unexplained_amount", Help: "Money, in minor units, that payments and the ledger tell differently. It must be zero.",
		}),
	}
}

// Run counts until ctx ends: each replica for itself, since each is asked for its metrics. A failure is logged, and it counts
// again.
func (w *Watcher) Run(ctx context.Context, every time.Duration, log *slog.Logger) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if err := w.Look(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "looking after money and jobs", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Look counts once.
func (w *Watcher) Look(ctx context.Context) error {
	const jobs = `SELECT kind, state, count(*) FROM orders.river_job WHERE state <> 'completed' GROUP BY kind, state`
	const rest = `
		SELECT (SELECT coalesce(extract(epoch FROM now() - min(scheduled_at)), 0) FROM orders.river_job WHERE state = 'available'),
			(SELECT count(*) FROM orders.payments WHERE attention IS NOT NULL)`

	rows, err := w.db.Query(ctx, jobs)
	if err != nil {
		return fmt.Errorf("counting jobs: %w", err)
	}
	defer rows.Close()
	w.jobs.Reset()
	for rows.Next() {
		var kind, state string
		var n float64
		if err := rows.Scan(&kind, &state, &n); err != nil {
			return fmt.Errorf("reading the count of jobs: %w", err)
		}
		w.jobs.WithLabelValues(kind, state).Set(n)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the count of jobs: %w", err)
	}
	var oldest, attention float64
	if err := w.db.QueryRow(ctx, rest).Scan(&oldest, &attention); err != nil {
		return fmt.Errorf("counting what needs attention: %w", err)
	}
	off, err := w.unexplained(ctx)
	if err != nil {
		return err
	}
	w.oldest.Set(oldest)
	w.attention.Set(attention)
	w.amount.Set(float64(off))
	return nil
}
