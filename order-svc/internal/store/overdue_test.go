package store_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// An order does not end under money that is here, or that may come: the first waits for its claim, the second a moment.
func TestAnOrderDoesNotExpireUnderItsMoney(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state         payment.State
		after, expire time.Duration // it is left alone until, and ends after
	}{
		"nobody has begun to pay": {payment.New, 0, time.Second},
		"registered":              {payment.Registered, time.Minute, 3 * time.Minute},
		"somebody pays":           {payment.Pending, time.Minute, 3 * time.Minute},
		"held":                    {payment.Held, time.Minute, 3 * time.Minute},
		"cancelled":               {payment.Cancelled, 0, time.Second},
		"paid":                    {payment.Paid, 100 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 100)
			p := d.payments(t)
			o, opened := d.ordered(t, p)
			paid, err := p.Observe(t.Context(), opened.ID, payment.Report{State: tt.state, Status: "said", UUID: new(uuid.New())}, payment.FromRead)
			if err != nil {
				t.Fatal(err)
			}
			expires := func(want order.Status) {
				t.Helper()
				if _, err := d.orders.ExpireOverdue(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got, err := d.orders.Get(t.Context(), o.ID); err != nil || got.Status != want {
					t.Errorf("it is %s, %v: want %s", got.Status, err, want)
				}
			}
			d.later(t, d.TTL+tt.after-10*time.Second)
			if tt.after > 0 {
				expires(order.Pending)
			}
			if tt.state != payment.Paid {
				d.later(t, tt.expire-tt.after+10*time.Second)
				expires(order.Expired)
				return
			}
			if _, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount), nil, "its stock is gone"); err != nil {
				t.Fatal(err)
			}
			expires(order.Expired)
		})
	}
}
