package work

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
)

// Routine is work that no request asks for, done again and again in small batches, such as ending the orders that nobody
// paid for. One replica at a time does it.
type Routine struct {
	Name  string
	Every time.Duration

	// Batch does a few and says how many.
	Batch func(ctx context.Context) (int64, error)
}

// routineJob is one round of a routine.
type routineJob struct {
	Name string `json:"name"`
}

// Kind is the job's name in the database.
func (routineJob) Kind() string { return "routine" }

// periodic says when rounds begin. One that is not done yet, because it failed or takes long, is not kept twice.
func (r Routine) periodic() *river.PeriodicJob {
	return river.NewPeriodicJob(river.PeriodicInterval(r.Every), func() (river.JobArgs, *river.InsertOpts) {
		return routineJob{r.Name}, Once(time.Time{})
	}, &river.PeriodicJobOpts{ID: r.Name, RunOnStart: true})
}

// routines does rounds.
type routines struct {
	river.WorkerDefaults[routineJob]

	all map[string]Routine
	log *slog.Logger
}

// Work goes on until nothing is left to do.
func (w routines) Work(ctx context.Context, j *river.Job[routineJob]) error {
	r, known := w.all[j.Args.Name]
	if !known {
		return river.JobCancel(fmt.Errorf("there is no routine %q any more", j.Args.Name))
	}
	for {
		done, err := r.Batch(ctx)
		if err != nil || done == 0 {
			return err
		}
		w.log.InfoContext(ctx, "routine done", "routine", r.Name, "count", done)
	}
}

// NextRetry tries a round that failed when the next one would have begun.
func (w routines) NextRetry(j *river.Job[routineJob]) time.Time {
	return time.Now().Add(w.all[j.Args.Name].Every)
}
