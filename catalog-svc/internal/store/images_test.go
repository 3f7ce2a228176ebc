package store_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/revision"
	"github.com/slippers-api/slippers/kit/testkit"
)

// gallery says how the images of a slipper stand: "*a b" has the primary one first. It also checks what the slipper says.
func gallery(t *testing.T, db *pgxpool.Pool, slipperID int64) string {
	t.Helper()
	all, err := store.NewImages(db, outbox(t, db)).List(t.Context(), slipperID)
	if err != nil {
		t.Fatal(err)
	}
	s, err := store.NewSlippers(db, outbox(t, db)).Get(t.Context(), slipperID)
	if err != nil || len(s.Images) != len(all) || (s.Image == nil) != (len(all) == 0) || s.Image != nil && *s.Image != all[0].ImagePath {
		t.Errorf("the slipper has %v and %v, the list %v, %v", s.Image, s.Images, all, err)
	}
	var out []string
	for _, i := range all {
		out = append(out, map[bool]string{true: "*"}[i.IsPrimary]+i.ImagePath)
	}
	return strings.Join(out, " ")
}

func TestThereIsOnePrimaryImage(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	images := store.NewImages(db, outbox(t, db))
	s := slipper(t, db, plain)
	is := func(what, want string, err, wantErr error) {
		t.Helper()
		if got := gallery(t, db, s.ID); got != want || !errors.Is(err, wantErr) {
			t.Errorf("%s: %s, %v, want %s, %v", what, got, err, want, wantErr)
		}
	}
	is("none", "", nil, nil)
	_, err := images.Add(t.Context(), s.ID, []string{"a", "b"})
	is("first ones", "*a b", err, nil)
	added, err := images.Add(t.Context(), s.ID, []string{"c"})
	is("one more", "*a b c", err, nil)
	a, b, c := added[0].ID, added[1].ID, added[2].ID
	_, err = images.Update(t.Context(), s.ID, c, catalog.ImageChange{IsPrimary: new(true)}, nil)
	is("another primary one", "*c a b", err, nil)
	_, err = images.Update(t.Context(), s.ID, c, catalog.ImageChange{IsPrimary: new(false)}, nil)
	is("no primary one", "*c a b", err, catalog.ErrImageInvalid)
	_, err = images.Update(t.Context(), s.ID, b, catalog.ImageChange{OrderIndex: new(int32(0)), AltText: new("Sole")}, revision.Expected{"1-0"})
	is("stale", "*c a b", err, revision.ErrStale)
	moved, err := images.Update(t.Context(), s.ID, a, catalog.ImageChange{OrderIndex: new(int32(9)), AltText: new("Sole")}, nil)
	is("another order", "*c b a", err, nil)
	if moved.AltText != "Sole" || moved.OrderIndex != 9 {
		t.Errorf("got %+v", moved)
	}
	is("without the primary one", "*b a", images.Delete(t.Context(), s.ID, c), nil)
	is("what is not there", "*b a", images.Delete(t.Context(), s.ID, c), catalog.ErrImageNotFound)
	other := slipper(t, db, plain)
	is("somebody else's", "*b a", images.Delete(t.Context(), other.ID, a), catalog.ErrImageNotFound)
	is("all but one", "*b", images.Delete(t.Context(), s.ID, a), nil)
	is("all", "", images.Delete(t.Context(), s.ID, b), nil)
	if now, err := store.NewSlippers(db, outbox(t, db)).Get(t.Context(), s.ID); now.Version != 8 || err != nil {
		t.Errorf("version %d after 7 changes, %v, want 8", now.Version, err)
	}
}

// Behind the last place that can be asked for there is room for more.
func TestImagesGoBehindTheLastPlace(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	images := store.NewImages(db, outbox(t, db))
	s := slipper(t, db, plain)
	has, err := images.Add(t.Context(), s.ID, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	for order, want := range map[int32]error{1_000_000: nil, 1_000_001: catalog.ErrImageInvalid, math.MaxInt32 - 1: catalog.ErrImageInvalid} {
		if _, err := images.Update(t.Context(), s.ID, has[1].ID, catalog.ImageChange{OrderIndex: &order}, nil); !errors.Is(err, want) {
			t.Errorf("at %d: %v, want %v", order, err, want)
		}
	}
	all, err := images.Add(t.Context(), s.ID, []string{"c", "d"})
	if err != nil || gallery(t, db, s.ID) != "*a b c d" {
		t.Fatalf("got %s, %v", gallery(t, db, s.ID), err)
	}
	if last := all[3]; last.OrderIndex != 1_000_002 {
		t.Errorf("the last one is %+v", last)
	} else if _, err := images.Update(t.Context(), s.ID, last.ID, catalog.ImageChange{AltText: new("Sole")}, nil); err != nil {
		t.Errorf("saying what the last one shows: %v", err)
	}
}

func TestImagesAddedAtOnceAreAllThereAndOneIsPrimary(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	images := store.NewImages(db, outbox(t, db))
	s := slipper(t, db, plain)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			_, err := images.Add(t.Context(), s.ID, []string{fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c"), fmt.Sprint(i, "d")})
			if err != nil {
				t.Errorf("adding: %v", err)
			}
		})
	}
	wg.Wait()
	if got := gallery(t, db, s.ID); strings.Count(got, "*") != 1 || len(strings.Fields(got)) != 48 {
		t.Errorf("got %s", got)
	}
	if _, err := images.Add(t.Context(), s.ID, []string{"x", "y", "z"}); !errors.Is(err, catalog.ErrImagesFull) {
		t.Errorf("51 images: %v, want %v", err, catalog.ErrImagesFull)
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	categories, slippers := store.NewCategories(db, outbox(t, db)), store.NewSlippers(db, outbox(t, db))
	home, wool := category(t, db, "Home"), category(t, db, "Тёплые")
	s := slipper(t, db, func(s *catalog.Slipper) { s.CategoryID = &wool.ID })

	_, again := categories.Create(t.Context(), catalog.Category{Name: "ТЁПЛЫЕ"})
	_, renamed := categories.Update(t.Context(), home.ID, catalog.CategoryChange{Name: new("тёплые")}, nil)
	_, stale := categories.Update(t.Context(), home.ID, catalog.CategoryChange{Name: new("x")}, revision.Expected{"7"})
	_, unknown := categories.Update(t.Context(), 99, catalog.CategoryChange{}, nil)
	_, empty := categories.Update(t.Context(), home.ID, catalog.CategoryChange{Name: new("")}, nil)
	for _, tt := range []struct{ got, want error }{
		{again, catalog.ErrCategoryTaken},
		{renamed, catalog.ErrCategoryTaken},
		{stale, revision.ErrStale},
		{unknown, catalog.ErrCategoryNotFound},
		{empty, catalog.ErrCategoryInvalid},
	} {
		if !errors.Is(tt.got, tt.want) {
			t.Errorf("got %v, want %v", tt.got, tt.want)
		}
	}

	hidden, err := categories.Update(t.Context(), home.ID, catalog.CategoryChange{IsActive: new(false)}, revision.Expected{"1"})
	if err != nil || hidden.IsActive || hidden.Name != "Home" || hidden.Version != 2 {
		t.Errorf("got %+v, %v", hidden, err)
	}
	for inactive, want := range map[bool]int{false: 1, true: 2} {
		items, total, err := categories.List(t.Context(), inactive, page.Request{Limit: 10})
		if err != nil || len(items) != want || int(total) != want {
			t.Errorf("inactive %v: %d of %d, %v, want %d", inactive, len(items), total, err, want)
		}
	}
	next, total, err := categories.List(t.Context(), true, page.Request{Limit: 10, After: &page.Position{Key: "Home", ID: home.ID}})
	if err != nil || total != 2 || len(next) != 1 || next[0].ID != wool.ID {
		t.Errorf("after Home come %+v of %d, %v", next, total, err)
	}

	if _, err := categories.Update(t.Context(), wool.ID, catalog.CategoryChange{Name: new("Warm")}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := slippers.Get(t.Context(), s.ID); err != nil || *got.CategoryName != "Warm" || got.Revision() == s.Revision() {
		t.Errorf("after a rename: %+v, %v", got, err)
	}
	if err := categories.Delete(t.Context(), wool.ID); err != nil {
		t.Fatal(err)
	}
	if err := categories.Delete(t.Context(), wool.ID); !errors.Is(err, catalog.ErrCategoryNotFound) {
		t.Errorf("deleting twice: %v", err)
	}
	if got, err := slippers.Get(t.Context(), s.ID); err != nil || got.CategoryID != nil || got.CategoryName != nil || got.Revision() != "1-0" {
		t.Errorf("after its category went: %+v, %v", got, err)
	}
}

// What happened to stock cannot be told otherwise later, not even by the service itself.
func TestTheServiceCannotRewriteHistory(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	for _, statement := range []string{
		"UPDATE catalog.stock_movements SET quantity = 1", "DELETE FROM catalog.stock_movements", "DELETE FROM catalog.reservations",
		"UPDATE catalog.reservation_lines SET quantity = 1", "DELETE FROM catalog.slippers", "DROP TABLE catalog.slippers",
	} {
		if _, err := db.Exec(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v, want it forbidden", statement, err)
		}
	}
}
