package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// desk is a store with one order of buyer 7 and its payment, and the provider that is told of it.
type desk struct {
	order.Orders
	payment.Attempts
	payment.Provider

	payment payment.Payment
	err     error // of the provider
	bounded bool  // whether what was learned was kept in a time of its own
}

func (d *desk) Get(context.Context, int64) (order.Order, error) {
	return order.Order{UserID: 7, Status: order.Pending, TotalAmount: 100, ExpiresAt: new(time.Now().Add(time.Hour))}, nil
}

func (d *desk) Open(context.Context, order.Order, time.Time) (payment.Payment, error) {
	return d.payment, nil
}

func (d *desk) Create(context.Context, payment.Payment, order.Order) (payment.Report, error) {
	return payment.Report{State: payment.Registered, UUID: new(uuid.New()), PayURL: "https://pay.octo.uz/1"}, d.err
}

func (d *desk) Observe(ctx context.Context, _ int64, r payment.Report, _ payment.Source) (payment.Payment, error) {
	_, d.bounded = ctx.Deadline()
	d.payment.State, d.payment.PayURL = r.State, &r.PayURL
	return d.payment, ctx.Err()
}

func (d *desk) Unclear(ctx context.Context, _ int64) error {
	_, d.bounded = ctx.Deadline()
	d.payment.Unclear = true
	return ctx.Err()
}

// What is learned is kept, also for a client that has gone; and only after a call that may have been done a refusal proves
// nothing.
func TestWhatTheProviderSaysOfAPayment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		unclear bool
		err     error

		want  error
		after bool // unclear
		state payment.State
	}{
		"made":                         {false, nil, nil, false, payment.Registered},
		"declined":                     {false, payment.ErrDeclined, payment.ErrRefused, false, payment.Cancelled},
		"no answer":                    {false, payment.ErrNoAnswer, payment.ErrUnclear, true, payment.New},
		"nothing was done":             {false, payment.ErrNotDone, payment.ErrUnclear, false, payment.New},
		"declined after a lost answer": {true, payment.ErrDeclined, payment.ErrUnclear, true, payment.New},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := &desk{payment: payment.Payment{State: payment.New, Unclear: tt.unclear}, err: tt.err}
			paying := payment.Paying{Orders: order.Changing{Orders: d}, Attempts: d, Provider: d, Log: slog.New(slog.DiscardHandler)}
			gone, leave := context.WithCancel(t.Context())
			leave()
			_, err := paying.Pay(gone, order.Actor{ID: 7}, 5)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) || d.payment.Unclear != tt.after || d.payment.State != tt.state {
				t.Errorf("got %v, and it is %+v", err, d.payment)
			}
			if kept := tt.after != tt.unclear || tt.state != payment.New; kept && !d.bounded {
				t.Error("keeping it may take for ever")
			}
		})
	}
}
