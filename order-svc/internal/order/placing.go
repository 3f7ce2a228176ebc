package order

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// The ways placing an order can fail, beside an invalid request.
var (
	ErrCartEmpty     = fault.New(fault.Malformed, "cart-empty", "Cart is empty")
	ErrOutOfStock    = fault.New(fault.Conflict, "out-of-stock", "Fewer pieces are left than you asked for.")
	ErrPriceChanged  = fault.New(fault.Conflict, "price-changed", "The total is not what you expected.")
	ErrTotalTooLarge = fault.New(fault.Invalid, "order-total-too-large", "The total is more than we can count.")
	ErrCatalogueAway = fault.New(fault.Unavailable, "catalogue-unavailable", "The catalogue does not answer.").After(2 * time.Second)
)

// ErrReleased is returned by Reserve for a reservation that was given back.
var ErrReleased = errors.New("the reservation was released")

// Stock is what a Placing needs of the catalogue.
type Stock interface {
	// Reserve takes all lines or none until expires. The same id again answers the same. It returns ErrOutOfStock,
	// ErrReleased or ErrCatalogueAway; after the last it may have been made.
	Reserve(ctx context.Context, id uuid.UUID, expires time.Time, lines []Line) ([]Reserved, error)

	// Release gives a reservation back; one that is not there cannot be made afterwards.
	Release(ctx context.Context, id uuid.UUID) error
}

// Reserved is what was taken of a slipper, and what it was like then.
type Reserved struct {
	SlipperID int64
	Quantity  int64
	Price     money.Amount
	Name      string
	Size      string
	Image     *string
	Fiscal    *Fiscal // nil when it has none
}

// Unavailable says that fewer pieces of a slipper are there than were asked for.
type Unavailable struct {
	SlipperID int64 `json:"slipper_id"`
	Requested int64 `json:"requested"`
	Available int64 `json:"available"`
}

// Shelf is what a Placing needs of a store of carts.
type Shelf interface {
	Cart(ctx context.Context, who Holder) (Basket, error)
}

// Ledger is what a Placing needs of a store of orders.
type Ledger interface {
	// Place stores a new order with all that belongs to it, at once. It returns ErrInProgress when another attempt has
	// taken the key over, and wraps ErrUnsure when the order may have been stored nevertheless.
	Place(ctx context.Context, o Order, expires time.Time, r Request) (Order, error)
}

// Placing makes orders: reserve, price, store.
type Placing struct {
	Stock  Stock
	Carts  Shelf
	Orders Ledger
	Keys   Keys
	TTL    time.Duration // after which an unpaid order expires
	Log    *slog.Logger
}

// slack is how much longer than its order a reservation lives, so that none expires under an order that is being paid.
const slack = 5 * time.Minute

// Place makes the order that r asks for, or answers what an earlier attempt with its key came to; replayed says which.
// It returns ErrCartEmpty, ErrOutOfStock, ErrPriceChanged, ErrTotalTooLarge, ErrCatalogueAway, ErrKeyReused or
// ErrInProgress.
func (p Placing) Place(ctx context.Context, r Request) (o Order, replayed bool, err error) {
	intent, err := p.begin(ctx, r)
	switch {
	case err != nil:
		return Order{}, false, err
	case intent.Done != nil && intent.Done.Refusal != nil:
		return Order{}, true, intent.Done.Refusal.Err()
	case intent.Done != nil:
		return *intent.Done.Order, true, nil
	case r.Key == nil:
		o, err = p.attempt(ctx, r, intent)
		return o, false, err
	}
	o, err = p.attemptUnderKey(ctx, r, intent)
	return o, false, err
}

func (p Placing) begin(ctx context.Context, r Request) (Intent, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Intent{}, fmt.Errorf("naming a reservation: %w", err)
	}
	if r.Key != nil {
		return p.Keys.Begin(ctx, r, id)
	}
	if r.Lines != nil {
		return Intent{ReservationID: id, Lines: r.Lines}, nil
	}
	b, err := p.Carts.Cart(ctx, Holder{User: r.Buyer.ID})
	if err != nil {
		return Intent{}, err
	}
	if len(b.Lines) == 0 {
		return Intent{}, ErrCartEmpty
	}
	return Intent{ReservationID: id, Lines: b.wanted()}, nil
}

// attemptUnderKey leaves the key finished, or free for the next attempt.
func (p Placing) attemptUnderKey(ctx context.Context, r Request, i Intent) (Order, error) {
	o, err := p.attempt(ctx, r, i)
	if errors.Is(err, ErrReleased) { // an attempt broke off so long ago that its reservation has expired
		var fresh uuid.UUID
		if fresh, err = uuid.NewV7(); err == nil {
			err = p.Keys.Renew(ctx, r, i.ReservationID, fresh)
		}
		if err == nil {
			i.ReservationID = fresh
			o, err = p.attempt(ctx, r, i)
		}
	}
	if err == nil {
		return o, nil
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if why, ends := refusalOf(err); ends {
		switch failed := p.Keys.Refuse(after, r, i.ReservationID, why); {
		case errors.Is(failed, context.DeadlineExceeded):
			return Order{}, ErrInProgress.Because(failed) // as it is: who asks again will be told
		case failed != nil:
			return Order{}, failed
		}
		return Order{}, err
	}
	if failed := p.Keys.Unlock(after, r, i.ReservationID); failed != nil {
		p.Log.WarnContext(ctx, "unlocking a key", "user_id", r.Buyer.ID, "err", failed) // its lease ends by itself
	}
	return Order{}, err
}

// attempt reserves, prices and stores. What it reserved for nothing it gives back; but under a key a reservation outlives
// an attempt that broke off, for the next one to find.
func (p Placing) attempt(ctx context.Context, r Request, i Intent) (Order, error) {
	expires := time.Now().Add(p.TTL).UTC()
	reserved, err := p.Stock.Reserve(ctx, i.ReservationID, expires.Add(slack), i.Lines)
	if err != nil {
		if r.Key == nil && !errors.Is(err, ErrOutOfStock) {
			p.giveBack(ctx, i)
		}
		return Order{}, err
	}
	o, err := priced(r, i, reserved)
	if err != nil {
		p.giveBack(ctx, i)
		return Order{}, err
	}
	made, err := p.Orders.Place(ctx, o, expires, r)
	if err != nil && r.Key == nil && !errors.Is(err, ErrUnsure) {
		p.giveBack(ctx, i)
	}
	return made, err
}

// giveBack releases at once; if it cannot, catalog-svc does it when the reservation expires.
func (p Placing) giveBack(ctx context.Context, i Intent) {
	if err := patiently(ctx, p.Stock.Release, i.ReservationID); err != nil {
		p.Log.WarnContext(ctx, "releasing a reservation", "reservation_id", i.ReservationID, "err", err)
	}
}

// priced returns the order of what was reserved. It returns ErrTotalTooLarge or ErrPriceChanged.
func priced(r Request, i Intent, reserved []Reserved) (Order, error) {
	notes := map[int64]string{}
	for _, l := range i.Lines {
		notes[l.SlipperID] = l.Notes
	}
	o := Order{
		UserID: r.Buyer.ID, UserName: r.Buyer.Name, Status: Pending, Notes: r.Notes,
		ReservationID: i.ReservationID, Items: make([]Item, len(reserved)),
	}
	for n, l := range reserved {
		total, ok := l.Price.Times(l.Quantity)
		if !ok || o.TotalAmount > math.MaxInt64-total {
			return Order{}, ErrTotalTooLarge
		}
		o.TotalAmount += total
		o.Items[n] = Item{
			SlipperID: l.SlipperID, Quantity: l.Quantity, UnitPrice: l.Price, TotalPrice: total,
			Notes: notes[l.SlipperID], Name: l.Name, Size: l.Size, Image: l.Image, Fiscal: l.Fiscal,
		}
	}
	if r.ExpectedTotal != nil && *r.ExpectedTotal != o.TotalAmount {
		return Order{}, ErrPriceChanged.With("expected_total", *r.ExpectedTotal).With("actual_total", o.TotalAmount)
	}
	return o, nil
}
