package order

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
)

// Orders is what a Changing needs of a store.
type Orders interface {
	// Get returns the order, or ErrNotFound.
	Get(ctx context.Context, id int64) (Order, error)

	// Change makes a change of an order that still is what the change starts from, or returns ErrTransition.
	Change(ctx context.Context, c Change) (Order, error)

	// History returns what happened to the order, oldest first.
	History(ctx context.Context, id int64) ([]Event, error)
}

// Settling is what a Changing needs of the stock.
type Settling interface {
	// Sell makes a reservation final, or returns ErrStockGone. It is harmless to repeat.
	Sell(ctx context.Context, reservation uuid.UUID) error

	// Return gives the reservation of an order that has ended back, also when it was sold in that moment. It is harmless to
	// repeat.
	Return(ctx context.Context, reservation uuid.UUID) error
}

// Change is what becomes of an order.
type Change struct {
	OrderID int64
	From    Status // the change is not made unless the order is still there
	To      Status // may be From
	Notes   *string
	ActorID *int64 // nil is the system
	Reason  string

	// PaymentID is what it becomes paid by.
	PaymentID *int64

	// Return is the reservation that goes back with it, by a job if need be; uuid.Nil is none.
	Return uuid.UUID
}

// Wish is what somebody asks to change; nil leaves a thing alone.
type Wish struct {
	Notes  *string
	Status *string
}

// Changing is what may be done with an order once it was placed.
type Changing struct {
	Orders Orders
	Stock  Settling
	Log    *slog.Logger
}

// Get returns the order if a may see it, or ErrNotFound.
func (c Changing) Get(ctx context.Context, a Actor, id int64) (Order, error) {
	o, err := c.Orders.Get(ctx, id)
	if err == nil && len(a.roles(o)) == 0 {
		return Order{}, ErrNotFound
	}
	return o, err
}

// History returns what happened to the order if a may see it, or ErrNotFound.
func (c Changing) History(ctx context.Context, a Actor, id int64) ([]Event, error) {
	if _, err := c.Get(ctx, a, id); err != nil {
		return nil, err
	}
	return c.Orders.History(ctx, id)
}

// Update grants a wish. It returns ErrNotFound, ErrInvalid, ErrStatusForbidden, ErrNotPending, ErrTransition, ErrStockGone
// or ErrCatalogueAway.
func (c Changing) Update(ctx context.Context, a Actor, id int64, w Wish) (Order, error) {
	o, err := c.Get(ctx, a, id)
	if err != nil {
		return Order{}, err
	}
	change := Change{OrderID: id, From: o.Status, To: o.Status, ActorID: &a.ID, Reason: "set by an administrator"}
	if err := w.read(&change); err != nil {
		return Order{}, err
	}
	if w.Status != nil && !a.Admin {
		return Order{}, ErrStatusForbidden
	}
	if w.Notes != nil && o.Status != Pending {
		return Order{}, ErrNotPending
	}
	if w.Status != nil {
		return c.move(ctx, o, change, a.roles(o)...)
	}
	if w.Notes == nil {
		return o, nil
	}
	return c.Orders.Change(ctx, change)
}

func (w Wish) read(c *Change) error {
	var r fault.Rules
	if w.Notes != nil {
		c.Notes = new(typed(w.Notes))
		r.Check(atMost(*c.Notes, maxNotes), "/notes", "must have at most 1000 characters")
	}
	if w.Status != nil {
		to, err := ParseStatus(*w.Status)
		if c.To = to; err != nil {
			r.Check(false, "/status", err.Error())
		}
	}
	return r.Err(ErrInvalid)
}

// Cancel gives an order up. It returns ErrNotFound or ErrTransition.
func (c Changing) Cancel(ctx context.Context, a Actor, id int64) (Order, error) {
	o, err := c.Get(ctx, a, id)
	if err != nil {
		return Order{}, err
	}
	reason := "cancelled by the customer"
	if a.ID != o.UserID {
		reason = "cancelled by an administrator"
	}
	return c.move(ctx, o, Change{OrderID: id, From: o.Status, To: Cancelled, ActorID: &a.ID, Reason: reason}, a.roles(o)...)
}

// CancelSince is Cancel of somebody who may have tried before and lost the answer: an order that a has cancelled since began is
// answered as it is. The zero time is never.
func (c Changing) CancelSince(ctx context.Context, a Actor, id int64, began time.Time) (Order, error) {
	o, err := c.Cancel(ctx, a, id)
	if began.IsZero() || !errors.Is(err, ErrTransition) {
		return o, err
	}
	events, failed := c.Orders.History(ctx, id)
	if failed != nil {
		return Order{}, failed
	}
	if !slices.ContainsFunc(events, func(e Event) bool {
		return e.To == Cancelled && e.ActorID != nil && *e.ActorID == a.ID && !e.CreatedAt.Before(began)
	}) {
		return Order{}, err
	}
	return c.Orders.Get(ctx, id)
}

// move takes the step that a change asks for, with what it means for the stock.
//
// Stock is sold before the order is paid, so that no order is paid for stock that went back. It goes back after the order
// has ended, so that no order lives on without its stock; if it was sold in that very moment, it goes back as well.
func (c Changing) move(ctx context.Context, o Order, change Change, roles ...Role) (Order, error) {
	step, err := o.StepTo(change.To, roles...)
	if err != nil {
		return Order{}, err
	}
	if step.Effect == SellStock {
		if err := c.Stock.Sell(ctx, o.ReservationID); err != nil {
			return Order{}, err
		}
	}
	if step.Effect == ReturnStock {
		change.Return = o.ReservationID
	}
	changed, err := c.Orders.Change(ctx, change)
	if err != nil {
		return Order{}, err
	}
	if step.Effect == ReturnStock {
		if err := patiently(ctx, c.Stock.Return, o.ReservationID); err != nil {
			// Not lost: there is a job for it.
			c.Log.WarnContext(ctx, "returning the stock of an order", "order_id", o.ID, "err", err)
		}
	}
	return changed, nil
}

const releaseTimeout = 500 * time.Millisecond

// patiently gives a reservation back though the caller may have gone.
func patiently(ctx context.Context, give func(context.Context, uuid.UUID) error, reservation uuid.UUID) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	return give(ctx, reservation)
}
