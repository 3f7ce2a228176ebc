package payment

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Attempts is what a Paying needs of a store.
type Attempts interface {
	// Open returns the open payment of the order, made now if there is none, with the job that reads it back. It returns
	// ErrNotPayable when the order is not what o says any more.
	Open(ctx context.Context, o order.Order, expires time.Time) (Payment, error)

	// Observe keeps what was heard, and moves the payment on if that leads on. It returns the payment as it is then.
	Observe(ctx context.Context, id int64, r Report, s Source) (Payment, error)

	// Unclear notes that an answer was lost.
	Unclear(ctx context.Context, id int64) error

	// Find returns the payments of an order, oldest first, and their refunds.
	Find(ctx context.Context, orderID int64) ([]Payment, []Refund, error)
}

// Paying lets customers pay.
type Paying struct {
	Orders   order.Changing
	Attempts Attempts
	Provider Provider
	Log      *slog.Logger
}

// shortest is the least time that is worth sending somebody to the provider for.
const shortest = time.Minute

// keepTimeout is how long it may take to keep what we learned, also for a client that has gone.
const keepTimeout = 2 * time.Second

// Pay returns where the order's owner can pay it. Repeating it is harmless: there is one open payment. It returns
// order.ErrNotFound, ErrNotPayable, ErrUnclear or ErrRefused.
func (p Paying) Pay(ctx context.Context, a order.Actor, orderID int64) (Payment, error) {
	o, err := p.Orders.Get(ctx, a, orderID)
	switch {
	case err != nil:
		return Payment{}, err
	case o.UserID != a.ID:
		return Payment{}, order.ErrNotFound // an administrator pays for nobody
	case o.Status != order.Pending:
		return Payment{}, ErrNotPayable.WithDetail("The order is " + string(o.Status) + ".")
	case o.TotalAmount <= 0:
		return Payment{}, ErrNotPayable.WithDetail("There is nothing to pay.")
	}
	if o.ExpiresAt == nil || time.Until(*o.ExpiresAt) < shortest {
		return Payment{}, ErrNotPayable.WithDetail("The time to pay it is over.")
	}
	attempt, err := p.Attempts.Open(ctx, o, *o.ExpiresAt)
	if err != nil {
		return Payment{}, err
	}
	if attempt.PayURL != nil {
		return attempt, nil
	}
	return p.register(ctx, attempt, o)
}

// register tells the provider of a payment. It may have been told before.
func (p Paying) register(ctx context.Context, attempt Payment, o order.Order) (Payment, error) {
	report, err := p.Provider.Create(ctx, attempt, o)
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
	defer cancel()
	switch {
	case errors.Is(err, ErrNotDone):
		return Payment{}, ErrUnclear.Because(err)
	case errors.Is(err, ErrDeclined) && !attempt.Unclear:
		if _, failed := p.Attempts.Observe(after, attempt.ID, Report{State: Cancelled, Status: "declined"}, FromCreate); failed != nil {
			return Payment{}, failed
		}
		return Payment{}, ErrRefused.Because(err)
	case err != nil: // after a lost answer also a refusal proves nothing
		if failed := p.Attempts.Unclear(after, attempt.ID); failed != nil {
			p.Log.WarnContext(ctx, "noting a lost answer", "payment_id", attempt.ID, "err", failed)
		}
		return Payment{}, ErrUnclear.Because(err)
	}
	known, err := p.Attempts.Observe(after, attempt.ID, report, FromCreate)
	if err == nil && known.PayURL == nil {
		return Payment{}, ErrNotPayable.WithDetail("The payment has ended: start another one.")
	}
	return known, err
}

// Find returns what was paid and given back for an order that a may see. It returns order.ErrNotFound.
func (p Paying) Find(ctx context.Context, a order.Actor, orderID int64) ([]Payment, []Refund, error) {
	if _, err := p.Orders.Get(ctx, a, orderID); err != nil {
		return nil, nil, err
	}
	return p.Attempts.Find(ctx, orderID)
}
