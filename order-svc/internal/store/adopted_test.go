package store_test

import (
	"log/slog"
	"testing"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// The first money for an order that an administrator made paid is kept, and a person reads of it; what comes after goes back.
func TestMoneyForWhatAnAdministratorMadePaid(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p, log := d.payments(t), slog.New(slog.DiscardHandler)
	limits := payment.Limits{Most: 1_000_000_000, Least: 1}
	settling := payment.Settling{
		Books: p, Orders: d.orders, Stock: d.stock, Refunds: payment.Refunding{Limits: limits, Money: p, Log: log}, Log: log,
	}
	hears := func(id int64, s payment.State) {
		t.Helper()
		if _, err := p.Observe(t.Context(), id, payment.Report{State: s, Status: string(s), UUID: new(uuid.New())}, payment.FromRead); err != nil {
			t.Fatal(err)
		}
	}
	o, early := d.ordered(t, p)
	hears(early.ID, payment.Cancelled)
	late, err := p.Open(t.Context(), o, *o.ExpiresAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Update(t.Context(), admin, o.ID, asPaid); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{late.ID, early.ID} {
		hears(id, payment.Paid)
		for range 2 { // again is harmless
			if err := settling.Claim(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := d.orders.Get(t.Context(), o.ID)
	if err != nil || got.Status != order.Paid || got.PaymentID == nil || *got.PaymentID != late.ID {
		t.Errorf("the order is %+v, %v, want it paid by %d", got, err, late.ID)
	}
	if kept, err := p.Payment(t.Context(), late.ID); err != nil || kept.Attention == nil || kept.Refunded != 0 {
		t.Errorf("the first money is %+v, %v", kept, err)
	}
	if back, err := p.Payment(t.Context(), early.ID); err != nil || back.Attention != nil || back.Refunded != back.Amount || d.jobs(t, "refund_send") != 1 {
		t.Errorf("the second is %+v, %v, with %d refunds", back, err, d.jobs(t, "refund_send"))
	}
	d.sound(t, p)
}
