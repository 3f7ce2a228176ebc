package store_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/revision"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// cached is a catalogue that copies are kept of. It has the category 1 and the slippers 1, with the images 1 and 2, and 2.
type cached struct {
	db         *pgxpool.Pool
	rdb        *testkit.OwnRedis
	outbox     *invalidation.Outbox
	slippers   *store.Slippers
	categories *store.Categories
	images     *store.Images
	stock      *store.Stock
	stamps     map[string]string
}

func openCached(t *testing.T) *cached {
	t.Helper()
	db, rdb := testkit.Postgres(t), testkit.NewOwnRedis(t)
	o := store.NewOutbox(db, rdb.Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	c := &cached{
		db: db, rdb: rdb, outbox: o, slippers: store.NewSlippers(db, o), categories: store.NewCategories(db, o),
		images: store.NewImages(db, o), stock: store.NewStock(db, o, nil),
	}
	for _, err := range []error{
		second(c.categories.Create(t.Context(), catalog.Category{Name: "Home", IsActive: true})),
		second(c.slippers.Create(t.Context(), catalog.Slipper{Name: "Felt", Size: "38", Price: 100, Quantity: 10, CategoryID: new(int64(1))})),
		second(c.slippers.Create(t.Context(), catalog.Slipper{Name: "Silk", Size: "38", Price: 100, Quantity: 10})),
		second(c.images.Add(t.Context(), 1, []string{"a", "b"})),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	c.round(t)
	c.bumped(t)
	return c
}

func (c *cached) round(t *testing.T) {
	t.Helper()
	if err := c.outbox.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// bumped says which tags were bumped since it was last asked.
func (c *cached) bumped(t *testing.T) string {
	t.Helper()
	now, changed := map[string]string{}, []string{}
	for _, tag := range []string{
		"categories", "category", "category:1", "category:2", "slipper", "slipper:1", "slipper:2", "slipper:3", "slippers",
	} {
		now[tag] = c.rdb.Get(t.Context(), stamp.Key(tag)).Val()
		if now[tag] != c.stamps[tag] {
			changed = append(changed, tag)
		}
	}
	c.stamps = now
	return strings.Join(changed, " ")
}

// Each write returns after what it changed was bumped, and nothing else was. What waits for the routine comes after |.
func TestEveryWriteBumpsItsTags(t *testing.T) {
	t.Parallel()
	const (
		aSlipper  = "slipper:1 slippers | "
		aCategory = "categories category:1 slipper slippers | "
		aSale     = "slipper:1 slipper:2 | slippers"
	)
	reserve := func(t *testing.T, c *cached, hold time.Duration) catalog.Wanted {
		t.Helper()
		w := wanted(t, lines(1, 2, 2, 3)...)
		w.ExpiresAt = time.Now().Add(hold)
		if _, err := c.stock.Reserve(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		c.round(t)
		c.bumped(t)
		return w
	}
	tests := map[string]struct {
		want  string
		write func(ctx context.Context, c *cached) error
	}{
		"create a slipper": {"slippers | ", func(ctx context.Context, c *cached) error {
			return second(c.slippers.Create(ctx, catalog.Slipper{Name: "Wool", Size: "40", Price: 100}))
		}},
		"update a slipper": {aSlipper, func(ctx context.Context, c *cached) error {
			return second(c.slippers.Update(ctx, 1, catalog.SlipperChange{Price: new(money.Amount(5))}, nil))
		}},
		"delete a slipper": {aSlipper, func(ctx context.Context, c *cached) error { return c.slippers.Delete(ctx, 1) }},
		"add images":       {aSlipper, func(ctx context.Context, c *cached) error { return second(c.images.Add(ctx, 1, []string{"c"})) }},
		"update an image": {aSlipper, func(ctx context.Context, c *cached) error {
			return second(c.images.Update(ctx, 1, 2, catalog.ImageChange{IsPrimary: new(true)}, nil))
		}},
		"delete an image": {aSlipper, func(ctx context.Context, c *cached) error { return c.images.Delete(ctx, 1, 1) }},
		"create a category": {"categories | ", func(ctx context.Context, c *cached) error {
			return second(c.categories.Create(ctx, catalog.Category{Name: "Street"}))
		}},
		"update a category": {aCategory, func(ctx context.Context, c *cached) error {
			return second(c.categories.Update(ctx, 1, catalog.CategoryChange{Name: new("House")}, nil))
		}},
		"delete a category": {aCategory, func(ctx context.Context, c *cached) error { return c.categories.Delete(ctx, 1) }},
		"reserve": {aSale, func(ctx context.Context, c *cached) error {
			return second(c.stock.Reserve(ctx, wanted(t, lines(1, 2, 2, 3)...)))
		}},
		"reserve again": {aSale, func(ctx context.Context, c *cached) error {
			return second(c.stock.Reserve(ctx, reserve(t, c, time.Hour)))
		}},
		"release": {aSale, func(ctx context.Context, c *cached) error {
			return second(c.stock.Release(ctx, reserve(t, c, time.Hour).ID))
		}},
		"release again": {aSale, func(ctx context.Context, c *cached) error {
			w := reserve(t, c, time.Hour)
			if _, err := c.stock.Release(ctx, w.ID); err != nil {
				return err
			}
			c.round(t)
			c.bumped(t)
			return second(c.stock.Release(ctx, w.ID))
		}},
		"release the unknown": {" | ", func(ctx context.Context, c *cached) error {
			return second(c.stock.Release(ctx, wanted(t, lines(1, 1)...).ID))
		}},
		"expire": {aSale, func(ctx context.Context, c *cached) error {
			reserve(t, c, -time.Second)
			return second(c.stock.ReleaseOverdue(ctx))
		}},
		"sell": {" | ", func(ctx context.Context, c *cached) error {
			return second(c.stock.Sell(ctx, reserve(t, c, time.Hour).ID))
		}},
		"a stale update": {" | ", func(ctx context.Context, c *cached) error {
			_, err := c.slippers.Update(ctx, 1, catalog.SlipperChange{}, revision.Expected{"7-7"})
			return not(err)
		}},
		"delete nothing": {" | ", func(ctx context.Context, c *cached) error {
			return errors.Join(not(c.slippers.Delete(ctx, 9)), not(c.categories.Delete(ctx, 9)), not(c.images.Delete(ctx, 1, 9)))
		}},
		"reserve too much": {" | ", func(ctx context.Context, c *cached) error {
			_, err := c.stock.Reserve(ctx, wanted(t, lines(1, 1, 2, 11)...))
			return not(err)
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := openCached(t)
			if err := tt.write(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			got := c.bumped(t) + " | "
			c.round(t)
			if got += c.bumped(t); got != tt.want {
				t.Errorf("bumped %q, want %q", got, tt.want)
			}
			var pending int
			if err := c.db.QueryRow(t.Context(), `SELECT count(*) FROM catalog.invalidations WHERE done_at IS NULL`).Scan(&pending); pending > 0 || err != nil {
				t.Errorf("%d are pending after a round, %v", pending, err)
			}
		})
	}
}

// A crash between the commit and the bump loses nothing either: what every write bumps, it has recorded.
func TestEveryWriteIsRecorded(t *testing.T) {
	t.Parallel()
	c := openCached(t)
	c.rdb.Away.Store(true)
	w := wanted(t, lines(1, 1, 2, 1)...)
	for what, write := range map[string]func() error{
		"slippers slipper:1": func() error { return second(c.slippers.Update(t.Context(), 1, catalog.SlipperChange{}, nil)) },
		"categories category:1 slippers slipper": func() error {
			return second(c.categories.Update(t.Context(), 1, catalog.CategoryChange{}, nil))
		},
		"slipper:1 slipper:2 slippers": func() error { return second(c.stock.Reserve(t.Context(), w)) },
	} {
		if _, err := testkit.Superuser(t, c.db).Exec(t.Context(), `DELETE FROM catalog.invalidations`); err != nil {
			t.Fatal(err)
		}
		if err := write(); err != nil {
			t.Errorf("without Redis: %v", err)
		}
		c.recorded(t, strings.Fields(what))
	}
	if _, err := c.stock.Release(t.Context(), w.ID); err != nil {
		t.Errorf("without Redis: %v", err)
	}
	c.recorded(t, []string{"slipper:1", "slipper:2", "slippers"})

	next := store.NewOutbox(c.db, c.rdb.Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	c.rdb.Away.Store(false)
	if got := c.bumped(t); got != "" {
		t.Errorf("bumped %s without Redis", got)
	}
	if err := next.Round(t.Context()); err != nil || c.bumped(t) == "" {
		t.Errorf("another process bumped nothing, %v", err)
	}
}

// recorded fails the test unless the last row has the tags, in any order, and is pending.
func (c *cached) recorded(t *testing.T, want []string) {
	t.Helper()
	var got []string
	err := c.db.QueryRow(t.Context(), `SELECT tags FROM catalog.invalidations WHERE done_at IS NULL ORDER BY id DESC LIMIT 1`).Scan(&got)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || err != nil {
		t.Errorf("recorded %v, %v, want %v", got, err, want)
	}
}

// Sales of different slippers share no lock, though both outdate the lists: one is held up at the end of all it does, and
// the other is made meanwhile.
func TestSalesOfDifferentSlippersDoNotWait(t *testing.T) {
	t.Parallel()
	c := openCached(t)
	super := testkit.Superuser(t, c.db)
	if _, err := super.Exec(t.Context(), `
		CREATE FUNCTION hold_up() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF 'slipper:1' = ANY (NEW.tags) THEN PERFORM pg_advisory_xact_lock(1); END IF;
			RETURN NULL;
		END $$;
		CREATE TRIGGER hold_up AFTER INSERT ON catalog.invalidations FOR EACH ROW EXECUTE FUNCTION hold_up()`); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	holding, err := super.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holding.Exec(ctx, `SELECT pg_advisory_xact_lock(1)`); err != nil {
		t.Fatal(err)
	}
	held := make(chan error)
	go func() { held <- second(c.stock.Reserve(ctx, wanted(t, lines(1, 1)...))) }()
	for waits := false; !waits; {
		if err := super.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.stock.Reserve(ctx, wanted(t, lines(2, 1)...)); err != nil {
		t.Errorf("reserving meanwhile: %v", err)
	}
	if got := c.bumped(t); got != "slipper:2" {
		t.Errorf("bumped %s", got)
	}
	if err := errors.Join(holding.Rollback(ctx), <-held); err != nil {
		t.Errorf("the one that was held up: %v", err)
	}
}

// The service's own role may do all that the routine does.
func TestTheRoleMayPrune(t *testing.T) {
	t.Parallel()
	c := openCached(t)
	super := testkit.Superuser(t, c.db)
	if _, err := super.Exec(t.Context(), `UPDATE catalog.invalidations SET created_at = created_at - interval '1 hour', done_at = NULL`); err != nil {
		t.Fatal(err)
	}
	if c.round(t); c.bumped(t) == "" {
		t.Error("nothing pending was bumped")
	}
	if _, err := super.Exec(t.Context(), `UPDATE catalog.invalidations SET done_at = done_at - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	c.round(t)
	var left int
	if err := c.db.QueryRow(t.Context(), `SELECT count(*) FROM catalog.invalidations`).Scan(&left); left > 0 || err != nil {
		t.Errorf("%d are left, %v", left, err)
	}
}

func second[T any](_ T, err error) error { return err }

// not returns an error unless there was one.
func not(err error) error {
	if err == nil {
		return errors.New("it was not refused")
	}
	return nil
}
