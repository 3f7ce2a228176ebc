package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// Notices reads callbacks.
type Notices interface {
	// Notice returns what the body says if it is the provider's, or payment.ErrCallback or httpserver.ErrBody.
	Notice(body []byte) (payment.Notice, error)
}

// Payments is what these handlers need of a store.
type Payments interface {
	Hear(ctx context.Context, transaction uuid.UUID, status string, s payment.Source) error
	Statement(ctx context.Context, from, to time.Time) ([]payment.Entry, error)
	Attention(ctx context.Context) ([]payment.Payment, error)
	Attended(ctx context.Context, id int64, d payment.Decision) (payment.Payment, error)
	Decide(ctx context.Context, refundID int64, to payment.RefundState, d payment.Decision) (payment.Refund, error)
}

// Calls keeps the answers of writes that carry a key.
type Calls interface {
	BeginCall(ctx context.Context, user int64, key order.Key, attempt uuid.UUID) (answer json.RawMessage, began time.Time, err error)
	EndCall(ctx context.Context, user int64, key order.Key, attempt uuid.UUID, answer json.RawMessage) error
}

// payBody says what is to be paid: an order, or what is in the cart.
type payBody struct {
	OrderID *int64 `json:"order_id"`
}

// paidAt is where a customer pays.
type paidAt struct {
	OrderID     int64      `json:"order_id"`
	RedirectURL string     `json:"redirect_url"`
	PaymentUUID *uuid.UUID `json:"payment_uuid"`
}

func (a API) createPayment(c echo.Context) error {
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[payBody](c)
	if err != nil {
		return err
	}
	var rules fault.Rules
	rules.Check(in.OrderID == nil || *in.OrderID > 0, "/order_id", "must be an id")
	if err := rules.Err(order.ErrInvalid); err != nil {
		return err
	}
	if _, err := a.holder(c); err != nil {
		return err
	}
	return a.once(c, key, func(ctx context.Context, _ time.Time) (any, error) {
		id := in.OrderID
		if id == nil {
			o, err := a.orderCart(ctx, actor(c), key)
			if err != nil {
				return nil, err
			}
			id = &o.ID
		}
		p, err := a.Paying.Pay(ctx, actor(c), *id)
		if err != nil {
			return nil, err
		}
		return paidAt{OrderID: p.OrderID, RedirectURL: *p.PayURL, PaymentUUID: p.ProviderUUID}, nil
	})
}

// orderCart orders what is in the cart and takes it out, so that doing it twice does not order it twice. Under a key the
// order has a key of its own, for the next attempt to find.
func (a API) orderCart(ctx context.Context, who order.Actor, key *order.Key) (order.Order, error) {
	r, err := order.NewRequest(who, nil, nil, nil)
	if err != nil {
		return order.Order{}, err
	}
	r.ClearCart = true
	if key != nil {
		r.Key = &order.Key{Value: uuid.NewSHA1(uuid.NameSpaceURL, []byte("payments/octo/create "+key.Value)).String(), Fingerprint: key.Fingerprint}
	}
	o, _, err := a.Placing.Place(ctx, r)
	return o, err
}

// once does a write, or answers what it came to before under its key. An attempt before this one may have done it and broken off
// before it was answered: do is told when the first of them began, which is never without a key.
func (a API) once(c echo.Context, key *order.Key, do func(ctx context.Context, began time.Time) (any, error)) error {
	ctx := c.Request().Context()
	if key == nil {
		answer, err := do(ctx, time.Time{})
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, answer)
	}
	user, attempt := actor(c).ID, uuid.New()
	known, began, err := a.Calls.BeginCall(ctx, user, *key, attempt)
	if err != nil {
		return err
	}
	if known != nil {
		c.Response().Header().Set("Idempotent-Replayed", "true")
		return c.JSONBlob(http.StatusOK, known)
	}
	answer, failed := do(ctx, began)
	var kept json.RawMessage
	if failed == nil {
		if kept, err = json.Marshal(answer); err != nil {
			return err //nolint:wrapcheck // cannot be
		}
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := errors.Join(failed, a.Calls.EndCall(after, user, *key, attempt, kept)); err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, kept)
}

// heard takes what the provider says of a payment: a hint, which is looked into.
func (a API) heard(c echo.Context) error {
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, httpserver.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return httpserver.ErrTooLarge
	}
	if err != nil {
		return httpserver.ErrBody.Because(err)
	}
	n, err := a.Notices.Notice(body)
	if err != nil {
		return err
	}
	if err := a.Payments.Hear(c.Request().Context(), n.Transaction, n.Status, payment.FromCallback); err != nil && !errors.Is(err, payment.ErrNotFound) {
		return err
	}
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// refundBody says how much of an order's payment goes back; nil is all that is left.
type refundBody struct {
	OrderID int64         `json:"order_id"`
	Amount  *money.Amount `json:"amount"`
}

func (a API) refund(c echo.Context) error {
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[refundBody](c)
	if err != nil {
		return err
	}
	var rules fault.Rules
	rules.Check(in.OrderID > 0, "/order_id", "must be an id")
	rules.Check(in.Amount == nil || *in.Amount > 0, "/amount", "must be above zero")
	if err := rules.Err(order.ErrInvalid); err != nil {
		return err
	}
	return a.once(c, key, func(ctx context.Context, _ time.Time) (any, error) {
		if _, err := a.Changing.Get(ctx, actor(c), in.OrderID); err != nil {
			return nil, err
		}
		refunds, err := a.Refunding.Give(ctx, actor(c), in.OrderID, in.Amount, requestID(actor(c), key))
		if err != nil {
			return nil, err
		}
		return map[string]any{"order_id": in.OrderID, "refunds": shownRefunds(refunds, 0)}, nil
	})
}

// requestID names what a request asks for: the same for each attempt under a key.
func requestID(who order.Actor, key *order.Key) uuid.UUID {
	if key == nil {
		return uuid.New()
	}
	return uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "%d %s %x", who.ID, key.Value, key.Fingerprint))
}

// shownPayment is a payment as people see it.
type shownPayment struct {
	ID          int64         `json:"id"`
	OrderID     int64         `json:"order_id"`
	State       payment.State `json:"state"`
	Amount      money.Amount  `json:"amount"`
	Refunded    money.Amount  `json:"refunded"`
	PaymentUUID *uuid.UUID    `json:"payment_uuid"`
	Attention   *string       `json:"attention,omitempty"` // for administrators
	CreatedAt   time.Time     `json:"created_at"`
	Refunds     []shownRefund `json:"refunds"`
}

type shownRefund struct {
	ID        int64               `json:"id"`
	RefundID  uuid.UUID           `json:"refund_id"`
	Amount    money.Amount        `json:"amount"`
	State     payment.RefundState `json:"state"`
	Reason    string              `json:"reason"`
	CreatedAt time.Time           `json:"created_at"`
}

// shownRefunds returns the refunds of one payment, or with zero of all.
func shownRefunds(refunds []payment.Refund, of int64) []shownRefund {
	shown := []shownRefund{}
	for _, r := range refunds {
		if of == 0 || r.PaymentID == of {
			shown = append(shown, shownRefund{ID: r.ID, RefundID: r.RefundID, Amount: r.Amount, State: r.State, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC()})
		}
	}
	return shown
}

func shownPayments(payments []payment.Payment, refunds []payment.Refund, admin bool) []shownPayment {
	shown := []shownPayment{}
	for _, p := range payments {
		s := shownPayment{
			ID: p.ID, OrderID: p.OrderID, State: p.State, Amount: p.Amount, Refunded: p.Refunded, PaymentUUID: p.ProviderUUID,
			CreatedAt: p.CreatedAt.UTC(), Refunds: shownRefunds(refunds, p.ID),
		}
		if admin {
			s.Attention = p.Attention
		}
		shown = append(shown, s)
	}
	return shown
}

func (a API) listPayments(c echo.Context) error {
	id, err := httpserver.ID(c, "order_id")
	if err != nil {
		return err
	}
	payments, refunds, err := a.Paying.Find(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"order_id": id, "items": shownPayments(payments, refunds, actor(c).Admin)})
}
