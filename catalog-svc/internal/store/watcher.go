package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/watch"
)

// WatchConfig is a part of the configuration of catalog-svc.
type WatchConfig struct {
	// Every is how often the stock is counted for the metrics.
	Every time.Duration `env:"WATCH_INTERVAL" envDefault:"30s"`

	// Balance is how often the stock of every slipper is compared with its history. That reads every reservation. It must stay
	// well below ten minutes: after that the alert WatchStale tells that nobody compares it.
	Balance time.Duration `env:"STOCK_BALANCE_INTERVAL" envDefault:"5m"`
}

// Watcher counts what somebody should see of the stock.
type Watcher struct {
	db    *pgxpool.Pool
	stock *Stock
	every time.Duration
	log   *slog.Logger
	watch *watch.Watch

	held, overdue, none, imbalances watch.Gauge
}

// NewWatcher returns a watcher of stock.
func NewWatcher(cfg WatchConfig, db *pgxpool.Pool, stock *Stock, reg prometheus.Registerer, log *slog.Logger) *Watcher {
	w := &Watcher{
		db: db, stock: stock, every: cfg.Every, log: log,
		held:       watch.NewGauge(reg, "stock_reservations_held", "Reservations of orders that are not settled."),
		overdue:    watch.NewGauge(reg, "stock_reservations_overdue", "Reservations that are held after their time. More than a moment: nobody gives their stock back."),
		none:       watch.NewGauge(reg, "slippers_out_of_stock", "Slippers that are offered, and of which nothing is left."),
		imbalances: watch.NewGauge(reg, "stock_imbalances", "Slippers whose stock is not what their history makes it. It must be zero."),
	}
	const short = 10 * time.Second // twice what a statement may take
	w.watch = watch.New(reg,
		watch.Check{Name: "stock", Timeout: short, Ask: w.count},
		watch.Check{Name: "balance", Every: cfg.Balance, Timeout: patience + short, Ask: w.balance},
	)
	return w
}

// Run counts until ctx ends.
func (w *Watcher) Run(ctx context.Context) error { return w.watch.Run(ctx, w.every, w.log) }

// Look counts once.
func (w *Watcher) Look(ctx context.Context) error { return w.watch.All(ctx) }

func (w *Watcher) count(ctx context.Context) error {
	const query = `
		SELECT (SELECT count(*) FROM catalog.reservations WHERE state = 'held'),
			(SELECT count(*) FROM catalog.reservations WHERE state = 'held' AND expires_at < now()),
			(SELECT count(*) FROM catalog.slippers WHERE quantity = 0 AND deleted_at IS NULL)`

	var held, overdue, none float64
	if err := w.db.QueryRow(ctx, query).Scan(&held, &overdue, &none); err != nil {
		return fmt.Errorf("counting the stock: %w", err)
	}
	w.held.Set(held)
	w.overdue.Set(overdue)
	w.none.Set(none)
	return nil
}

func (w *Watcher) balance(ctx context.Context) error {
	wrong, err := w.stock.Imbalances(ctx)
	if err != nil {
		return err
	}
	w.imbalances.Set(float64(len(wrong)))
	if len(wrong) > 0 {
		w.log.ErrorContext(ctx, "stock is not what its history makes it", "slippers", len(wrong), "first", wrong[0])
	}
	return nil
}
