// Package work does in the background what follows from orders and payments: River keeps it in PostgreSQL, and any number
// of replicas share it.
package work

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"
	"github.com/riverqueue/rivercontrib/otelriver"

	"github.com/slippers-api/slippers/kit/tracing"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

const (
	// schema is where River's tables are (package migrations).
	schema = "orders"

	// atOnce is how many jobs one process does at the same time.
	atOnce = 16

	// timeout bounds one try of one job.
	timeout = 30 * time.Second

	// rescue is when a job counts as that of a process that has died. It is longer than any try takes.
	rescue = timeout + 15*time.Second

	// tries is how often a failing job is tried: with River's back-off (tries to the fourth power, in seconds) about a day.
	tries = 15

	// kept is for how long a job is remembered that was done.
	kept = time.Hour

	// A paid order that could not be claimed, at first and after a second, is claimed again this often for this long, and
	// then as seldom as any job.
	claimTries = 2
	claimAgain = 15 * time.Second
	claimSoon  = time.Hour

	// givenUp is for how long a job is remembered that was given up. That of a refund is the only one who sends it, and its alert
	// stands for as long as the job: within a quarter of a year somebody has seen it.
	givenUp = 90 * 24 * time.Hour

	// refundAgain is when a refund that the provider has not finished is asked for again.
	refundAgain = 30 * time.Second
)

// Client keeps and does jobs.
type Client = river.Client[pgx.Tx]

// NewKeeper returns a client that keeps jobs, and does none.
func NewKeeper(db *pgxpool.Pool, log *slog.Logger) (*Client, error) {
	c, err := river.NewClient(riverpgxv5.New(db), &river.Config{Schema: schema, MaxAttempts: tries, Logger: quiet(log), Plugins: traced()})
	if err != nil {
		return nil, fmt.Errorf("opening the jobs: %w", err)
	}
	return c, nil
}

// NewDoer returns a client that does jobs and routines, once it is started.
func NewDoer(db *pgxpool.Pool, s payment.Settling, rounds []Routine, log *slog.Logger) (*Client, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[payment.ConfirmJob]) error {
		return snoozed(s.Confirm(ctx, j.Args.PaymentID, j.CreatedAt))
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[payment.HeardJob]) error {
		err := s.Confirm(ctx, j.Args.PaymentID, j.CreatedAt)
		if again, ok := errors.AsType[payment.ReadAgain](err); ok && !again.Unread {
			return nil // it was read: the other job goes on
		}
		return snoozed(err)
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[payment.ClaimJob]) error {
		err := s.Claim(ctx, j.Args.PaymentID)
		if err != nil && j.Attempt >= claimTries && time.Since(j.CreatedAt) < claimSoon {
			log.WarnContext(ctx, "claiming the order of a paid payment", "payment_id", j.Args.PaymentID, "err", err)
			return river.JobSnooze(claimAgain) // costs no try: they last for a day, and the stock does not
		}
		return err
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[payment.RefundJob]) error {
		err := s.Refunds.Send(ctx, j.Args.RefundID)
		if errors.Is(err, payment.ErrRefundPending) {
			return river.JobSnooze(refundAgain)
		}
		return err
	}))
	river.AddWorker(workers, river.WorkFunc(func(ctx context.Context, j *river.Job[order.ReturnJob]) error {
		return s.Stock.Return(ctx, j.Args.ReservationID)
	}))
	worker := routines{all: map[string]Routine{}, log: log}
	periodic := make([]*river.PeriodicJob, len(rounds))
	for i, r := range rounds {
		worker.all[r.Name], periodic[i] = r, r.periodic()
	}
	river.AddWorker(workers, worker)
	c, err := river.NewClient(riverpgxv5.New(db), &river.Config{
		Schema: schema, Workers: workers, JobTimeout: timeout, RescueStuckJobsAfter: rescue, MaxAttempts: tries, Logger: quiet(log),
		PeriodicJobs: periodic, CompletedJobRetentionPeriod: kept, DiscardedJobRetentionPeriod: givenUp, Plugins: traced(),
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}},
	})
	if err != nil {
		return nil, fmt.Errorf("opening the jobs: %w", err)
	}
	return c, nil
}

// traced makes a trace of each job, which leads back to that of the request that has left it.
func traced() []rivertype.Plugin {
	if !tracing.On() {
		return nil
	}
	return []rivertype.Plugin{otelriver.NewMiddleware(&otelriver.MiddlewareConfig{EnableTracePropagation: true, EnableWorkSpanJobKindSuffix: true})}
}

// Once keeps a job for a time, by default now; once for its arguments while one is still to be done.
func Once(at time.Time) *river.InsertOpts {
	return &river.InsertOpts{ScheduledAt: at, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}}}
}

// snoozed puts a payment that is still open aside, which costs none of the job's tries.
func snoozed(err error) error {
	if again, ok := errors.AsType[payment.ReadAgain](err); ok {
		return river.JobSnooze(again.In)
	}
	return err
}

// quiet keeps River's own news out of the log, but for what somebody must read.
func quiet(log *slog.Logger) *slog.Logger { return slog.New(level{log.Handler()}) }

type level struct{ slog.Handler }

func (l level) Enabled(ctx context.Context, at slog.Level) bool {
	return at >= slog.LevelWarn && l.Handler.Enabled(ctx, at)
}

// Run does jobs until ctx ends, and then finishes those that are under way.
func Run(ctx context.Context, c *Client, patience time.Duration) error {
	if err := c.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the jobs: %w", err)
	}
	<-ctx.Done()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	if c.Stop(stop) == nil {
		return nil
	}
	if err := c.StopAndCancel(context.WithoutCancel(ctx)); err != nil { // what is cut off is tried again
		return fmt.Errorf("stopping the jobs: %w", err)
	}
	return nil
}
