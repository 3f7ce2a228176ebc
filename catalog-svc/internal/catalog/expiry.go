package catalog

import (
	"context"
	"log/slog"
	"time"
)

// Overdue is what an Expiry needs of the stock.
type Overdue interface {
	// ReleaseOverdue gives back what a few reservations still hold after their time, and says how many.
	ReleaseOverdue(ctx context.Context) (int, error)
}

// Expiry gives back the stock of orders that nobody settled, so that a crash anywhere leaves nothing taken.
type Expiry struct {
	Stock Overdue
	Every time.Duration
	Log   *slog.Logger
}

// Run works until ctx ends. Any number of replicas may run at once. A failure is logged and tried again.
func (e Expiry) Run(ctx context.Context) error {
	tick := time.NewTicker(e.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			e.round(ctx)
		}
	}
}

// round goes on until nothing is overdue.
func (e Expiry) round(ctx context.Context) {
	for ctx.Err() == nil {
		released, err := e.Stock.ReleaseOverdue(ctx)
		if err != nil {
			e.Log.WarnContext(ctx, "releasing overdue reservations", "err", err)
			return
		}
		if released == 0 {
			return
		}
		e.Log.InfoContext(ctx, "released overdue reservations", "count", released)
	}
}
