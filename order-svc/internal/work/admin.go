package work

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/postgres"
)

// The ways a call about jobs can fail.
var (
	ErrNotFound = fault.New(fault.NotFound, "job-not-found", "There is no such job.")
	ErrDouble   = fault.New(fault.Conflict, "job-waiting-already", "Another job that is still to be done does the same.")
)

// Job is one as administrators see it.
type Job struct {
	ID          int64           `json:"id"`
	Kind        string          `json:"kind"`
	Args        json.RawMessage `json:"args"`
	State       string          `json:"state"`
	Attempt     int             `json:"attempt"`
	MaxAttempts int             `json:"max_attempts"`
	CreatedAt   time.Time       `json:"created_at"`
	ScheduledAt time.Time       `json:"scheduled_at"`
	LastError   *string         `json:"last_error"`
}

// listed is how many jobs are shown at most.
const listed = 100

// Admin is what administrators may do with jobs.
type Admin struct{ Jobs *Client }

// List returns the jobs that have failed for good or once at least, or those in one state, the newest first.
func (a Admin) List(ctx context.Context, state string) ([]Job, error) {
	states := []rivertype.JobState{rivertype.JobStateDiscarded, rivertype.JobStateRetryable, rivertype.JobStateCancelled}
	if state != "" {
		states = []rivertype.JobState{rivertype.JobState(state)}
	}
	found, err := a.Jobs.JobList(ctx, river.NewJobListParams().States(states...).First(listed).OrderBy(river.JobListOrderByID, river.SortOrderDesc))
	if err != nil {
		return nil, fmt.Errorf("listing jobs: %w", err)
	}
	jobs := make([]Job, len(found.Jobs))
	for i, j := range found.Jobs {
		jobs[i] = shown(j)
	}
	return jobs, nil
}

// Retry lets a job run again now. It returns ErrNotFound or ErrDouble.
func (a Admin) Retry(ctx context.Context, id int64) (Job, error) {
	j, err := a.Jobs.JobRetry(ctx, id)
	switch {
	case errors.Is(err, rivertype.ErrNotFound):
		return Job{}, ErrNotFound
	case postgres.Violates(err, "river_job_unique_idx"):
		return Job{}, ErrDouble
	case err != nil:
		return Job{}, fmt.Errorf("retrying job %d: %w", id, err)
	}
	return shown(j), nil
}

func shown(j *rivertype.JobRow) Job {
	job := Job{
		ID: j.ID, Kind: j.Kind, Args: j.EncodedArgs, State: string(j.State), Attempt: j.Attempt, MaxAttempts: j.MaxAttempts,
		CreatedAt: j.CreatedAt.UTC(), ScheduledAt: j.ScheduledAt.UTC(),
	}
	if n := len(j.Errors); n > 0 {
		job.LastError = &j.Errors[n-1].Error
	}
	return job
}

// ParseState returns a state of jobs; its error is for clients.
func ParseState(s string) (string, error) {
	for _, known := range rivertype.JobStates() {
		if string(known) == s {
			return s, nil
		}
	}
	return "", fmt.Errorf("must be one of %v", rivertype.JobStates())
}
