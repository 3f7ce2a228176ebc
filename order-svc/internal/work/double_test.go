package work_test

import (
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

// What has failed for good may have been asked for again meanwhile.
func TestAJobIsNotRetriedBesideItsDouble(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var ids [2]int64
	for i := range ids {
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `UPDATE orders.river_job SET state = 'discarded', finalized_at = now()`); err != nil {
				return err
			}
			kept, err := jobs.InsertTx(t.Context(), tx, payment.RefundJob{RefundID: 3}, work.Once(time.Time{}))
			if err == nil {
				ids[i] = kept.Job.ID
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := (work.Admin{Jobs: jobs}).Retry(t.Context(), ids[0]); ids[0] == ids[1] || !errors.Is(err, work.ErrDouble) {
		t.Errorf("of the jobs %v the first is retried: %v", ids, err)
	}
}
