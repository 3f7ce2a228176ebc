package octo

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// Provider is OCTO as the shop knows its payment providers.
type Provider struct{ Client *Client }

// currency is the only one of the shop.
const currency = "UZS"

// Create makes the payment of an order that is to be paid, or answers the one of this id.
func (p Provider) Create(ctx context.Context, of payment.Payment, o order.Order) (payment.Report, error) {
	got, err := p.Client.Create(ctx, Create{
		TransactionID: of.TransactionID.String(), Amount: of.Amount, Currency: currency, InitTime: of.CreatedAt, Until: of.ExpiresAt,
		Description: fmt.Sprintf("Order %d", of.OrderID), Customer: Customer{ID: o.UserID}, Basket: p.basket(of, o),
	})
	if err == nil && got.Total != nil && *got.Total != of.Amount {
		return payment.Report{}, fmt.Errorf("%w: the provider wants another sum", payment.ErrNoAnswer)
	}
	return report(got, err)
}

// basket is what the fiscal receipt says, or nil unless OCTO can make one: it refuses a payment whose basket is not whole.
func (p Provider) basket(of payment.Payment, o order.Order) []BasketLine {
	cfg, sum := p.Client.cfg, money.Amount(0)
	if cfg.TaxID == "" || cfg.ReceiptEmail == "" {
		return nil
	}
	lines := make([]BasketLine, len(o.Items))
	for i, l := range o.Items {
		if l.Fiscal == nil {
			return nil
		}
		sum += l.TotalPrice
		lines[i] = BasketLine{
			Description: l.Name + ", " + l.Size, Count: l.Quantity, Price: l.UnitPrice, SPIC: l.Fiscal.SPIC, PackageCode: l.Fiscal.PackageCode,
		}
		if l.Fiscal.VAT {
			lines[i].NDS = 1
		}
		if len(cfg.TaxID) == innDigits {
			lines[i].INN = cfg.TaxID
		} else {
			lines[i].PINFL = cfg.TaxID
		}
	}
	if sum != of.Amount {
		return nil
	}
	return lines
}

// Read says where the payment stands.
func (p Provider) Read(ctx context.Context, transaction uuid.UUID) (payment.Report, error) {
	return report(p.Client.Read(ctx, transaction.String()))
}

// Refund gives a part of the payment back, or answers the refund of this id.
func (p Provider) Refund(ctx context.Context, of uuid.UUID, r payment.Refund) (payment.RefundState, error) {
	got, err := p.Client.Refund(ctx, RefundRequest{ID: r.RefundID.String(), PaymentUUID: of.String(), Amount: r.Amount})
	if err != nil {
		return "", meaning(err)
	}
	switch got.Status {
	case RefundSucceeded:
		return payment.RefundSucceeded, nil
	case RefundFailed:
		return payment.RefundFailed, nil
	case RefundUnknown, RefundPending: // money may have moved: the next answer will say
	}
	return payment.RefundPending, nil
}

// Settle takes money that is held, or lets it go.
func (p Provider) Settle(ctx context.Context, of uuid.UUID, capture bool, amount money.Amount) error {
	_, err := p.Client.Accept(ctx, of.String(), capture, amount)
	return meaning(err)
}

// Notice returns what a callback says, or payment.ErrCallback or httpserver.ErrBody. A word that we do not know, and an id that
// is none of ours, are about no payment: OCTO must not be told that its signature is wrong, or it sends them again.
func (p Provider) Notice(body []byte) (payment.Notice, error) {
	got, err := p.Client.Callback(body)
	if err != nil {
		return payment.Notice{}, httpserver.ErrBody.Because(err)
	}
	if !got.Signed {
		return payment.Notice{}, payment.ErrCallback
	}
	if id, err := uuid.Parse(got.TransactionID); err == nil && got.Status != Unknown {
		return payment.Notice{Transaction: id, Status: got.RawStatus}, nil
	}
	return payment.Notice{}, nil
}

var states = map[Status]payment.State{
	Created: payment.Registered, Waiting: payment.Pending, Held: payment.Held, Succeeded: payment.Paid, Canceled: payment.Cancelled,
	Unknown: "",
}

func report(got Payment, err error) (payment.Report, error) {
	if err != nil {
		return payment.Report{}, meaning(err)
	}
	r := payment.Report{State: states[got.Status], Status: got.RawStatus, PayURL: got.PayURL, Amount: got.Total}
	if id, err := uuid.Parse(got.UUID); err == nil {
		r.UUID = &id
	}
	return r, nil
}

// meaning returns err as the shop reads it.
func meaning(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrRefused):
		return fmt.Errorf("%w: %w", payment.ErrDeclined, err)
	case errors.Is(err, ErrNotDone):
		return fmt.Errorf("%w: %w", payment.ErrNotDone, err)
	default:
		return fmt.Errorf("%w: %w", payment.ErrNoAnswer, err)
	}
}
