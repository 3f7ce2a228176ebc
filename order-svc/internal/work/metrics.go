package work

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/watch"
)

// Watcher counts what somebody should see: jobs that wait or have failed, payments that need a person, and money that the
// books do not explain.
type Watcher struct{ watch *watch.Watch }

// watcher is what the checks of a Watcher share.
type watcher struct {
	db  *pgxpool.Pool
	reg prometheus.Registerer
}

// NewWatcher returns a watcher of db; unexplained is in minor units, and may take patience.
func NewWatcher(db *pgxpool.Pool, unexplained func(ctx context.Context) (int64, error), patience time.Duration, reg prometheus.Registerer) *Watcher {
	w := watcher{db, reg}
	const short = 10 * time.Second // twice what a statement may take
	return &Watcher{watch.New(reg,
		watch.Check{Name: "jobs", Timeout: short, Ask: w.jobs()},
		watch.Check{Name: "payments", Timeout: short, Ask: w.payments()},
		watch.Check{Name: "refunds", Timeout: short, Ask: w.refunds()},
		watch.Check{Name: "orders", Timeout: short, Ask: w.orders()},
		watch.Check{Name: "ledger", Timeout: patience + short, Ask: w.ledger(unexplained)}, // last, because it may take long
	)}
}

// Run counts until ctx ends.
func (w *Watcher) Run(ctx context.Context, every time.Duration, log *slog.Logger) error {
	return w.watch.Run(ctx, every, log)
}

// Look counts once.
func (w *Watcher) Look(ctx context.Context) error { return w.watch.All(ctx) }

func (w watcher) jobs() func(context.Context) error {
	const states = `SELECT kind, state::text, count(*) FROM orders.river_job WHERE state <> 'completed' GROUP BY kind, state`
	// What is scheduled, or is to be tried again, becomes available when its time comes, if somebody sees to that.
	const oldest = `
		SELECT coalesce(extract(epoch FROM now() - min(scheduled_at)), 0) FROM orders.river_job
		WHERE state IN ('available', 'scheduled', 'retryable') AND scheduled_at < now()`
	jobs := w.groups("jobs", "Jobs by what they do and where they stand. Discarded ones have failed for good: see /admin/jobs.", "kind", "state")
	waiting := w.gauge("jobs_oldest_waiting_seconds", "For how long the oldest job could have been done already.")
	return func(ctx context.Context) error {
		if err := jobs.count(ctx, w.db, states); err != nil {
			return err
		}
		return w.numbers(ctx, oldest, waiting)
	}
}

func (w watcher) payments() func(context.Context) error {
	const states = `
		SELECT s.state, count(p.id) FROM unnest(ARRAY['new', 'registered', 'pending', 'held']) AS s (state)
		LEFT JOIN orders.payments p ON p.state = s.state AND p.state IN ('new', 'registered', 'pending', 'held') GROUP BY s.state`
	// A new one nobody can pay, and the provider, which may never have seen it, need not know it.
	const rest = `
		SELECT (SELECT coalesce(extract(epoch FROM now() - min(coalesce(answered_at, created_at))), 0) FROM orders.payments
				WHERE state IN ('registered', 'pending', 'held') AND attention IS NULL),
			(SELECT count(*) FROM orders.payments WHERE attention IS NOT NULL)`
	open := w.groups("payments_open", "Payments that are not at their end, by where they stand.", "state")
	unread := w.gauge("payments_oldest_unread_seconds", "For how long the provider has not said what became of an open payment that it has made, of the one that has waited longest; those that a person looks after apart. The reconciler asks once a minute at first, and ever more seldom up to 15 minutes.")
	attention := w.gauge("payments_attention", "Payments that a person must look at: see /admin/payments.")
	return func(ctx context.Context) error {
		if err := open.count(ctx, w.db, states); err != nil {
			return err
		}
		return w.numbers(ctx, rest, unread, attention)
	}
}

func (w watcher) refunds() func(context.Context) error {
	const states = `
		SELECT s.state, count(r.id) FROM unnest(ARRAY['new', 'pending']) AS s (state)
		LEFT JOIN orders.refunds r ON r.state = s.state AND r.state IN ('new', 'pending') GROUP BY s.state`
	const oldest = `SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM orders.refunds WHERE state IN ('new', 'pending')`
	open := w.groups("refunds_open", "Refunds that are not at their end, by where they stand.", "state")
	waiting := w.gauge("refunds_oldest_open_seconds", "For how long the oldest refund that is not at its end is there. The provider may take hours; after a day somebody must ask.")
	return func(ctx context.Context) error {
		if err := open.count(ctx, w.db, states); err != nil {
			return err
		}
		return w.numbers(ctx, oldest, waiting)
	}
}

func (w watcher) orders() func(context.Context) error {
	const query = `
		SELECT (SELECT count(*) FROM orders.orders WHERE status = 'PENDING'),
			(SELECT count(*) FROM orders.orders WHERE status = 'PENDING' AND expires_at < now())`
	pending := w.gauge("orders_pending", "Orders that wait for their money.")
	overdue := w.gauge("orders_overdue", "Orders that wait after their time. More than a moment: nobody ends them, and they keep their stock.")
	return func(ctx context.Context) error { return w.numbers(ctx, query, pending, overdue) }
}

func (w watcher) ledger(unexplained func(ctx context.Context) (int64, error)) func(context.Context) error {
	amount := w.gauge("ledger_unexplained_amount", "Money, in minor units, that payments and the ledger tell differently. It must be zero.")
	return func(ctx context.Context) error {
		off, err := unexplained(ctx)
		if err != nil {
			return err
		}
		amount.Set(float64(off))
		return nil
	}
}

func (w watcher) gauge(name, help string) watch.Gauge { return watch.NewGauge(w.reg, name, help) }

// numbers sets a gauge to each number of a row.
func (w watcher) numbers(ctx context.Context, query string, gauges ...watch.Gauge) error {
	values := make([]float64, len(gauges))
	into := make([]any, len(gauges))
	for i := range values {
		into[i] = &values[i]
	}
	if err := w.db.QueryRow(ctx, query).Scan(into...); err != nil {
		return fmt.Errorf("counting what waits: %w", err)
	}
	for i, g := range gauges {
		g.Set(values[i])
	}
	return nil
}

// groups is a gauge for each group that was counted last.
type groups struct {
	vec   *prometheus.GaugeVec
	shown map[string][]string // the labels of each
}

func (w watcher) groups(name, help string, labels ...string) *groups {
	return &groups{vec: promauto.With(w.reg).NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)}
}

// count sets one gauge for each row of labels and a number. A group that is gone goes when all others are told: whoever looks
// meanwhile misses none.
func (g *groups) count(ctx context.Context, db *pgxpool.Pool, query string) error {
	type group struct {
		labels []string
		n      int64
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("counting by state: %w", err)
	}
	counted, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group, error) {
		values, err := row.Values()
		if err != nil {
			return group{}, err
		}
		last := len(values) - 1
		of := group{labels: make([]string, last)}
		for i := range of.labels {
			of.labels[i], _ = values[i].(string)
		}
		of.n, _ = values[last].(int64)
		return of, nil
	})
	if err != nil {
		return fmt.Errorf("reading the counts: %w", err)
	}
	gone := g.shown
	g.shown = map[string][]string{}
	for _, of := range counted {
		name := strings.Join(of.labels, " ")
		g.vec.WithLabelValues(of.labels...).Set(float64(of.n))
		g.shown[name] = of.labels
		delete(gone, name)
	}
	for _, labels := range gone {
		g.vec.DeleteLabelValues(labels...)
	}
	return nil
}
