package store_test

import (
	"testing"

	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// A job that runs may have read the payment before the next thing was said of it.
func TestWhatIsSaidWhileAJobRunsHasItsOwn(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, opened := d.ordered(t, p)
	for i, word := range []string{"wait_user_action", "wait_user_action", "succeeded", "succeeded"} {
		if err := p.Hear(t.Context(), opened.TransactionID, word, payment.FromCallback); err != nil {
			t.Fatal(err)
		}
		if want := 1 + i/2; d.jobs(t, "payment_heard") != want {
			t.Errorf("%d jobs after callback %d, want %d: one for each thing that was said", d.jobs(t, "payment_heard"), i, want)
		}
		if _, err := d.db.Exec(t.Context(), `UPDATE orders.river_job SET state = 'running' WHERE kind = 'payment_heard'`); err != nil {
			t.Fatal(err)
		}
	}
}
