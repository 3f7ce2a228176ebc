package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Books is what a Settling needs of a store.
type Books interface {
	Attempts

	// Payment returns the payment, or ErrNotFound.
	Payment(ctx context.Context, id int64) (Payment, error)

	// Hear keeps what was said of a payment and sees to it that it is read back soon. It returns ErrNotFound.
	Hear(ctx context.Context, transaction uuid.UUID, status string, s Source) error

	// MayRead says whether enough time has passed since the payment was read, and notes that it is read now.
	MayRead(ctx context.Context, id int64) (bool, error)

	// Watch marks a payment that a person must look at.
	Watch(ctx context.Context, id int64, why string) error

	// Adopt makes a payment that of its order, if that is paid and by none yet, and marks it for a person to look at.
	Adopt(ctx context.Context, id int64, why string) error

	// GiveBack reserves an amount of a payment for refunds, with their jobs. It returns ErrRefund, or order.ErrInProgress
	// when one of the parts is there already.
	GiveBack(ctx context.Context, paymentID int64, parts []Part, actor *int64, reason string) ([]Refund, error)
}

// Settling finds out what became of payments, and makes orders follow.
type Settling struct {
	Books    Books
	Orders   order.Orders
	Stock    order.Settling
	Provider Provider
	Refunds  Refunding
	Log      *slog.Logger
}

const (
	readEvery = time.Minute // while somebody may be paying
	slowest   = 15 * time.Minute
	giveUp    = 24 * time.Hour // after the provider has stopped taking money
	lateMoney = time.Hour      // after that, money for a cancelled payment is no longer looked for
)

// ReadAgain says that a payment must be read back later.
type ReadAgain struct {
	In     time.Duration
	Unread bool // it was not read now: what led to this is still to be looked into
}

func (r ReadAgain) Error() string {
	return "the payment is still open, read it again in " + r.In.String()
}

// Confirm asks the provider where a payment stands and acts on it, because of something that was at since. It returns a
// ReadAgain while money may still come: for a while that is also so of a payment that was cancelled.
func (s Settling) Confirm(ctx context.Context, id int64, since time.Time) error {
	p, err := s.Books.Payment(ctx, id)
	if err != nil || p.State == Paid {
		return err
	}
	may, err := s.Books.MayRead(ctx, id)
	switch {
	case err != nil:
		return err
	case !may:
		return ReadAgain{time.Second, true}
	}
	report, unread := s.Provider.Read(ctx, p.TransactionID)
	if unread == nil && report.Amount != nil && *report.Amount != p.Amount { // it may be of another payment, and proves nothing of ours
		unread = fmt.Errorf("%w: it tells of another sum", ErrNoAnswer)
		if err := s.Books.Watch(ctx, id, "the provider tells of another sum"); err != nil {
			return err
		}
	}
	if unread == nil { // else, whatever it says: an error is never a status
		if p, err = s.Books.Observe(ctx, id, report, FromRead); err != nil {
			return err
		}
	}
	if unread != nil && p.State == Cancelled {
		return s.again(ctx, p, since, unread) // however old it is: somebody may have said that money came after all
	}
	switch p.State {
	case Paid:
		return nil
	case Cancelled:
		if time.Since(p.ExpiresAt) > lateMoney {
			return nil
		}
		return ReadAgain{slowest, false}
	case Held:
		if err := s.Books.Watch(ctx, id, "the money is held: capture it or let it go"); err != nil {
			return err
		}
		return ReadAgain{slowest, unread != nil}
	case New, Registered, Pending:
	}
	return s.again(ctx, p, since, unread)
}

// Settle takes the money of a held payment, or lets it go: the decision of an operator. It returns ErrNotFound, ErrNotHeld,
// ErrUnclear or ErrRefused.
func (s Settling) Settle(ctx context.Context, id int64, capture bool) (Payment, error) {
	p, err := s.Books.Payment(ctx, id)
	if err != nil {
		return Payment{}, err
	}
	if p.State != Held || p.ProviderUUID == nil {
		return Payment{}, ErrNotHeld
	}
	err = s.Provider.Settle(ctx, *p.ProviderUUID, capture, p.Amount)
	switch {
	case errors.Is(err, ErrDeclined):
		return Payment{}, ErrRefused.Because(err)
	case err != nil:
		return Payment{}, ErrUnclear.Because(err)
	}
	if err := s.Books.Hear(ctx, p.TransactionID, "settled", FromOperator); err != nil { // the proof is read, as always
		return Payment{}, err
	}
	return s.Books.Payment(ctx, id)
}

// again says when to read p next: often while it can be paid, or soon after since, seldom after that, and at last never.
func (s Settling) again(ctx context.Context, p Payment, since time.Time, why error) error {
	over := min(time.Since(p.ExpiresAt), time.Since(since))
	if over > giveUp {
		return s.Books.Watch(ctx, p.ID, "the provider does not say what became of it")
	}
	if why != nil {
		s.Log.WarnContext(ctx, "reading a payment", "payment_id", p.ID, "err", why)
	}
	return ReadAgain{min(slowest, max(readEvery, over)), why != nil}
}

// Claim makes the order of a paid payment a paid order. It may be repeated.
//
// The stock is sold first, so that no order is paid for stock that went back. An order that has ended, or whose stock is
// gone, gets its money back; whoever ended it gives its stock back, also what was sold here. Money that an administrator has given
// back before pays for nothing.
func (s Settling) Claim(ctx context.Context, id int64) error {
	p, err := s.Books.Payment(ctx, id)
	if err != nil || p.State != Paid {
		return err
	}
	o, err := s.Orders.Get(ctx, p.OrderID)
	if err != nil {
		return fmt.Errorf("claiming order %d: %w", p.OrderID, err)
	}
	if o.Status == order.Pending && p.Refunded < p.Amount {
		err = s.Stock.Sell(ctx, o.ReservationID)
		if err == nil {
			_, err = s.Orders.Change(ctx, order.Change{
				OrderID: o.ID, From: order.Pending, To: order.Paid, PaymentID: &p.ID, Reason: "paid",
			})
		}
		switch {
		case errors.Is(err, order.ErrStockGone):
			return s.giveBack(ctx, p, "paid after its stock was given back")
		case !errors.Is(err, order.ErrTransition):
			return err
		}
		if o, err = s.Orders.Get(ctx, p.OrderID); err != nil {
			return fmt.Errorf("claiming order %d: %w", p.OrderID, err)
		}
		if o.Status == order.Pending {
			return fmt.Errorf("claiming order %d: its money went back meanwhile", p.OrderID) // the next try sees that
		}
	}
	settled := o.Status == order.Paid || o.Status == order.Refunded
	if settled && o.PaymentID == nil {
		if err := s.Books.Adopt(ctx, p.ID, "paid though an administrator had said so before"); err != nil {
			return err
		}
		if o, err = s.Orders.Get(ctx, p.OrderID); err != nil {
			return fmt.Errorf("claiming order %d: %w", p.OrderID, err)
		}
	}
	if settled && o.PaymentID != nil && *o.PaymentID == p.ID {
		return nil
	}
	return s.giveBack(ctx, p, "paid when the order was "+string(o.Status))
}

// giveBack returns all of a payment that bought nothing.
func (s Settling) giveBack(ctx context.Context, p Payment, why string) error {
	if p.Refunded == p.Amount {
		return nil
	}
	s.Log.WarnContext(ctx, "money came that bought nothing: it goes back", "payment_id", p.ID, "order_id", p.OrderID, "why", why)
	parts, err := s.Refunds.split(p.Amount-p.Refunded, p.Amount, p.Refunded)
	if err == nil {
		_, err = s.Books.GiveBack(ctx, p.ID, named(uuid.New(), parts), nil, why)
	}
	if errors.Is(err, ErrRefund) {
		return s.Books.Watch(ctx, p.ID, why+", and cannot be given back by itself")
	}
	return err
}
