package order

import (
	"context"
	"errors"
	"math"
	"strconv"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// The ways a call about carts can fail.
var (
	ErrCartItemNotFound = fault.New(fault.NotFound, "cart-item-not-found", "There is no such line in your cart.")
	ErrCartItemInvalid  = fault.New(fault.Invalid, "cart-item-invalid", "The line breaks a rule.")
	ErrCartFull         = fault.New(fault.Conflict, "cart-full", "The cart holds as many different slippers as it can.")
	ErrCartLineFull     = fault.New(fault.Conflict, "cart-line-full", "The cart holds as many pieces of this slipper as it can.")
)

// Basket is a cart as it is stored: what, and how many, but not for how much.
type Basket struct {
	ID    int64
	Lines []BasketLine // in the order in which they were added
}

// BasketLine is a number of pieces of one slipper in a cart.
type BasketLine struct {
	ID        int64 `json:"id"`
	SlipperID int64 `json:"slipper_id"`
	Quantity  int64 `json:"quantity"`
}

func (b Basket) wanted() []Line {
	lines := make([]Line, len(b.Lines))
	for i, l := range b.Lines {
		lines[i] = Line{SlipperID: l.SlipperID, Quantity: l.Quantity}
	}
	return lines
}

// Cart is what a customer sees. While the catalogue does not answer, what it knows is nil.
type Cart struct {
	ID    int64      `json:"id"`
	Items []CartItem `json:"items"`
	CartTotal
}

// CartItem is a line of a cart at today's price.
type CartItem struct {
	ID          int64         `json:"id"`
	SlipperID   int64         `json:"slipper_id"`
	Quantity    int64         `json:"quantity"`
	Name        *string       `json:"name"`
	Size        *string       `json:"size"`
	Image       *string       `json:"image"`
	Price       *money.Amount `json:"price"`
	TotalPrice  *money.Amount `json:"total_price"`
	IsAvailable *bool         `json:"is_available"` // as many as are wanted
}

// CartTotal sums a cart up.
type CartTotal struct {
	Items    int64         `json:"total_items"` // lines
	Quantity int64         `json:"total_quantity"`
	Amount   *money.Amount `json:"total_amount"`
}

// Slipper is what a cart shows of one.
type Slipper struct {
	ID          int64
	Name        string
	Size        string
	Price       money.Amount
	Quantity    int64
	Image       *string
	IsAvailable bool
}

// Carts is what a Shopping needs of a store. Every call is about the cart of one holder. That of a user is made if need be;
// that of a guest, by Open only.
type Carts interface {
	Cart(ctx context.Context, who Holder) (Basket, error)

	// Add returns ErrCartFull, ErrCartLineFull or ErrCartGone.
	Add(ctx context.Context, who Holder, slipper, quantity int64) error

	// Open makes the cart of a new token, with its first line.
	Open(ctx context.Context, token CartToken, slipper, quantity int64) error

	// Merge moves the lines of a guest's cart, if there is one, into that of a user. Whoever does it at the same moment
	// moves nothing.
	Merge(ctx context.Context, user int64, token CartToken) error

	// Set and Remove return ErrCartItemNotFound.
	Set(ctx context.Context, who Holder, item, quantity int64) error
	Remove(ctx context.Context, who Holder, item int64) error

	Clear(ctx context.Context, who Holder) error

	// Drop takes slippers out that are not sold any more.
	Drop(ctx context.Context, cart int64, slippers []int64) error
}

// Window is what a Shopping needs of the catalogue.
type Window interface {
	// Slippers returns those of ids that there are, or ErrCatalogueAway.
	Slippers(ctx context.Context, ids []int64) ([]Slipper, error)
}

// Shopping is what a customer does with a cart. Every change answers the cart after it.
type Shopping struct {
	Carts     Carts
	Catalogue Window
}

// Cart shows the cart of who at today's prices; that of a guest who has none is empty. Lines of slippers that are not there any more are dropped. When the
// catalogue does not answer, the lines come without prices.
func (s Shopping) Cart(ctx context.Context, who Holder) (Cart, error) {
	b, err := s.Carts.Cart(ctx, who)
	if err != nil {
		return Cart{}, err
	}
	if len(b.Lines) == 0 {
		return priceless(b, new(money.Amount(0))), nil
	}
	ids := make([]int64, len(b.Lines))
	for i, l := range b.Lines {
		ids[i] = l.SlipperID
	}
	found, err := s.Catalogue.Slippers(ctx, ids)
	if errors.Is(err, ErrCatalogueAway) {
		return priceless(b, nil), nil
	}
	if err != nil {
		return Cart{}, err
	}
	cart, gone := shown(b, found)
	if len(gone) > 0 {
		err = s.Carts.Drop(ctx, b.ID, gone)
	}
	return cart, err
}

func priceless(b Basket, amount *money.Amount) Cart {
	c := Cart{ID: b.ID, Items: make([]CartItem, len(b.Lines)), CartTotal: CartTotal{Items: int64(len(b.Lines)), Amount: amount}}
	for i, l := range b.Lines {
		c.Items[i] = CartItem{ID: l.ID, SlipperID: l.SlipperID, Quantity: l.Quantity}
		c.Quantity += l.Quantity
	}
	return c
}

// shown puts names and prices to the lines of b, and returns the slippers that are gone.
func shown(b Basket, found []Slipper) (c Cart, gone []int64) {
	slippers := map[int64]Slipper{}
	for _, s := range found {
		slippers[s.ID] = s
	}
	c = Cart{ID: b.ID, Items: []CartItem{}}
	sum, counted := money.Amount(0), true
	for _, l := range b.Lines {
		s, ok := slippers[l.SlipperID]
		if !ok {
			gone = append(gone, l.SlipperID)
			continue
		}
		item := CartItem{
			ID: l.ID, SlipperID: l.SlipperID, Quantity: l.Quantity, Name: &s.Name, Size: &s.Size, Image: s.Image, Price: &s.Price,
			IsAvailable: new(s.IsAvailable && s.Quantity >= l.Quantity),
		}
		if total, ok := s.Price.Times(l.Quantity); ok && sum <= math.MaxInt64-total {
			item.TotalPrice = &total
			sum += total
		} else {
			counted = false
		}
		c.Items = append(c.Items, item)
		c.CartTotal.Items++
		c.Quantity += l.Quantity
	}
	if counted {
		c.Amount = &sum
	}
	return c, gone
}

// Add puts pieces of a slipper into the cart, beside those that are there. More than there are is allowed: stock comes
// and goes, and the order decides. A guest who has no cart, or not any more, gets one: made is its token. It returns
// ErrCartItemInvalid, ErrCartFull, ErrCartLineFull or ErrCatalogueAway.
func (s Shopping) Add(ctx context.Context, who Holder, slipper, quantity int64) (cart Cart, made CartToken, err error) {
	var r fault.Rules
	r.Check(slipper > 0, "/slipper_id", "must be an id")
	r.Check(quantity >= 1 && quantity <= MaxQuantity, "/quantity", "must be from 1 to "+strconv.Itoa(MaxQuantity))
	if err := r.Err(ErrCartItemInvalid); err != nil {
		return Cart{}, CartToken{}, err
	}
	found, err := s.Catalogue.Slippers(ctx, []int64{slipper})
	if err != nil {
		return Cart{}, CartToken{}, err
	}
	r.Check(len(found) == 1, "/slipper_id", "names no slipper")
	if err := r.Err(ErrCartItemInvalid); err != nil {
		return Cart{}, CartToken{}, err
	}
	made, err = s.put(ctx, who, slipper, quantity)
	if made != (CartToken{}) {
		who = Holder{Token: made}
	}
	cart, err = s.after(ctx, who, err)
	return cart, made, err
}

// Set changes how many pieces a line has; none removes it. It returns ErrCartItemInvalid or ErrCartItemNotFound.
func (s Shopping) Set(ctx context.Context, who Holder, item int64, quantity *int64) (Cart, error) {
	var r fault.Rules
	r.Check(quantity != nil && *quantity >= 0 && *quantity <= MaxQuantity, "/quantity", "must be from 0 to "+strconv.Itoa(MaxQuantity))
	if err := r.Err(ErrCartItemInvalid); err != nil {
		return Cart{}, err
	}
	if *quantity == 0 {
		return s.Remove(ctx, who, item)
	}
	return s.after(ctx, who, s.Carts.Set(ctx, who, item, *quantity))
}

// Remove takes a line out of the cart, or returns ErrCartItemNotFound.
func (s Shopping) Remove(ctx context.Context, who Holder, item int64) (Cart, error) {
	return s.after(ctx, who, s.Carts.Remove(ctx, who, item))
}

// Clear empties the cart.
func (s Shopping) Clear(ctx context.Context, who Holder) (Cart, error) {
	return s.after(ctx, who, s.Carts.Clear(ctx, who))
}

func (s Shopping) after(ctx context.Context, who Holder, changed error) (Cart, error) {
	if changed != nil {
		return Cart{}, changed
	}
	return s.Cart(ctx, who)
}
