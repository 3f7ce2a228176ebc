package catalogue

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// slippersTTL is how long a copy of slippers is kept though nothing says that they have changed.
const slippersTTL = 600 * time.Second

// slipperTag is the tag of every slipper, and with an id that of one. catalog-svc bumps them with each change, a sale too.
const slipperTag = "slipper"

// Cached is a Client that keeps copies of the slippers that carts show. What an order takes and what it costs comes from
// its reservation, never from here.
type Cached struct {
	*Client
	copies *cache.Cache[[]order.Slipper]
}

// NewCached returns c with copies in all.
func NewCached(c *Client, all *cache.Caches) Cached {
	return Cached{c, cache.New[[]order.Slipper](all, "cart", slippersTTL)}
}

// missing is an answer in which slippers are missing. It is not kept: a new slipper bumps no tag of its own.
type missing struct{ found []order.Slipper }

func (missing) Error() string { return "not all slippers are there" }

// Slippers is Client.Slippers, of a copy where there is one.
func (c Cached) Slippers(ctx context.Context, ids []int64) ([]order.Slipper, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	tags := []string{slipperTag}
	for _, id := range ids {
		tags = append(tags, slipperTag+":"+strconv.FormatInt(id, 10))
	}
	found, err := c.copies.Get(ctx, cache.Key(ids), tags, func(ctx context.Context) ([]order.Slipper, error) {
		found, err := c.Client.Slippers(ctx, ids)
		if err == nil && len(found) < len(ids) {
			err = missing{found}
		}
		return found, err
	})
	if some, ok := errors.AsType[missing](err); ok {
		return some.found, nil
	}
	return found, err
}
