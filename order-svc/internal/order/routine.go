package order

import (
	"context"
	"log/slog"
	"time"
)

// Routine is work that no request asks for, done in small batches, such as ending the orders that nobody paid for.
type Routine struct {
	Name  string
	Every time.Duration
	Log   *slog.Logger

	// Batch does a few and says how many. Any number of replicas may do it at once.
	Batch func(ctx context.Context) (int64, error)
}

// Run works until ctx ends. A failure is logged and tried again.
func (r Routine) Run(ctx context.Context) error {
	tick := time.NewTicker(r.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			r.round(ctx)
		}
	}
}

// round goes on until nothing is left to do.
func (r Routine) round(ctx context.Context) {
	for ctx.Err() == nil {
		done, err := r.Batch(ctx)
		if err != nil {
			r.Log.WarnContext(ctx, "routine failed", "routine", r.Name, "err", err)
			return
		}
		if done == 0 {
			return
		}
		r.Log.InfoContext(ctx, "routine done", "routine", r.Name, "count", done)
	}
}
