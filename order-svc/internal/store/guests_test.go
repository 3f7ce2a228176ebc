package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// guest opens a cart with pieces of slippers 1, 2 and so on, and returns whose it is.
func (d desk) guest(t *testing.T, pieces ...int64) order.Holder {
	t.Helper()
	who := order.Holder{Token: order.NewCartToken()}
	for i, n := range pieces {
		err := d.carts.Add(t.Context(), who, int64(i+1), n)
		if i == 0 {
			if !errors.Is(err, order.ErrCartGone) {
				t.Fatalf("adding to a cart that is not there: %v", err)
			}
			err = d.carts.Open(t.Context(), who.Token, 1, n)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return who
}

// holds returns the pieces in a cart by slipper.
func (d desk) holds(t *testing.T, who order.Holder) map[int64]int64 {
	t.Helper()
	b, err := d.carts.Cart(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	pieces := map[int64]int64{}
	for _, l := range b.Lines {
		pieces[l.SlipperID] += l.Quantity
	}
	return pieces
}

func TestAGuestsCartIsOnlyByItsToken(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	for _, nobody := range []order.Holder{{}, {Token: order.NewCartToken()}} {
		b, err := d.carts.Cart(t.Context(), nobody)
		if err != nil || b.ID != 0 || len(b.Lines) != 0 || d.rows(t, "carts") != 0 {
			t.Errorf("nobody's cart is %+v, %v, with %d stored", b, err, d.rows(t, "carts"))
		}
	}
	mine, other := d.guest(t, 2, 3), d.guest(t, 5)
	b, err := d.carts.Cart(t.Context(), mine)
	if err != nil || len(b.Lines) != 2 {
		t.Fatalf("%+v, %v", b, err)
	}
	for what, err := range map[string]error{
		"setting":  d.carts.Set(t.Context(), other, b.Lines[0].ID, 2),
		"removing": d.carts.Remove(t.Context(), other, b.Lines[0].ID),
		"a user":   d.carts.Set(t.Context(), aziza, b.Lines[0].ID, 2),
		"nobody":   d.carts.Remove(t.Context(), order.Holder{}, b.Lines[0].ID),
	} {
		if !errors.Is(err, order.ErrCartItemNotFound) {
			t.Errorf("%s changes what is another's: %v", what, err)
		}
	}
	if err := errors.Join(
		d.carts.Set(t.Context(), mine, b.Lines[0].ID, 9), d.carts.Remove(t.Context(), mine, b.Lines[1].ID), d.carts.Add(t.Context(), mine, 1, 1),
		d.carts.Clear(t.Context(), other), d.carts.Clear(t.Context(), order.Holder{}),
	); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]int64{1: 10}, d.holds(t, mine)); diff != "" || len(d.holds(t, other)) != 0 {
		t.Errorf("the other holds %v, and (-want +got):\n%s", d.holds(t, other), diff)
	}
	var hashed bool
	const query = `SELECT bool_or(token_hash = sha256($1)) AND NOT bool_or(token_hash = $1) FROM orders.carts`
	if err := d.db.QueryRow(t.Context(), query, mine.Token[:]).Scan(&hashed); err != nil || !hashed {
		t.Errorf("what is stored of a token is not its SHA-256: %v", err)
	}
}

func TestTwentyMergesAtOnceAreOne(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	if err := d.carts.Add(t.Context(), aziza, 2, 10); err != nil {
		t.Fatal(err)
	}
	guest := d.guest(t, 1, 2, 3)
	var wg sync.WaitGroup
	for i := range int64(20) {
		wg.Go(func() {
			user := buyer.ID + i%2 // two users who show the same token: one of them has it
			if err := d.carts.Merge(t.Context(), user, guest.Token); err != nil {
				t.Errorf("merging: %v", err)
			}
		})
	}
	wg.Wait()
	hers, his := d.holds(t, aziza), d.holds(t, zuhra)
	first := cmp.Equal(hers, map[int64]int64{1: 1, 2: 12, 3: 3}) && len(his) == 0
	second := cmp.Equal(hers, map[int64]int64{2: 10}) && cmp.Equal(his, map[int64]int64{1: 1, 2: 2, 3: 3})
	if !first && !second {
		t.Errorf("the one has %v and the other %v", hers, his)
	}
	if left := d.holds(t, guest); len(left) != 0 || d.rows(t, "carts WHERE user_id IS NULL") != 0 {
		t.Errorf("the guest still has %v", left)
	}
	if err := d.carts.Add(t.Context(), guest, 1, 1); !errors.Is(err, order.ErrCartGone) {
		t.Errorf("adding under a spent token: %v", err)
	}
}

// What is put in while a cart is merged is in one of the two afterwards, or its owner was told to begin anew.
func TestNothingIsLostBesideAMerge(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	for range 10 {
		guest, taken := d.guest(t, 1), int64(1)
		before := d.holds(t, aziza)[1]
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				err := d.carts.Add(t.Context(), guest, 1, 1)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					taken++
				case !errors.Is(err, order.ErrCartGone):
					t.Errorf("adding: %v", err)
				}
			})
			wg.Go(func() {
				if err := d.carts.Merge(t.Context(), buyer.ID, guest.Token); err != nil {
					t.Errorf("merging: %v", err)
				}
			})
		}
		wg.Wait()
		if got := d.holds(t, aziza)[1] - before; got != taken {
			t.Fatalf("of %d pieces, %d have arrived", taken, got)
		}
	}
}

// A merge sees what somebody is just putting in, because it waits for them before it looks.
func TestAMergeWaitsForWhoIsPuttingIn(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	guest := d.guest(t, 1)
	tx, err := d.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{
		`UPDATE orders.carts SET updated_at = now() WHERE token_hash = $1`,
		`INSERT INTO orders.cart_items (cart_id, slipper_id, quantity) SELECT id, 2, 5 FROM orders.carts WHERE token_hash = $1`,
	} {
		if _, err := tx.Exec(t.Context(), query, guest.Token.Hash()); err != nil {
			t.Fatal(err)
		}
	}
	merged := make(chan error, 1)
	go func() { merged <- d.carts.Merge(t.Context(), buyer.ID, guest.Token) }()
	for waiting := 0; waiting == 0; {
		select {
		case err := <-merged:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		const query = `SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
		if err := tx.QueryRow(t.Context(), query).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(tx.Commit(t.Context()), <-merged); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]int64{1: 1, 2: 5}, d.holds(t, aziza)); diff != "" {
		t.Errorf("merged (-want +got):\n%s", diff)
	}
}

func TestAMergeLosesNoLine(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	guest := d.guest(t, order.MaxQuantity, order.MaxQuantity-1, 1)
	for slipper, pieces := range map[int64]int64{1: order.MaxQuantity, 2: 1, 3: order.MaxQuantity} {
		if err := d.carts.Add(t.Context(), aziza, slipper, pieces); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.carts.Merge(t.Context(), buyer.ID, guest.Token); err != nil {
		t.Fatal(err)
	}
	most := map[int64]int64{1: order.MaxQuantity, 2: order.MaxQuantity, 3: order.MaxQuantity}
	if diff := cmp.Diff(most, d.holds(t, aziza)); diff != "" {
		t.Errorf("summed up to what a line may hold (-want +got):\n%s", diff)
	}

	// Full carts.
	for slipper := range int64(order.MaxLines) {
		if err := d.carts.Add(t.Context(), zuhra, slipper+1001, 1); err != nil {
			t.Fatal(err)
		}
	}
	ones := make([]int64, order.MaxLines)
	for i := range ones {
		ones[i] = 1
	}
	full, more := d.guest(t, ones...), d.guest(t, 1, 7)
	for _, g := range []order.Holder{full, more} {
		if err := d.carts.Merge(t.Context(), zuhra.User, g.Token); err != nil {
			t.Fatal(err)
		}
	}
	if n, left := len(d.holds(t, zuhra)), d.holds(t, more); n != 2*order.MaxLines || !cmp.Equal(left, map[int64]int64{1: 1, 2: 7}) {
		t.Errorf("%d lines are in the cart, and %v wait", n, left)
	}
	if err := d.carts.Add(t.Context(), zuhra, 5000, 1); !errors.Is(err, order.ErrCartFull) {
		t.Errorf("a new line beside so many: %v", err)
	}
	if err := errors.Join(d.carts.Clear(t.Context(), zuhra), d.carts.Merge(t.Context(), zuhra.User, more.Token)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]int64{1: 1, 2: 7}, d.holds(t, zuhra)); diff != "" {
		t.Errorf("what has waited (-want +got):\n%s", diff)
	}
}

func TestGuestsWhoDoNotComeBackAreForgotten(t *testing.T) {
	t.Parallel()
	d := open(t, 0)
	if err := d.carts.Add(t.Context(), aziza, 1, 1); err != nil {
		t.Fatal(err)
	}
	gone := d.guest(t, 1, 2)
	looks, changes := d.guest(t, 1), d.guest(t, 1)
	b, err := d.carts.Cart(t.Context(), changes)
	if err != nil {
		t.Fatal(err)
	}
	d.later(t, guestTTL/2)
	forget := func() int64 {
		t.Helper()
		n, err := d.carts.ForgetGuests(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := forget(); n != 0 {
		t.Errorf("%d were forgotten in half of their time", n)
	}
	d.holds(t, looks)
	if err := d.carts.Set(t.Context(), changes, b.Lines[0].ID, 4); err != nil {
		t.Fatal(err)
	}
	d.later(t, guestTTL/2+time.Minute)
	var wg sync.WaitGroup
	counts := make([]int64, 4)
	for i := range counts {
		wg.Go(func() {
			n, err := d.carts.ForgetGuests(context.WithoutCancel(t.Context()))
			if counts[i] = n; err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := counts[0] + counts[1] + counts[2] + counts[3]; n != 1 || len(d.holds(t, gone)) != 0 || d.rows(t, "cart_items") != 3 {
		t.Errorf("%d were forgotten, want one; %d lines are left of 3", n, d.rows(t, "cart_items"))
	}
	if len(d.holds(t, looks)) != 1 || len(d.holds(t, changes)) != 1 || len(d.holds(t, aziza)) != 1 {
		t.Errorf("who came back has %v and %v, and a user %v", d.holds(t, looks), d.holds(t, changes), d.holds(t, aziza))
	}
	d.later(t, guestTTL+time.Minute)
	if n := forget(); n != 2 || d.rows(t, "carts") != 1 {
		t.Errorf("then %d, and %d carts are left", n, d.rows(t, "carts"))
	}
}
