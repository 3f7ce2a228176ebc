package store

import (
	"context"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
)

// totalTTL is how long a total is kept though nothing says that it has changed.
const totalTTL = 300 * time.Second

// CachedSlippers is Slippers that counts once for each change what a filter has in all, and not once for each page:
// counting reads all that the filter has, a page only what it shows.
type CachedSlippers struct {
	*Slippers
	totals *cache.Cache[int64]
}

// NewCachedSlippers returns slippers whose totals are kept in c.
func NewCachedSlippers(s *Slippers, c *cache.Caches) CachedSlippers {
	return CachedSlippers{s, cache.New[int64](c, "slipper_totals", totalTTL)}
}

// List is Slippers.List, with a copy of the total where there is one.
func (s CachedSlippers) List(ctx context.Context, f catalog.Filter, r page.Request) ([]catalog.Slipper, int64, error) {
	q, err := slipperList(f, r)
	if err != nil {
		return nil, 0, err
	}
	f.Images = false // does not change how many there are
	total, err := s.totals.Get(ctx, cache.Key(f), []string{slippersTag}, func(ctx context.Context) (int64, error) {
		return s.count(ctx, q)
	})
	if err != nil {
		return nil, 0, err
	}
	items, err := s.page(ctx, q)
	return items, total, err
}
