package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// While an order waits for the claim of its money, nobody is sent to pay it once more. What went back leaves it to be paid.
func TestAnOrderWhoseMoneyIsHereIsNotPaidAgain(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	o, opened := d.ordered(t, p)
	paid, err := p.Observe(t.Context(), opened.ID, payment.Report{State: payment.Paid, Status: "succeeded", UUID: new(uuid.New())}, payment.FromRead)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := p.Open(t.Context(), o, *o.ExpiresAt); !errors.Is(err, payment.ErrNotPayable) || d.rows(t, "payments") != 1 || d.jobs(t, "payment_confirm") != 1 {
		t.Errorf("got %+v, %v", again, err)
	}
	if _, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount), nil, "test"); err != nil {
		t.Fatal(err)
	}
	if again, err := p.Open(t.Context(), o, *o.ExpiresAt); err != nil || again.ID == paid.ID {
		t.Errorf("after it went back: %+v, %v", again, err)
	}
}

// The money may come while somebody asks to pay.
func TestAnOrderIsNotPaidAgainWhileItsMoneyComes(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	o, opened := d.ordered(t, p)
	super := testkit.Superuser(t, d.db)
	comes, err := super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = comes.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := comes.Exec(t.Context(), `UPDATE orders.payments SET state = 'paid' WHERE id = $1`, opened.ID); err != nil {
		t.Fatal(err)
	}
	asked := make(chan error, 1)
	go func() {
		_, err := p.Open(context.WithoutCancel(t.Context()), o, *o.ExpiresAt)
		asked <- err
	}()
	for waits := 0; waits == 0; {
		select {
		case err := <-asked:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		const blocked = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
		if err := super.QueryRow(t.Context(), blocked).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := comes.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-asked; !errors.Is(err, payment.ErrNotPayable) || d.rows(t, "payments") != 1 {
		t.Errorf("got %v, and %d payments", err, d.rows(t, "payments"))
	}
}
