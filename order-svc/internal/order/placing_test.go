package order_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

const ttl = 30 * time.Minute

// placing returns a stage where 2 pieces of slipper 3 at 10.50, and 1 of slipper 4 at 1.00, can be had.
func placing() (*stage, order.Placing) {
	s := &stage{fail: map[string]error{}, reserved: []order.Reserved{
		{SlipperID: 3, Quantity: 2, Price: 1050, Name: "Felt slipper", Size: "38", Image: new("/static/a.png")},
		{SlipperID: 4, Quantity: 1, Price: 100, Name: "Clog", Size: "44"},
	}}
	return s, order.Placing{Stock: s, Carts: s, Orders: s, Keys: s, TTL: ttl, Log: s.log()}
}

func wanted() order.Request {
	return order.Request{Buyer: aziza, Notes: "ring twice", Lines: []order.Line{line(3, 2, "wrap it"), line(4, 1, "")}}
}

func keyed() order.Request {
	r := wanted()
	r.Key = &order.Key{Value: "k", Fingerprint: []byte("f")}
	return r
}

func TestAnOrderIsWhatWasReserved(t *testing.T) {
	t.Parallel()
	s, p := placing()
	r := wanted()
	r.ExpectedTotal = new(money.Amount(2200))
	before := time.Now()
	made, replayed, err := p.Place(t.Context(), r)
	after := time.Now()
	if err != nil || replayed || s.said() != "reserve place" {
		t.Fatalf("%v, replayed %v, after %q", err, replayed, s.said())
	}
	want := order.Order{
		UserID: 7, UserName: "Aziza Karimova", Status: order.Pending, TotalAmount: 2200, Notes: "ring twice", ReservationID: s.ids[0],
		Items: []order.Item{
			{SlipperID: 3, Quantity: 2, UnitPrice: 1050, TotalPrice: 2100, Notes: "wrap it", Name: "Felt slipper", Size: "38", Image: new("/static/a.png")},
			{SlipperID: 4, Quantity: 1, UnitPrice: 100, TotalPrice: 100, Name: "Clog", Size: "44"},
		},
	}
	if diff := cmp.Diff(want, s.placed) + cmp.Diff(want, made) + cmp.Diff(r.Lines, s.wanted); diff != "" {
		t.Errorf("placed (-want +got):\n%s", diff)
	}
	if s.expires.Before(before.Add(ttl)) || s.expires.After(after.Add(ttl)) || s.expires.Location() != time.UTC {
		t.Errorf("it expires at %s, want in %s", s.expires, ttl)
	}
	if slack := s.reserve.Sub(s.expires); slack != 5*time.Minute {
		t.Errorf("the reservation outlives its order by %s", slack)
	}
}

func TestTheCartSaysWhatToOrder(t *testing.T) {
	t.Parallel()
	s, p := placing()
	s.basket.Lines = []order.BasketLine{{ID: 1, SlipperID: 3, Quantity: 2}, {ID: 2, SlipperID: 4, Quantity: 1}}
	_, _, err := p.Place(t.Context(), order.Request{Buyer: aziza})
	if diff := cmp.Diff([]order.Line{line(3, 2, ""), line(4, 1, "")}, s.wanted); diff != "" || err != nil || s.said() != "cart reserve place" {
		t.Errorf("%v, after %q (-want +got):\n%s", err, s.said(), diff)
	}
	if _, _, err := p.Place(t.Context(), wanted()); err != nil || s.ids[0] == s.ids[1] {
		t.Errorf("two orders share the reservations %v, %v", s.ids, err)
	}
}

func TestATotalMustBeCountableAndExpected(t *testing.T) {
	t.Parallel()
	const most = money.Amount(math.MaxInt64)
	tests := map[string]struct {
		felt, clog money.Amount // prices, of 2 pieces and of 1
		expected   *money.Amount
		want       error
	}{
		"any":             {1050, 100, nil, nil},
		"as expected":     {1050, 100, new(money.Amount(2200)), nil},
		"cheaper":         {1049, 100, new(money.Amount(2200)), order.ErrPriceChanged},
		"dearer":          {1050, 101, new(money.Amount(2200)), order.ErrPriceChanged},
		"for nothing":     {1050, 100, new(money.Amount(0)), order.ErrPriceChanged},
		"the most":        {most / 2, 1, new(most), nil},
		"one too much":    {most / 2, 2, nil, order.ErrTotalTooLarge},
		"a line too much": {most/2 + 1, 1, nil, order.ErrTotalTooLarge},
		"neither":         {most, most, new(money.Amount(1)), order.ErrTotalTooLarge},
	}
	for name, tt := range tests {
		for _, r := range []order.Request{wanted(), keyed()} {
			s, p := placing()
			s.reserved[0].Price, s.reserved[1].Price = tt.felt, tt.clog
			r.ExpectedTotal = tt.expected
			calls := "reserve place"
			if tt.want != nil {
				calls = "reserve release"
			}
			if r.Key != nil && tt.want != nil {
				calls += " refuse"
			}
			_, _, err := p.Place(t.Context(), r)
			if said := strings.TrimPrefix(s.said(), "begin "); !errors.Is(err, tt.want) || said != calls {
				t.Errorf("%s, key %v: %v, after %q, want %v after %q", name, r.Key != nil, err, said, tt.want, calls)
			}
			for _, id := range s.ids {
				if id != s.ids[0] {
					t.Errorf("%s: reserved, released and refused %v", name, s.ids)
				}
			}
		}
	}
}

// Where placing breaks off decides what becomes of the reservation: without a key it is given back, unless nothing was
// taken or the order may be there; under a key it waits for the next attempt.
func TestWhatBecomesOfAReservation(t *testing.T) {
	t.Parallel()
	unsure := fmt.Errorf("storing: %w", errors.Join(order.ErrUnsure, errDown))
	tests := map[string]struct {
		r     order.Request
		fail  map[string]error
		want  error
		calls string
		log   bool
	}{
		"no cart":               {order.Request{Buyer: aziza}, map[string]error{"cart": errDown}, errDown, "cart", false},
		"an empty cart":         {order.Request{Buyer: aziza}, nil, order.ErrCartEmpty, "cart", false},
		"no key":                {keyed(), map[string]error{"begin": order.ErrKeyReused}, order.ErrKeyReused, "begin", false},
		"short":                 {wanted(), map[string]error{"reserve": order.ErrOutOfStock}, order.ErrOutOfStock, "reserve", false},
		"away":                  {wanted(), map[string]error{"reserve": order.ErrCatalogueAway}, order.ErrCatalogueAway, "reserve release", false},
		"away, and stays so":    {wanted(), map[string]error{"reserve": order.ErrCatalogueAway, "release": errDown}, order.ErrCatalogueAway, "reserve release", true},
		"not stored":            {wanted(), map[string]error{"place": errDown}, errDown, "reserve place release", false},
		"perhaps stored":        {wanted(), map[string]error{"place": unsure}, order.ErrUnsure, "reserve place", false},
		"key, short":            {keyed(), map[string]error{"reserve": order.ErrOutOfStock}, order.ErrOutOfStock, "begin reserve refuse", false},
		"key, short, not kept":  {keyed(), map[string]error{"reserve": order.ErrOutOfStock, "refuse": order.ErrInProgress}, order.ErrInProgress, "begin reserve refuse", false},
		"key, away":             {keyed(), map[string]error{"reserve": order.ErrCatalogueAway}, order.ErrCatalogueAway, "begin reserve unlock", false},
		"key, short, too slow":  {keyed(), map[string]error{"reserve": order.ErrOutOfStock, "refuse": context.DeadlineExceeded}, order.ErrInProgress, "begin reserve refuse", false},
		"key, away, locked":     {keyed(), map[string]error{"reserve": order.ErrCatalogueAway, "unlock": errDown}, order.ErrCatalogueAway, "begin reserve unlock", true},
		"key, not stored":       {keyed(), map[string]error{"place": errDown}, errDown, "begin reserve place unlock", false},
		"key, perhaps stored":   {keyed(), map[string]error{"place": unsure}, order.ErrUnsure, "begin reserve place unlock", false},
		"key, another was it":   {keyed(), map[string]error{"place": order.ErrInProgress}, order.ErrInProgress, "begin reserve place unlock", false},
		"key, expired twice":    {keyed(), map[string]error{"reserve": order.ErrReleased}, order.ErrReleased, "begin reserve renew reserve unlock", false},
		"key, cannot be anew":   {keyed(), map[string]error{"reserve": order.ErrReleased, "renew": order.ErrInProgress}, order.ErrInProgress, "begin reserve renew unlock", false},
		"no key, but released?": {wanted(), map[string]error{"reserve": order.ErrReleased}, order.ErrReleased, "reserve release", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := placing()
			s.fail = tt.fail
			o, replayed, err := p.Place(t.Context(), tt.r)
			if !errors.Is(err, tt.want) || replayed || s.said() != tt.calls || len(o.Items) != 0 && tt.fail["place"] == nil {
				t.Errorf("%+v, %v, replayed %v, after %q, want %v after %q", o, err, replayed, s.said(), tt.want, tt.calls)
			}
			if (s.lines.Len() > 0) != tt.log {
				t.Errorf("logged %q, want a warning: %v", s.lines.String(), tt.log)
			}
		})
	}
}

// A reservation that has expired gets another name, under which everything after it goes on.
func TestARenewedIntentGoesOnUnderItsNewReservation(t *testing.T) {
	t.Parallel()
	for at, calls := range map[string]string{"": "begin reserve renew reserve place", "place": "begin reserve renew reserve place unlock"} {
		s, p := placing()
		s.fail = map[string]error{"reserve": order.ErrReleased, at: errDown}
		s.then = map[string]func(){"renew": func() { delete(s.fail, "reserve") }}
		_, _, err := p.Place(t.Context(), keyed())
		if s.said() != calls || (err != nil) != (at == "place") {
			t.Fatalf("failing at %q: %v, after %q, want %q", at, err, s.said(), calls)
		}
		stale, fresh := s.ids[0], s.ids[2] // reserve, then renew from and to
		rest := slices.Repeat(s.ids[2:3], len(s.ids)-2)
		if s.ids[1] != stale || fresh == stale || !slices.Equal(s.ids[2:], rest) || s.placed.ReservationID != fresh {
			t.Errorf("failing at %q: the reservations are %v, and the order's %s", at, s.ids, s.placed.ReservationID)
		}
	}
}

// Who leaves while it is being placed leaves nothing behind.
func TestPlacingTidiesUpThoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	for calls, r := range map[string]order.Request{"reserve place release": wanted(), "begin reserve place unlock": keyed()} {
		s, p := placing()
		ctx, leave := context.WithCancel(t.Context())
		s.then = map[string]func(){"reserve": leave}
		_, _, err := p.Place(ctx, r)
		if !errors.Is(err, context.Canceled) || s.said() != calls || s.lines.Len() > 0 {
			t.Errorf("%v, after %q, want %q, logged %q", err, s.said(), calls, s.lines.String())
		}
	}
}

func TestAnOutcomeIsAnsweredWithoutAnyWork(t *testing.T) {
	t.Parallel()
	s, p := placing()
	s.done = &order.Outcome{Order: &order.Order{ID: 5, Notes: "the first"}}
	o, replayed, err := p.Place(t.Context(), keyed())
	if diff := cmp.Diff(*s.done.Order, o); diff != "" || !replayed || err != nil || s.said() != "begin" {
		t.Errorf("%v, replayed %v, after %q (-want +got):\n%s", err, replayed, s.said(), diff)
	}
	if diff := cmp.Diff(keyed(), s.began); diff != "" {
		t.Errorf("began (-want +got):\n%s", diff)
	}
}
