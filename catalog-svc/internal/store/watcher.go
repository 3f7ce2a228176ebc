package store

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// WatchConfig is a part of the configuration of catalog-svc.
type WatchConfig struct {
	// Every is how often the stock is counted for the metrics.
	Every time.Duration `env:"WATCH_INTERVAL" envDefault:"30s"`

	// Balance is how often the stock of every slipper is compared with its history. That reads every reservation.
	Balance time.Duration `env:"STOCK_BALANCE_INTERVAL" envDefault:"10m"`
}

// Watcher counts what somebody should see of the stock.
type Watcher struct {
	db    *pgxpool.Pool
	stock *Stock
	cfg   WatchConfig
	log   *slog.Logger

	held, overdue, none, imbalances prometheus.Gauge
}

// NewWatcher returns a watcher of stock.
func NewWatcher(cfg WatchConfig, db *pgxpool.Pool, stock *Stock, reg prometheus.Registerer, log *slog.Logger) *Watcher {
	gauge := func(name, help string) prometheus.Gauge {
		return promauto.With(reg).NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	return &Watcher{
		db: db, stock: stock, cfg: cfg, log: log,
		held:       gauge("stock_reservations_held", "Reservations of orders that are not settled."),
		overdue:    gauge("stock_reservations_overdue", "Reservations that are held after their time. More than a moment: nobody gives their stock back."),
		none:       gauge("slippers_out_of_stock", "Slippers that are offered, and of which nothing is left."),
		imbalances: gauge("stock_imbalances", "Slippers whose stock is not what their history makes it. It must be zero."),
	}
}

// Run counts until ctx ends: each replica for itself, since each is asked for its metrics. A failure is logged, and it counts
// again.
func (w *Watcher) Run(ctx context.Context) error {
	count, balance := time.NewTicker(w.cfg.Every), time.NewTicker(w.cfg.Balance)
	defer count.Stop()
	defer balance.Stop()
	w.try(ctx, w.count)
	w.try(ctx, w.balance)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-count.C:
			w.try(ctx, w.count)
		case <-balance.C:
			w.try(ctx, w.balance)
		}
	}
}

func (w *Watcher) try(ctx context.Context, look func(context.Context) error) {
	if err := look(ctx); err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "looking after the stock", "err", err)
	}
}

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
