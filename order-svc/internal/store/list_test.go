package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/store"
)

// Who reads the pending orders page by page sees each, though one that has been read is paid meanwhile.
func TestCursorsSkipNoOrderWhenOthersGo(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	orders := store.NewOrders(db, nil, outbox(db, testkit.NewOwnRedis(t)), nil)
	var want []int64
	for range 5 {
		o, err := orders.Place(t.Context(), order.Order{
			UserID: 7, UserName: "Aziza", Status: order.Pending, TotalAmount: 100, ReservationID: uuid.New(),
			Items: []order.Item{{SlipperID: 1, Quantity: 1, UnitPrice: 100, TotalPrice: 100, Name: "Felt", Size: "38"}},
		}, time.Now().Add(time.Hour), order.Request{})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, o.ID)
	}
	slices.Reverse(want)
	seen := testkit.Pages(t, page.Request{Limit: 2},
		func(ctx context.Context, r page.Request) ([]order.Order, int64, error) {
			return orders.List(ctx, order.Filter{Status: new(order.Pending)}, r)
		},
		func(o order.Order) (string, int64) { return o.CreatedAt.Format(time.RFC3339Nano), o.ID },
		func(p []order.Order) {
			if _, err := orders.Change(t.Context(), order.Change{OrderID: p[0].ID, From: order.Pending, To: order.Paid, Reason: "x"}); err != nil {
				t.Fatal(err)
			}
		})
	if !slices.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
}
