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

	jobs, payments, refunds *prometheus.GaugeVec

	oldest, unread, attention, amount, pending, overdue prometheus.Gauge
}

// NewWatcher returns a watcher of db; unexplained is in minor units.
func NewWatcher(db *pgxpool.Pool, unexplained func(ctx context.Context) (int64, error), reg prometheus.Registerer) *Watcher {
	gauge := func(name, help string) prometheus.Gauge {
		return promauto.With(reg).NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	vec := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	return &Watcher{
		db: db, unexplained: unexplained,
		jobs:      vec("jobs", "Jobs by what they do and where they stand. Discarded ones have failed for good: see /admin/jobs.", "kind", "state"),
		payments:  vec("payments_open", "Payments that are not at their end, by where they stand.", "state"),
		refunds:   vec("refunds_open", "Refunds that are not at their end, by where they stand.", "state"),
		oldest:    gauge("jobs_oldest_waiting_seconds", "For how long the oldest job could have been done already."),
		unread:    gauge("payments_oldest_unread_seconds", "For how long the open payment that has waited longest was not read back, those that a person looks after apart. The reconciler reads each once a minute at first, and ever more seldom up to 15 minutes."),
		attention: gauge("payments_attention", "Payments that a person must look at: see /admin/payments."),
		amount:    gauge("ledger_unexplained_amount", "Money, in minor units, that payments and the ledger tell differently. It must be zero."),
		pending:   gauge("orders_pending", "Orders that wait for their money."),
		overdue:   gauge("orders_overdue", "Orders that wait after their time. More than a moment: nobody ends them, and they keep their stock."),
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
	const jobs = `SELECT kind, state::text, count(*) FROM orders.river_job WHERE state <> 'completed' GROUP BY kind, state`
	const payments = `
		SELECT s.state, count(p.id) FROM unnest(ARRAY['new', 'registered', 'pending', 'held']) AS s (state)
		LEFT JOIN orders.payments p ON p.state = s.state AND p.state IN ('new', 'registered', 'pending', 'held') GROUP BY s.state`
	const refunds = `
		SELECT s.state, count(r.id) FROM unnest(ARRAY['new', 'pending']) AS s (state)
		LEFT JOIN orders.refunds r ON r.state = s.state AND r.state IN ('new', 'pending') GROUP BY s.state`
	const rest = `
		SELECT (SELECT coalesce(extract(epoch FROM now() - min(scheduled_at)), 0) FROM orders.river_job WHERE state = 'available'),
			(SELECT coalesce(extract(epoch FROM now() - min(coalesce(read_at, created_at))), 0) FROM orders.payments
				WHERE state IN ('new', 'registered', 'pending', 'held') AND attention IS NULL),
			(SELECT count(*) FROM orders.payments WHERE attention IS NOT NULL),
			(SELECT count(*) FROM orders.orders WHERE status = 'PENDING'),
			(SELECT count(*) FROM orders.orders WHERE status = 'PENDING' AND expires_at < now())`

	for query, into := range map[string]*prometheus.GaugeVec{jobs: w.jobs, payments: w.payments, refunds: w.refunds} {
		if err := w.group(ctx, query, into); err != nil {
			return err
		}
	}
	all := []prometheus.Gauge{w.oldest, w.unread, w.attention, w.pending, w.overdue}
	values := make([]float64, len(all))
	into := make([]any, len(all))
	for i := range values {
		into[i] = &values[i]
	}
	if err := w.db.QueryRow(ctx, rest).Scan(into...); err != nil {
		return fmt.Errorf("counting what waits: %w", err)
	}
	off, err := w.unexplained(ctx)
	if err != nil {
		return err
	}
	for i, g := range all {
		g.Set(values[i])
	}
	w.amount.Set(float64(off))
	return nil
}

// group sets one gauge for each row of labels and a number.
func (w *Watcher) group(ctx context.Context, query string, into *prometheus.GaugeVec) error {
	rows, err := w.db.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("counting by state: %w", err)
	}
	defer rows.Close()
	into.Reset()
	for rows.Next() {
		row, err := rows.Values()
		if err != nil {
			return fmt.Errorf("reading a count: %w", err)
		}
		labels := make([]string, len(row)-1)
		for i := range labels {
			labels[i], _ = row[i].(string)
		}
		n, _ := row[len(labels)].(int64)
		into.WithLabelValues(labels...).Set(float64(n))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the counts: %w", err)
	}
	return nil
}
