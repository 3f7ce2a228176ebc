package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/slippers-api/slippers/order-svc/internal/work"
)

// Jobs takes work for later, in the transaction of the change that needs it.
type Jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// later keeps a job as work.Once says.
func later(ctx context.Context, tx pgx.Tx, jobs Jobs, args river.JobArgs, at time.Time) error {
	if _, err := jobs.InsertTx(ctx, tx, args, work.Once(at)); err != nil {
		return fmt.Errorf("storing the job %s: %w", args.Kind(), err)
	}
	return nil
}
