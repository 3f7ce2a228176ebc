package store_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/store"
)

var (
	aziza = order.Holder{User: buyer.ID}
	zuhra = order.Holder{User: 8}
)

func TestTwentyAddsAtOnceAreOneLine(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if err := d.carts.Add(t.Context(), aziza, 1, 3); err != nil {
				t.Errorf("adding: %v", err)
			}
			if _, err := d.carts.Cart(t.Context(), zuhra); err != nil {
				t.Errorf("looking at a new cart: %v", err)
			}
		})
	}
	wg.Wait()
	b, err := d.carts.Cart(t.Context(), aziza)
	if err != nil || len(b.Lines) != 1 || b.Lines[0].Quantity != 60 {
		t.Errorf("the cart holds %+v, %v", b, err)
	}
	if d.rows(t, "carts") != 2 {
		t.Errorf("%d carts of 2 users", d.rows(t, "carts"))
	}
}

func TestACartIsBounded(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	var full, fit int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for slipper := range int64(order.MaxLines + 10) {
		wg.Go(func() {
			err := d.carts.Add(t.Context(), aziza, slipper+1, 1)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				fit++
			case errors.Is(err, order.ErrCartFull):
				full++
			default:
				t.Errorf("adding: %v", err)
			}
		})
	}
	wg.Wait()
	if fit != order.MaxLines || full != 10 {
		t.Errorf("%d lines fit and %d did not", fit, full)
	}
	b, err := d.carts.Cart(t.Context(), aziza)
	if err != nil {
		t.Fatal(err)
	}
	in := b.Lines[0].SlipperID
	if err := d.carts.Add(t.Context(), aziza, in, order.MaxQuantity-1); err != nil {
		t.Errorf("more of what is there: %v", err)
	}
	if err := d.carts.Add(t.Context(), aziza, in, 1); !errors.Is(err, order.ErrCartLineFull) {
		t.Errorf("too many of one: %v", err)
	}
}

func TestACartIsOnesOwn(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	carts := store.NewCarts(db, guestTTL)
	for slipper := range int64(5) {
		if err := carts.Add(t.Context(), aziza, slipper+1, 1); err != nil {
			t.Fatal(err)
		}
	}
	queries.Take()
	b, err := carts.Cart(t.Context(), aziza)
	if sent := queries.Take(); err != nil || len(b.Lines) != 5 || len(sent) != 1 {
		t.Fatalf("a cart of %d lines takes %d statements, %v", len(b.Lines), len(sent), err)
	}
	for what, err := range map[string]error{
		"setting":  carts.Set(t.Context(), zuhra, b.Lines[0].ID, 2),
		"removing": carts.Remove(t.Context(), zuhra, b.Lines[0].ID),
		"nothing":  carts.Remove(t.Context(), aziza, 1<<40),
	} {
		if !errors.Is(err, order.ErrCartItemNotFound) {
			t.Errorf("%s what is another's: %v", what, err)
		}
	}
	if err := errors.Join(
		carts.Set(t.Context(), aziza, b.Lines[0].ID, 9), carts.Remove(t.Context(), aziza, b.Lines[1].ID),
		carts.Drop(t.Context(), b.ID, []int64{b.Lines[2].SlipperID, 99}), carts.Clear(t.Context(), zuhra),
	); err != nil {
		t.Fatal(err)
	}
	now, err := carts.Cart(t.Context(), aziza)
	if err != nil || len(now.Lines) != 3 || now.Lines[0].Quantity != 9 || now.Lines[1] != b.Lines[3] {
		t.Errorf("the cart holds %+v, %v", now.Lines, err)
	}
	if err := carts.Clear(t.Context(), aziza); err != nil {
		t.Fatal(err)
	}
	if now, err := carts.Cart(t.Context(), aziza); err != nil || len(now.Lines) != 0 || now.ID != b.ID {
		t.Errorf("cleared, the cart is %+v, %v", now, err)
	}
}

// Looking writes now and then only, and is one statement.
func TestLookingAtAGuestsCartIsCheap(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	carts := store.NewCarts(testkit.PostgresTraced(t, &queries), guestTTL)
	who := order.Holder{Token: order.NewCartToken()}
	if err := carts.Open(t.Context(), who.Token, 1, 1); err != nil {
		t.Fatal(err)
	}
	queries.Take()
	b, err := carts.Cart(t.Context(), who)
	if sent := queries.Take(); err != nil || len(b.Lines) != 1 || len(sent) != 1 {
		t.Errorf("%+v, %v after %d statements", b, err, len(sent))
	}
}
