package account

import (
	"context"
	"log/slog"
	"time"
)

// Forgetting deletes sessions that ended long ago.
type Forgetting struct {
	Sessions interface {
		// Forget deletes some, and returns how many.
		Forget(ctx context.Context) (int64, error)
	}
	Every time.Duration
	Log   *slog.Logger
}

// Run forgets until ctx ends.
func (f Forgetting) Run(ctx context.Context) error {
	tick := time.NewTicker(f.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		for n := int64(1); n > 0 && ctx.Err() == nil; {
			var err error
			if n, err = f.Sessions.Forget(ctx); err != nil {
				f.Log.WarnContext(ctx, "forgetting old sessions", "err", err)
				break
			}
		}
	}
}
