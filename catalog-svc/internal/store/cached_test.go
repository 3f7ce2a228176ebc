package store_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Slippers are counted once for a filter, whatever the page and the replica, and again after each write.
func TestTotalsAreCountedOnceForAChange(t *testing.T) {
	t.Parallel()
	var sent testkit.Queries
	db, rdb := testkit.PostgresTraced(t, &sent), testkit.NewOwnRedis(t)
	o := store.NewOutbox(db, rdb.Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	plain := store.NewSlippers(db, o)
	replica := func() store.CachedSlippers {
		reg := prometheus.NewRegistry()
		c, err := cache.Open(cache.Setup{
			Config: cache.Config{Bytes: 1 << 20, Slots: 64}, Batch: batch.New(rdb.Client, reg), Redis: rdb.Client, Registry: reg, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		return store.NewCachedSlippers(plain, c)
	}
	replicas := []store.CachedSlippers{replica(), replica()}
	all, small := catalog.Filter{}, catalog.Filter{Size: "36", Images: true}
	totals := func(what string, counted int, wantAll, wantSmall int64) {
		t.Helper()
		sent.Take()
		for skip := range int64(3) {
			for _, r := range replicas {
				for f, want := range map[*catalog.Filter]int64{&all: wantAll, &small: wantSmall} {
					items, total, err := r.List(t.Context(), *f, page.Request{Sort: "id_asc", Limit: 1, Skip: skip})
					if err != nil || total != want || len(items) != min(2, max(0, int(want-skip))) {
						t.Errorf("%s: %d of %d, want %d in all, %v", what, len(items), total, want, err)
					}
				}
			}
		}
		n := 0
		for _, q := range sent.Take() {
			if strings.Contains(q.SQL, "count(*)") {
				n++
			}
		}
		if n != counted {
			t.Errorf("%s: counted %d times, want %d", what, n, counted)
		}
	}
	create := func(size string) catalog.Slipper {
		t.Helper()
		s, err := plain.Create(t.Context(), catalog.Slipper{Name: "Felt", Size: size, Price: 100, Quantity: 1})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	totals("nothing", 2, 0, 0)
	create("36")
	gone := create("38")
	totals("two", 2, 2, 1)
	totals("two, later", 0, 2, 1)
	if err := plain.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	totals("one", 2, 1, 1)
}
