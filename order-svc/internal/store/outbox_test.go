package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Every write of an order returns after the lists that show it were bumped, and only those.
func TestEveryWriteBumpsTheListsOfOrders(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	was := map[string]string{}
	bumped := func() string {
		var changed []string
		for _, tag := range []string{"orders:all", "orders:user:7", "orders:user:8"} {
			now := d.rdb.Get(context.WithoutCancel(t.Context()), stamp.Key(tag)).Val()
			if now != was[tag] {
				changed = append(changed, tag)
			}
			was[tag] = now
		}
		return strings.Join(changed, " ")
	}
	step := func(what string, err error, want string) {
		t.Helper()
		if got := bumped(); got != want || err != nil {
			t.Errorf("%s: %v, bumped %q, want %q", what, err, got, want)
		}
	}
	const mine, theirs = "orders:all orders:user:7", "orders:all orders:user:8"

	step("a first round", d.outbox.Round(t.Context()), "")
	paid := d.place(t, 1)
	step("place", nil, mine)
	keyed := request(t, "k", 2, 1)
	late, _, err := d.Place(t.Context(), keyed)
	step("place under a key", err, mine)
	_, replayed, err := d.Place(t.Context(), keyed)
	step("place again", err, mine) // the first attempt may have ended before its bump
	if !replayed {
		t.Error("it was placed twice")
	}
	_, _, err = d.Place(t.Context(), request(t, "", 3, 11))
	if !errors.Is(err, order.ErrOutOfStock) {
		t.Errorf("placing too much: %v", err)
	}
	step("place too much", nil, "")

	_, err = d.Update(t.Context(), buyer, paid.ID, order.Wish{Notes: new("ring once")})
	step("change the notes", err, mine)
	_, err = d.Update(t.Context(), admin, paid.ID, asPaid)
	step("pay", err, mine)
	_, err = d.Cancel(t.Context(), buyer, d.place(t, 4).ID)
	step("cancel", err, mine)
	if _, err := d.Cancel(t.Context(), buyer, paid.ID); err == nil {
		t.Error("a paid order was cancelled")
	}
	step("cancel too late", nil, "")

	other := request(t, "", 5, 1)
	other.Buyer = order.Actor{ID: 8, Name: "Botir Alimov"}
	_, _, err = d.Place(t.Context(), other)
	step("another's order", err, theirs)
	_, err = d.orders.ExpireOverdue(t.Context())
	step("expire nothing", err, "")
	d.later(t, 2*time.Hour)
	d.rdb.Away.Store(true)
	n, err := d.orders.ExpireOverdue(t.Context())
	d.rdb.Away.Store(false)
	step("expire without Redis", err, "")
	step("a round", d.outbox.Round(t.Context()), "orders:all orders:user:7 orders:user:8")
	if read, err := d.orders.Get(t.Context(), late.ID); n != 2 || err != nil || read.Status != order.Expired {
		t.Errorf("%d expired, %+v, %v", n, read, err)
	}

	if _, err := testkit.Superuser(t, d.db).Exec(t.Context(), `UPDATE orders.invalidations SET done_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	step("another round", d.outbox.Round(t.Context()), "")
	if n := d.rows(t, "invalidations"); n != 0 {
		t.Errorf("%d old rows are left", n)
	}
}
