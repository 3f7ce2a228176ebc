package store

import (
	"context"
	"time"

	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// listTTL is how long a page of orders is kept though nothing says that it has changed.
const listTTL = 60 * time.Second

// CachedOrders is Orders with copies of the pages of lists, each for those who may see it: one user, or administrators.
// What is not in an order's JSON is not in them; nobody decides anything by a list.
type CachedOrders struct {
	*Orders
	lists *cache.Cache[listed]
}

// listed is the rows of a page of a list.
type listed struct {
	Rows  []order.Order `json:"rows"`
	Total int64         `json:"total"`
}

// NewCachedOrders returns orders whose lists are kept in c.
func NewCachedOrders(orders *Orders, c *cache.Caches) CachedOrders {
	return CachedOrders{orders, cache.New[listed](c, "orders", listTTL)}
}

// List is Orders.List, of a copy where there is one.
func (s CachedOrders) List(ctx context.Context, f order.Filter, r page.Request) ([]order.Order, int64, error) {
	tag := allTag
	if f.UserID != nil {
		tag = tagOf(*f.UserID)
	}
	l, err := s.lists.Get(ctx, cache.Key(f, r), []string{tag}, func(ctx context.Context) (l listed, err error) {
		l.Rows, l.Total, err = s.Orders.List(ctx, f, r)
		return l, err
	})
	return l.Rows, l.Total, err
}
