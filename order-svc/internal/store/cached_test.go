package store_test

import (
	"log/slog"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/store"
)

// A list of orders is a copy until a write of an order in it, for the one who may see it. Another's order leaves it alone.
func TestListsOfOrdersAreCopiesUntilAWrite(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	replica := func() store.CachedOrders {
		reg := prometheus.NewRegistry()
		c, err := cache.Open(cache.Setup{
			Config: cache.Config{Bytes: 1 << 20, Slots: 64}, Batch: batch.New(d.rdb.Client, reg), Redis: d.rdb.Client, Registry: reg, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		return store.NewCachedOrders(d.orders, c)
	}
	one, two := replica(), replica()
	mine, theirs := order.Filter{UserID: new(buyer.ID)}, order.Filter{UserID: new(int64(8))}
	list := func(what string, f order.Filter, want ...string) {
		t.Helper()
		for _, s := range []store.CachedOrders{one, two, one} {
			orders, total, err := s.List(t.Context(), f, page.Request{Limit: 10})
			var notes []string
			for _, o := range orders {
				notes = append(notes, o.Notes)
			}
			if err != nil || total != int64(len(want)) || !slices.Equal(notes, want) {
				t.Errorf("%s: %q, %d in all, %v, want %q", what, notes, total, err, want)
			}
		}
	}
	place := func(user int64) order.Order {
		t.Helper()
		r := request(t, "", 1, 1)
		r.Buyer = order.Actor{ID: user, Name: "Somebody"}
		o, _, err := d.Place(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := place(buyer.ID)
	list("mine", mine, "ring twice")
	list("theirs", theirs)
	list("all", order.Filter{}, "ring twice")

	// What nobody has announced shows who read a copy.
	if _, err := testkit.Superuser(t, d.db).Exec(t.Context(), `UPDATE orders.orders SET notes = 'behind'`); err != nil {
		t.Fatal(err)
	}
	list("my copy", mine, "ring twice")
	list("the copy of all", order.Filter{}, "ring twice")
	list("another filter", order.Filter{UserID: mine.UserID, Status: new(order.Pending)}, "behind")
	place(8)
	list("theirs after a write", theirs, "ring twice")
	list("mine after another's", mine, "ring twice")
	list("all after a write", order.Filter{}, "ring twice", "behind")

	if _, err := d.Update(t.Context(), buyer, o.ID, order.Wish{Notes: new("knock")}); err != nil {
		t.Fatal(err)
	}
	list("mine after a write", mine, "knock")
	list("all after it", order.Filter{}, "ring twice", "knock")
	if _, err := d.Cancel(t.Context(), buyer, o.ID); err != nil {
		t.Fatal(err)
	}
	list("what is cancelled", order.Filter{Status: new(order.Pending)}, "ring twice")

	// A copy says all that an answer shows.
	read, _, err := d.orders.List(t.Context(), mine, page.Request{Limit: 10})
	copied, _, err2 := one.List(t.Context(), mine, page.Request{Limit: 10})
	if diff := cmp.Diff(read, copied, cmpopts.IgnoreFields(order.Order{}, "ReservationID", "ExpiresAt", "PaymentID")); diff != "" || err != nil || err2 != nil {
		t.Errorf("%v, %v (-read +copied):\n%s", err, err2, diff)
	}
	d.rdb.Away.Store(true)
	list("without Redis", mine, "knock")
}
