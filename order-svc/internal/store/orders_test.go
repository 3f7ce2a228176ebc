package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/store"
)

func (d desk) place(t *testing.T, slipper int64) order.Order {
	t.Helper()
	o, _, err := d.Place(t.Context(), request(t, "", slipper, 1))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

var (
	admin    = order.Actor{ID: 1, Admin: true}
	stranger = order.Actor{ID: 8}
)

// asPaid is what an administrator wishes for an order.
var asPaid = order.Wish{Status: new(string(order.Paid))}

func TestAnOrderIsItsOwners(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	o := d.place(t, 1)
	for what, err := range map[string]error{
		"reading":    second(d.Get(t.Context(), stranger, o.ID)),
		"changing":   second(d.Update(t.Context(), stranger, o.ID, order.Wish{Notes: new("x")})),
		"cancelling": second(d.Cancel(t.Context(), stranger, o.ID)),
		"history":    second(d.History(t.Context(), stranger, o.ID)),
		"missing":    second(d.Get(t.Context(), admin, o.ID+1)),
	} {
		if !errors.Is(err, order.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := d.Update(t.Context(), buyer, o.ID, asPaid); !errors.Is(err, order.ErrStatusForbidden) {
		t.Errorf("an owner sets the status: %v", err)
	}
	changed, err := d.Update(t.Context(), buyer, o.ID, order.Wish{Notes: new(" no rush ")})
	if err != nil || changed.Notes != "no rush" || changed.Status != order.Pending || !changed.UpdatedAt.After(o.UpdatedAt) {
		t.Errorf("notes: %+v, %v", changed, err)
	}
	if same, err := d.Update(t.Context(), buyer, o.ID, order.Wish{}); err != nil || !same.UpdatedAt.Equal(changed.UpdatedAt) {
		t.Errorf("nothing asked for: %+v, %v", same, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCancellingGivesTheStockBackOnce(t *testing.T) {
	t.Parallel()
	d := open(t, 1)
	o := d.place(t, 1)
	var done, refused atomic.Int32
	var wg sync.WaitGroup
	for _, a := range []order.Actor{buyer, buyer, admin, admin} {
		wg.Go(func() {
			switch _, err := d.Cancel(t.Context(), a, o.ID); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, order.ErrTransition):
				refused.Add(1)
			default:
				t.Errorf("cancelling: %v", err)
			}
		})
	}
	wg.Wait()
	if done.Load() != 1 || refused.Load() != 3 || d.stock.left[1] != 1 {
		t.Errorf("cancelled %d times, refused %d, %d pieces left", done.Load(), refused.Load(), d.stock.left[1])
	}
	events, err := d.History(t.Context(), admin, o.ID)
	if err != nil || len(events) != 2 || events[0].To != order.Pending || events[0].From != nil || events[0].Actor != "customer" ||
		*events[1].From != order.Pending || events[1].To != order.Cancelled || !strings.HasPrefix(events[1].Reason, "cancelled by") {
		t.Errorf("the history is %+v, %v", events, err)
	}
	if _, err := d.Update(t.Context(), buyer, o.ID, order.Wish{Notes: new("x")}); !errors.Is(err, order.ErrNotPending) {
		t.Errorf("changing a cancelled order: %v", err)
	}
}

// A cancelled order stays cancelled though the catalogue cannot be told: the reservation expires there.
func TestCancellingDoesNotWaitForTheCatalogue(t *testing.T) {
	t.Parallel()
	d := open(t, 1)
	o := d.place(t, 1)
	d.stock.deaf = true
	if c, err := d.Cancel(t.Context(), buyer, o.ID); err != nil || c.Status != order.Cancelled {
		t.Errorf("cancelled to %+v, %v", c, err)
	}
}

func TestPayingSellsFirst(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	o := d.place(t, 1)
	d.stock.deaf = true
	if _, err := d.Update(t.Context(), admin, o.ID, asPaid); !errors.Is(err, order.ErrCatalogueAway) {
		t.Errorf("paying without the catalogue: %v", err)
	}
	if read, err := d.orders.Get(t.Context(), o.ID); err != nil || read.Status != order.Pending {
		t.Errorf("then it is %+v, %v", read, err)
	}
	d.stock.deaf = false
	paid, err := d.Update(t.Context(), admin, o.ID, asPaid)
	if err != nil || paid.Status != order.Paid || d.stock.reserved[o.ReservationID].state != "sold" {
		t.Errorf("paid to %+v, %v", paid, err)
	}
	if _, err := d.Cancel(t.Context(), buyer, o.ID); !errors.Is(err, order.ErrTransition) {
		t.Errorf("cancelling what is paid: %v", err)
	}

	meanwhile := d.place(t, 3) // somebody has sold it, and is about to say that it is paid
	if err := d.stock.Sell(t.Context(), meanwhile.ReservationID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Cancel(t.Context(), buyer, meanwhile.ID); err != nil || d.stock.reserved[meanwhile.ReservationID].state != "released" {
		t.Errorf("cancelling what is just being paid: %v, its stock is %s", err, d.stock.reserved[meanwhile.ReservationID].state)
	}

	gone := d.place(t, 2)
	if err := d.stock.Release(t.Context(), gone.ReservationID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Update(t.Context(), admin, gone.ID, asPaid); !errors.Is(err, order.ErrStockGone) {
		t.Errorf("paying for stock that went back: %v", err)
	}
}

func TestUnpaidOrdersExpire(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	paid, late := d.place(t, 1), d.place(t, 2)
	if _, err := d.Update(t.Context(), admin, paid.ID, asPaid); err != nil {
		t.Fatal(err)
	}
	if n, err := d.orders.ExpireOverdue(t.Context()); n != 0 || err != nil {
		t.Errorf("%d expired at once, %v", n, err)
	}
	d.later(t, 2*time.Hour)
	var ended atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			n, err := d.orders.ExpireOverdue(t.Context())
			if err != nil {
				t.Errorf("expiring: %v", err)
			}
			ended.Add(n)
		})
	}
	wg.Wait()
	if ended.Load() != 1 {
		t.Errorf("%d expired, want 1", ended.Load())
	}
	if read, err := d.orders.Get(t.Context(), late.ID); err != nil || read.Status != order.Expired {
		t.Errorf("the late one is %+v, %v", read, err)
	}
	if read, err := d.orders.Get(t.Context(), paid.ID); err != nil || read.Status != order.Paid {
		t.Errorf("the paid one is %+v, %v", read, err)
	}
	if n := d.jobs(t, "stock_return"); n != 1 {
		t.Errorf("%d jobs give stock back, want 1", n)
	}
	events, err := d.orders.History(t.Context(), late.ID)
	if err != nil || len(events) != 2 || events[1].Actor != "system" || events[1].ActorID != nil {
		t.Errorf("the history is %+v, %v", events, err)
	}
}

func TestOrderListsFilterAndPage(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	orders := store.NewOrders(db, nil, outbox(db, testkit.NewOwnRedis(t)), nil)
	var placed []order.Order
	for i, user := range []int64{7, 8, 7, 7} {
		o, err := orders.Place(t.Context(), order.Order{
			UserID: user, UserName: "Aziza", Status: order.Pending, TotalAmount: 100, ReservationID: uuid.New(),
			Items: []order.Item{{SlipperID: int64(i + 1), Quantity: 1, UnitPrice: 100, TotalPrice: 100, Name: "Felt", Size: "38"}},
		}, time.Now().Add(time.Hour), order.Request{})
		if err != nil {
			t.Fatal(err)
		}
		placed = append(placed, o)
	}
	if _, err := orders.Change(t.Context(), order.Change{OrderID: placed[2].ID, From: order.Pending, To: order.Paid, Reason: "x"}); err != nil {
		t.Fatal(err)
	}
	after := func(i int) *page.Position {
		return &page.Position{Key: placed[i].CreatedAt.Format(time.RFC3339Nano), ID: placed[i].ID}
	}
	for name, tt := range map[string]struct {
		filter order.Filter
		page   page.Request
		want   string
		total  int64
	}{
		"all":           {order.Filter{}, page.Request{Limit: 10}, "3 2 1 0", 4},
		"mine":          {order.Filter{UserID: new(int64(7))}, page.Request{Limit: 10}, "3 2 0", 3},
		"nobody's":      {order.Filter{UserID: new(int64(9))}, page.Request{Limit: 10}, "", 0},
		"pending":       {order.Filter{Status: new(order.Pending)}, page.Request{Limit: 10}, "3 1 0", 3},
		"mine, paid":    {order.Filter{UserID: new(int64(7)), Status: new(order.Paid)}, page.Request{Limit: 10}, "2", 1},
		"finance":       {order.Filter{Finance: true}, page.Request{Limit: 10}, "2", 1},
		"the second":    {order.Filter{}, page.Request{Limit: 1, Skip: 1}, "2 1", 4},
		"past the last": {order.Filter{}, page.Request{Limit: 1, Skip: 9}, "", 4},
		"after one":     {order.Filter{}, page.Request{Limit: 2, After: after(2)}, "1 0", 4},
		"mine after":    {order.Filter{UserID: new(int64(7))}, page.Request{Limit: 2, After: after(2)}, "0", 3},
	} {
		queries.Take()
		list, total, err := orders.List(t.Context(), tt.filter, tt.page)
		var got []string
		for _, o := range list {
			for i, p := range placed {
				if o.ID == p.ID && len(o.Items) == 1 && o.Items[0] == p.Items[0] {
					got = append(got, fmt.Sprint(i))
				}
			}
		}
		if sent := queries.Take(); strings.Join(got, " ") != tt.want || total != tt.total || len(sent) != 2 || err != nil {
			t.Errorf("%s: %v of %d in %d statements, %v; want %s of %d in 2", name, got, total, len(sent), err, tt.want, tt.total)
		}
	}
	if _, _, err := orders.List(t.Context(), order.Filter{}, page.Request{Limit: 1, After: &page.Position{Key: "yesterday"}}); !errors.Is(err, page.ErrCursor) {
		t.Errorf("a cursor without a time: %v", err)
	}
}

// 200,000 orders of 5,000 users.
func TestOrderListsNeverReadTheWholeTable(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	super := testkit.Superuser(t, db)
	for _, statement := range []string{
		`INSERT INTO orders.orders (user_id, user_name, status, total_amount, reservation_id, expires_at, created_at)
			SELECT 1 + n % 5000, 'Aziza Karimova', (ARRAY['PAID','PAID','PAID','CANCELLED','EXPIRED','REFUNDED','PENDING'])[1 + n % 7], 12900000,
				gen_random_uuid(), now() + interval '1 hour', now() - n * interval '1 minute' FROM generate_series(1, 200000) n`,
		`INSERT INTO orders.order_items (order_id, slipper_id, quantity, unit_price, total_price, name, size)
			SELECT id, 1, 1, 12900000, 12900000, 'Felt slipper', '38' FROM orders.orders`,
	} {
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	testkit.Vacuum(t, super, "orders.orders", "orders.order_items")
	orders := store.NewOrders(db, nil, outbox(db, testkit.NewOwnRedis(t)), nil)
	deep := &page.Position{Key: time.Now().AddDate(0, 0, -100).Format(time.RFC3339Nano), ID: 150_000}
	for name, f := range map[string]order.Filter{
		"all": {}, "a user's": {UserID: new(int64(77))}, "a user's paid": {UserID: new(int64(77)), Status: new(order.Paid)},
		"paid": {Status: new(order.Paid)}, "pending": {Status: new(order.Pending)}, "finance": {Finance: true},
		"a user's finance": {UserID: new(int64(77)), Finance: true},
	} {
		for _, r := range []page.Request{{Limit: 20}, {Limit: 20, Skip: 100}, {Limit: 100, After: deep}} {
			if _, _, err := orders.List(t.Context(), f, r); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, s := range queries.Take() {
				plan := testkit.Plan(t, db, s)
				if strings.Contains(plan, "Seq Scan on orders") || strings.Contains(plan, "Seq Scan on order_items") {
					t.Errorf("%s reads every order:\n%s\n%s", name, s.SQL, plan)
				}
				queries.Take()
			}
		}
	}
	for name, do := range map[string]func(context.Context) error{
		"one":     func(ctx context.Context) error { return second(orders.Get(ctx, 5000)) },
		"history": func(ctx context.Context) error { return second(orders.History(ctx, 5000)) },
		"overdue": func(ctx context.Context) error { return second(orders.ExpireOverdue(ctx)) },
		"changing": func(ctx context.Context) error {
			return second(orders.Change(ctx, order.Change{OrderID: 6, From: order.Pending, To: order.Pending}))
		},
	} {
		_ = do(t.Context())
		for _, s := range queries.Take() {
			if s.SQL == "begin" || s.SQL == "rollback" {
				continue
			}
			if plan := testkit.Plan(t, db, s); strings.Contains(plan, "Seq Scan on orders") || strings.Contains(plan, "Seq Scan on order_items") {
				t.Errorf("%s reads every order:\n%s\n%s", name, s.SQL, plan)
			}
			queries.Take()
		}
	}
}
