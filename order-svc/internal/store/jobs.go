package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// Jobs takes work for later, in the transaction of the change that needs it.
type Jobs interface {
	InsertTx(ctx context.Context, tx pgx.Tx, args river.JobArgs, opts *river.InsertOpts) (*rivertype.JobInsertResult, error)
}

// unended are the states of a job that is still to be done.
var unended = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
}

// later keeps a job for a time, by default now; once for its arguments while one is still to be done.
func later(ctx context.Context, tx pgx.Tx, jobs Jobs, args river.JobArgs, at time.Time) error {
	_, err := jobs.InsertTx(ctx, tx, args, &river.InsertOpts{ScheduledAt: at, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: unended}})
	if err != nil {
		return fmt.Errorf("storing the job %s: %w", args.Kind(), err)
	}
	return nil
}
