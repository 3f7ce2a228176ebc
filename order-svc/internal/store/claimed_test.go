package store_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// slow is stock with something that happens while it is sold.
type slow struct {
	*warehouse

	meanwhile func()
}

func (s slow) Sell(ctx context.Context, id uuid.UUID) error {
	err := s.warehouse.Sell(ctx, id)
	s.meanwhile()
	return err
}

// An administrator may give all of a payment back before its order is claimed, as when the catalogue is away. Such money buys
// nothing: the order waits for another payment, or ends.
func TestMoneyThatWentBackBuysNothing(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]bool{"before the claim": true, "within it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 100)
			p, log := d.payments(t), slog.New(slog.DiscardHandler)
			o, opened := d.ordered(t, p)
			paid, err := p.Observe(t.Context(), opened.ID, payment.Report{State: payment.Paid, Status: "succeeded", UUID: new(uuid.New())}, payment.FromRead)
			if err != nil {
				t.Fatal(err)
			}
			back := func() {
				refunds, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount), nil, "test")
				if err != nil {
					t.Error(err)
					return
				}
				if err := p.Move(t.Context(), refunds[0].ID, payment.RefundSucceeded); err != nil {
					t.Error(err)
				}
			}
			stock := slow{d.stock, back}
			if early {
				back()
				stock.meanwhile = func() { t.Error("its stock is sold") }
			}
			settling := payment.Settling{Books: p, Orders: d.orders, Stock: stock, Refunds: payment.Refunding{Money: p, Log: log}, Log: log}
			if err := settling.Claim(t.Context(), paid.ID); (err == nil) != early {
				t.Errorf("claimed: %v", err)
			}
			stock.meanwhile = func() { t.Error("its stock is sold again") }
			settling.Stock = stock
			if err := settling.Claim(t.Context(), paid.ID); err != nil { // as the job does after an error
				t.Errorf("claimed again: %v", err)
			}
			if got, err := d.orders.Get(t.Context(), o.ID); err != nil || got.Status != order.Pending {
				t.Errorf("the order is %s, %v", got.Status, err)
			}
			if why := attention(t, p, paid.ID); why != "" || d.rows(t, "refunds") != 1 {
				t.Errorf("a person reads %q of %d refunds", why, d.rows(t, "refunds"))
			}
			d.later(t, d.TTL+time.Minute)
			if n, err := d.orders.ExpireOverdue(t.Context()); err != nil || n != 1 {
				t.Errorf("%d orders have ended, %v", n, err)
			}
			d.sound(t, p)
		})
	}
}
