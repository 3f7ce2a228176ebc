package order_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// shopping returns a stage whose cart has 2 pieces of slipper 3, of which there are 2 at 10.50, and 5 of slipper 4, of
// which there are 4 at 1.00.
func shopping() (*stage, order.Shopping) {
	s := &stage{
		basket: order.Basket{ID: 1, Lines: []order.BasketLine{{ID: 11, SlipperID: 3, Quantity: 2}, {ID: 12, SlipperID: 4, Quantity: 5}}},
		slippers: []order.Slipper{ // in an order of their own
			{ID: 4, Name: "Clog", Size: "44", Price: 100, Quantity: 4, IsAvailable: true},
			{ID: 3, Name: "Felt slipper", Size: "38", Price: 1050, Quantity: 2, Image: new("/static/a.png"), IsAvailable: true},
		},
	}
	return s, order.Shopping{Carts: s, Catalogue: s}
}

var (
	hers = order.Holder{User: aziza.ID}
	felt = order.CartItem{
		ID: 11, SlipperID: 3, Quantity: 2, Name: new("Felt slipper"), Size: new("38"), Image: new("/static/a.png"),
		Price: new(money.Amount(1050)), TotalPrice: new(money.Amount(2100)), IsAvailable: new(true),
	}
	clog = order.CartItem{
		ID: 12, SlipperID: 4, Quantity: 5, Name: new("Clog"), Size: new("44"),
		Price: new(money.Amount(100)), TotalPrice: new(money.Amount(500)), IsAvailable: new(false),
	}
)

func TestACartShowsTheDaysPrices(t *testing.T) {
	t.Parallel()
	unsold, short := felt, clog
	unsold.IsAvailable, short.IsAvailable = new(false), new(true)
	bare := []order.CartItem{{ID: 11, SlipperID: 3, Quantity: 2}, {ID: 12, SlipperID: 4, Quantity: 5}}
	total := func(items, quantity int64, amount money.Amount) order.CartTotal {
		return order.CartTotal{Items: items, Quantity: quantity, Amount: &amount}
	}
	tests := map[string]struct {
		change func(*stage)
		want   order.Cart
		calls  string
	}{
		"as it is":      {func(*stage) {}, order.Cart{ID: 1, Items: []order.CartItem{felt, clog}, CartTotal: total(2, 7, 2600)}, "cart slippers"},
		"empty":         {func(s *stage) { s.basket.Lines = nil }, order.Cart{ID: 1, Items: []order.CartItem{}, CartTotal: total(0, 0, 0)}, "cart"},
		"not sold":      {func(s *stage) { s.slippers[1].IsAvailable = false }, order.Cart{ID: 1, Items: []order.CartItem{unsold, clog}, CartTotal: total(2, 7, 2600)}, "cart slippers"},
		"enough of all": {func(s *stage) { s.slippers[0].Quantity = 5 }, order.Cart{ID: 1, Items: []order.CartItem{felt, short}, CartTotal: total(2, 7, 2600)}, "cart slippers"},
		"one is gone":   {func(s *stage) { s.slippers = s.slippers[:1] }, order.Cart{ID: 1, Items: []order.CartItem{clog}, CartTotal: total(1, 5, 500)}, "cart slippers drop"},
		"all are gone":  {func(s *stage) { s.slippers = nil }, order.Cart{ID: 1, Items: []order.CartItem{}, CartTotal: total(0, 0, 0)}, "cart slippers drop"},
		"away": {
			func(s *stage) {
				s.slippers, s.fail = nil, map[string]error{"slippers": order.ErrCatalogueAway.Because(errDown)}
			},
			order.Cart{ID: 1, Items: bare, CartTotal: order.CartTotal{Items: 2, Quantity: 7}},
			"cart slippers",
		},
		"away, empty": {
			func(s *stage) { s.basket.Lines, s.fail = nil, map[string]error{"slippers": order.ErrCatalogueAway} },
			order.Cart{ID: 1, Items: []order.CartItem{}, CartTotal: total(0, 0, 0)},
			"cart",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, shop := shopping()
			tt.change(s)
			got, err := shop.Cart(t.Context(), hers)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil || s.said() != tt.calls {
				t.Errorf("%v, after %s, want %s (-want +got):\n%s", err, s.said(), tt.calls, diff)
			}
		})
	}
}

func TestWhatIsGoneIsDroppedAndNothingElse(t *testing.T) {
	t.Parallel()
	s, shop := shopping()
	s.slippers = s.slippers[:1]
	if _, err := shop.Cart(t.Context(), hers); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int64{3}, s.dropped); diff != "" {
		t.Errorf("dropped (-want +got):\n%s", diff)
	}
}

// What cannot be counted is not shown wrong.
func TestACartThatCostsTooMuchHasNoTotal(t *testing.T) {
	t.Parallel()
	const most = money.Amount(math.MaxInt64)
	for name, tt := range map[string]struct {
		felt, clog money.Amount // prices; of the first 2 are in the cart, of the second 5
		want       *money.Amount
	}{
		"the most there is":    {(most - 7) / 2, 1, new(most - 7 + 5)},
		"one too much, in all": {most / 2, 1, nil},
		"one line too much":    {most/2 + 1, 1, nil},
		"the last line":        {1, most/5 + 1, nil},
		"both":                 {most, most, nil},
	} {
		s, shop := shopping()
		s.slippers[1].Price, s.slippers[0].Price = tt.felt, tt.clog
		got, err := shop.Cart(t.Context(), hers)
		if diff := cmp.Diff(tt.want, got.Amount); diff != "" || err != nil || got.Items[0].Price == nil || got.Quantity != 7 {
			t.Errorf("%s: %+v, %v, total (-want +got):\n%s", name, got, err, diff)
		}
		for _, item := range got.Items {
			if item.TotalPrice != nil && *item.TotalPrice < *item.Price {
				t.Errorf("%s: %d pieces at %s come to %s", name, item.Quantity, item.Price, item.TotalPrice)
			}
		}
	}
}

func TestAddingKeepsTheRules(t *testing.T) {
	t.Parallel()
	known := []order.Slipper{{ID: 3}}
	tests := map[string]struct {
		slipper, quantity int64
		found             []order.Slipper
		want, calls       string
	}{
		"one":        {3, 1, known, "", "slippers add cart slippers"},
		"most":       {3, 500, known, "", "slippers add cart slippers"},
		"none":       {3, 0, known, "/quantity", ""},
		"less":       {3, -1, known, "/quantity", ""},
		"too many":   {3, 501, known, "/quantity", ""},
		"no slipper": {0, 1, known, "/slipper_id", ""},
		"negative":   {-3, 1, known, "/slipper_id", ""},
		"unknown":    {4, 1, nil, "/slipper_id", "slippers"},
		"both":       {0, 0, known, "/slipper_id /quantity", ""},
	}
	for name, tt := range tests {
		s, shop := shopping()
		s.slippers = tt.found
		s.basket.Lines = s.basket.Lines[:1]
		_, made, err := shop.Add(t.Context(), hers, tt.slipper, tt.quantity)
		if broken(err) != tt.want || s.said() != tt.calls || (err != nil) != errors.Is(err, order.ErrCartItemInvalid) || made != (order.CartToken{}) {
			t.Errorf("%s: %v, after %q, want %q after %q", name, err, s.said(), tt.want, tt.calls)
		}
	}
}

func TestSettingKeepsTheRules(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		quantity    *int64
		want, calls string
	}{
		"one":      {new(int64(1)), "", "set cart slippers"},
		"most":     {new(int64(500)), "", "set cart slippers"},
		"none":     {new(int64(0)), "", "remove cart slippers"},
		"absent":   {nil, "/quantity", ""},
		"less":     {new(int64(-1)), "/quantity", ""},
		"too many": {new(int64(501)), "/quantity", ""},
	}
	for name, tt := range tests {
		s, shop := shopping()
		_, err := shop.Set(t.Context(), hers, 11, tt.quantity)
		if broken(err) != tt.want || s.said() != tt.calls {
			t.Errorf("%s: %v, after %q, want %q after %q", name, err, s.said(), tt.want, tt.calls)
		}
	}
}

// A change that was refused answers no cart, and one that was made answers the cart after it.
func TestAFailureOnTheWayIsToldAndStopsThere(t *testing.T) {
	t.Parallel()
	changes := map[string]func(order.Shopping) (order.Cart, error){
		"look":   func(s order.Shopping) (order.Cart, error) { return s.Cart(t.Context(), hers) },
		"add":    func(s order.Shopping) (order.Cart, error) { c, _, err := s.Add(t.Context(), hers, 3, 1); return c, err },
		"set":    func(s order.Shopping) (order.Cart, error) { return s.Set(t.Context(), hers, 11, new(int64(3))) },
		"remove": func(s order.Shopping) (order.Cart, error) { return s.Remove(t.Context(), hers, 11) },
		"clear":  func(s order.Shopping) (order.Cart, error) { return s.Clear(t.Context(), hers) },
	}
	for _, tt := range []struct {
		change, at string
		err        error
		calls      string
	}{
		{"look", "cart", errDown, "cart"},
		{"look", "slippers", errDown, "cart slippers"},
		{"look", "drop", errDown, "cart slippers drop"},
		{"add", "slippers", order.ErrCatalogueAway, "slippers"},
		{"add", "slippers", errDown, "slippers"},
		{"add", "add", order.ErrCartFull, "slippers add"},
		{"set", "set", order.ErrCartItemNotFound, "set"},
		{"remove", "remove", order.ErrCartItemNotFound, "remove"},
		{"clear", "clear", errDown, "clear"},
		{"clear", "cart", errDown, "clear cart"},
	} {
		s, shop := shopping()
		s.slippers = s.slippers[1:]
		s.fail = map[string]error{tt.at: tt.err}
		if _, err := changes[tt.change](shop); !errors.Is(err, tt.err) || s.said() != tt.calls {
			t.Errorf("%s, failing at %s: %v, after %q, want %v after %q", tt.change, tt.at, err, s.said(), tt.err, tt.calls)
		}
	}
	for name, change := range changes {
		s, shop := shopping()
		s.basket.Lines = s.basket.Lines[:1]
		s.slippers = s.slippers[1:]
		got, err := change(shop)
		if diff := cmp.Diff([]order.CartItem{felt}, got.Items); diff != "" || err != nil {
			t.Errorf("%s answers %v (-want +got):\n%s", name, err, diff)
		}
	}
}
