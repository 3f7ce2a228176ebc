package payment

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Money is what a Refunding needs of a store, beside what a Settling does.
type Money interface {
	Books

	// Refund returns the refund with its payment, or ErrNotFound.
	Refund(ctx context.Context, id int64) (Refund, Payment, error)

	// Lost notes whether an answer about a refund was lost, or will be if the process dies now.
	Lost(ctx context.Context, id int64, lost bool) error

	// Move sets the state of a refund that is not final. What succeeded goes into the ledger, and an order of which nothing
	// is left becomes REFUNDED; what failed can be given back again.
	Move(ctx context.Context, id int64, to RefundState) error
}

// Limits are what the provider gives back in one call.
type Limits struct {
	// Most is the most that one refund may be.
	Most money.Amount `env:"REFUND_MOST" envDefault:"10000000.00"`

	// Least is the least that one refund may be, and the least that may be left of a payment: 1 USD at the provider.
	Least money.Amount `env:"REFUND_LEAST" envDefault:"13000.00"`
}

// Refunding gives money back.
type Refunding struct {
	Limits   Limits
	Money    Money
	Provider Provider
	Log      *slog.Logger
}

// Part is one of the refunds that a sum is split into.
type Part struct {
	ID     uuid.UUID
	Amount money.Amount
}

// partID names the refund i of those that one request asks for.
func partID(request uuid.UUID, i int) uuid.UUID {
	return uuid.NewSHA1(request, []byte(strconv.Itoa(i)))
}

// named gives the parts of a sum their names.
func named(request uuid.UUID, amounts []money.Amount) []Part {
	parts := make([]Part, len(amounts))
	for i, amount := range amounts {
		parts[i] = Part{partID(request, i), amount}
	}
	return parts
}

// Give starts to give an amount back of what was paid for an order; nil is all that is left. A request is given once: what
// an attempt at it gave that broke off before it was answered is answered now. It returns ErrRefund or order.ErrInProgress.
func (r Refunding) Give(ctx context.Context, admin order.Actor, orderID int64, amount *money.Amount, request uuid.UUID) ([]Refund, error) {
	payments, refunds, err := r.Money.Find(ctx, orderID)
	if err != nil {
		return nil, err
	}
	var given []Refund
	for _, old := range refunds {
		if old.RefundID == partID(request, len(given)) {
			given = append(given, old)
		}
	}
	if given != nil {
		return given, nil
	}
	i := slices.IndexFunc(payments, func(p Payment) bool { return p.State == Paid && p.Refunded < p.Amount })
	if i < 0 {
		return nil, ErrRefund.WithDetail("Nothing is left of what was paid.")
	}
	p := payments[i]
	wanted := p.Amount - p.Refunded
	if amount != nil {
		wanted = *amount
	}
	parts, err := r.split(wanted, p.Amount, p.Refunded)
	if err != nil {
		return nil, err
	}
	return r.Money.GiveBack(ctx, p.ID, named(request, parts), &admin.ID, "by an administrator")
}

// split divides a refund into calls that the provider accepts: none too large, none too small, and what is left of the
// payment nothing or enough for another. It returns ErrRefund.
func (r Refunding) split(wanted, paid, refunded money.Amount) ([]money.Amount, error) {
	left := paid - refunded - wanted
	switch {
	case wanted <= 0 || left < 0:
		return nil, ErrRefund.WithDetail("The sum is more than is left of what was paid: " + (paid - refunded).String() + ".")
	case wanted < r.Limits.Least:
		return nil, ErrRefund.WithDetail("The provider gives back no less than " + r.Limits.Least.String() + ".")
	case left != 0 && left < r.Limits.Least:
		return nil, ErrRefund.WithDetail("What would be left could never be given back: leave nothing, or at least " + r.Limits.Least.String() + ".")
	}
	n := (wanted + r.Limits.Most - 1) / r.Limits.Most
	parts := make([]money.Amount, n)
	for i := range parts { // evenly: so the last is not too small
		parts[i] = wanted / n
		if money.Amount(i) < wanted%n {
			parts[i]++
		}
	}
	return parts, nil
}

// ErrRefundPending says that the provider has not finished a refund.
var ErrRefundPending = errors.New("the provider has not finished the refund")

// Send gives one refund to the provider, or asks again what became of it. It returns ErrRefundPending, or ErrNoAnswer.
func (r Refunding) Send(ctx context.Context, id int64) error {
	refund, p, err := r.Money.Refund(ctx, id)
	if err != nil {
		return err
	}
	if refund.State == RefundSucceeded || refund.State == RefundFailed {
		return nil
	}
	if p.ProviderUUID == nil {
		return fmt.Errorf("refund %d is of a payment that the provider has not named", id)
	}
	unseen := refund.State == RefundNew && !refund.Unclear // by the provider, so that a refusal is one
	if unseen {
		if err := r.Money.Lost(ctx, id, true); err != nil { // before the call: who dies in it can note nothing after it
			return err
		}
	}
	state, err := r.Provider.Refund(ctx, *p.ProviderUUID, refund)
	switch {
	case errors.Is(err, ErrDeclined) && !unseen: // it may refuse the repetition of what it has done: a person must ask
		r.Log.ErrorContext(ctx, "the provider declined a refund that it may have done", "refund_id", id, "payment_id", p.ID, "err", err)
		why := "the provider declined a refund whose first answer was lost"
		if refund.State == RefundPending {
			why = "the provider declined a refund that it had begun"
		}
		return errors.Join(r.Money.Lost(ctx, id, true), r.Money.Watch(ctx, p.ID, why))
	case errors.Is(err, ErrDeclined), err == nil && state == RefundFailed: // nobody tries it again by himself
		r.Log.ErrorContext(ctx, "the provider declined a refund", "refund_id", id, "payment_id", p.ID, "err", err)
		if err := r.Money.Watch(ctx, p.ID, "the provider declined a refund"); err != nil {
			return err
		}
		state = RefundFailed
	case errors.Is(err, ErrNotDone) && unseen:
		after, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTimeout)
		defer cancel()
		return errors.Join(err, r.Money.Lost(after, id, false))
	case err != nil:
		return err
	}
	if err := r.Money.Move(ctx, id, state); err != nil {
		return err
	}
	if state == RefundPending {
		return ErrRefundPending
	}
	return nil
}
