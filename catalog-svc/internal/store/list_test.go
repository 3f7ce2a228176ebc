package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

// readAll reads all slippers page by page.
func readAll(t *testing.T, s *store.Slippers, sort string, limit int, between func([]catalog.Slipper)) []int64 {
	t.Helper()
	return testkit.Pages(t, page.Request{Limit: limit, Sort: sort},
		func(ctx context.Context, r page.Request) ([]catalog.Slipper, int64, error) {
			return s.List(ctx, catalog.Filter{}, r)
		},
		func(s catalog.Slipper) (string, int64) { return s.SortKey(sort), s.ID }, between)
}

// Who reads page by page sees all that was there all the time, though what has been read goes, and the total with it.
func TestCursorsSkipNothingWhenOthersGo(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	slippers, categories := store.NewSlippers(db, outbox(t, db)), store.NewCategories(db, outbox(t, db))
	gone := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, sort := range catalog.Sorts {
		var want []int64
		for range 5 {
			want = append(want, slipper(t, db, plain).ID)
		}
		seen := readAll(t, slippers, sort, 2, func(p []catalog.Slipper) { gone(slippers.Delete(t.Context(), p[0].ID)) })
		slices.Sort(seen)
		if !slices.Equal(seen, want) {
			t.Errorf("slippers by %s: saw %v, want %v", sort, seen, want)
		}
		if _, err := db.Exec(t.Context(), `UPDATE catalog.slippers SET deleted_at = now()`); err != nil {
			t.Fatal(err)
		}
	}

	var want []int64
	for n := range 5 {
		want = append(want, category(t, db, fmt.Sprint("Category ", n)).ID)
	}
	seen := testkit.Pages(t, page.Request{Limit: 2, Sort: "name_asc"},
		func(ctx context.Context, r page.Request) ([]catalog.Category, int64, error) {
			return categories.List(ctx, false, r)
		},
		func(c catalog.Category) (string, int64) { return c.Name, c.ID },
		func(p []catalog.Category) { gone(categories.Delete(t.Context(), p[0].ID)) })
	if !slices.Equal(seen, want) {
		t.Errorf("categories: saw %v, want %v", seen, want)
	}
}
