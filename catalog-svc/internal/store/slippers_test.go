package store_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/revision"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestASlipperComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	home := category(t, db, "Home")
	s := slipper(t, db, func(s *catalog.Slipper) { s.CategoryID = &home.ID })
	got, err := store.NewSlippers(db, outbox(t, db)).Get(t.Context(), s.ID)
	if err != nil || got.Name != "Felt slipper" || got.Price != 12_900_000 || *got.CategoryName != "Home" || !got.IsAvailable ||
		got.Image != nil || got.Revision() != "1-1" || got.CreatedAt.Location() != time.UTC {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := store.NewSlippers(db, outbox(t, db)).Create(t.Context(), catalog.Slipper{Name: "x", Size: "3", Price: 1, CategoryID: new(int64(99))}); !errors.Is(err, catalog.ErrSlipperInvalid) {
		t.Errorf("in a category that is not there: %v", err)
	}
	balanced(t, db)
}

// What receipts say is whole or not there, by the table too, and stays while other things change.
func TestWhatReceiptsSayIsWhole(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	slippers := store.NewSlippers(db, outbox(t, db))
	said := catalog.Fiscal{SPIC: "06404001001000000", PackageCode: "1514296", VAT: new(false)}
	s := slipper(t, db, func(s *catalog.Slipper) { s.Fiscal = &said })
	other := catalog.Fiscal{SPIC: "06404001001000001", PackageCode: "2", VAT: new(true)}
	for i, step := range []struct {
		change catalog.SlipperChange
		want   *catalog.Fiscal
	}{
		{catalog.SlipperChange{Quantity: new(int64(3))}, &said},
		{catalog.SlipperChange{Fiscal: &other}, &other},
		{catalog.SlipperChange{Fiscal: &catalog.Fiscal{}}, nil},
		{catalog.SlipperChange{Fiscal: &said}, &said},
	} {
		if _, err := slippers.Update(t.Context(), s.ID, step.change, nil); err != nil {
			t.Fatal(err)
		}
		got, err := slippers.Get(t.Context(), s.ID)
		if diff := cmp.Diff(step.want, got.Fiscal); diff != "" || err != nil {
			t.Errorf("step %d: %v (-want +got):\n%s", i, err, diff)
		}
	}
	if _, err := db.Exec(t.Context(), `UPDATE catalog.slippers SET vat = NULL`); !postgres.Violates(err, "slippers_fiscal_whole") {
		t.Errorf("the table takes a part: %v", err)
	}
	if _, err := db.Exec(t.Context(), `UPDATE catalog.slippers SET spic = '6404'`); !postgres.Violates(err, "slippers_spic_form") {
		t.Errorf("the table takes a short code: %v", err)
	}
}

func TestUpdateChangesOnlyWhatItIsTold(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	slippers := store.NewSlippers(db, outbox(t, db))
	home := category(t, db, "Home")
	s := slipper(t, db, func(s *catalog.Slipper) { s.CategoryID = &home.ID })
	steps := []struct {
		change   catalog.SlipperChange
		from     revision.Expected
		want     error
		revision string
	}{
		{catalog.SlipperChange{Quantity: new(int64(3))}, revision.Expected{"1-1"}, nil, "2-1"},
		{catalog.SlipperChange{Quantity: new(int64(9))}, revision.Expected{"1-1"}, revision.ErrStale, "2-1"},
		{catalog.SlipperChange{Price: new(money.Amount(0))}, nil, catalog.ErrSlipperInvalid, "2-1"},
		{catalog.SlipperChange{CategoryID: new(int64(99))}, nil, catalog.ErrNoCategory, "2-1"},
		{catalog.SlipperChange{CategoryID: new(int64(0)), Name: new(" Wool ")}, nil, nil, "3-0"},
	}
	for i, step := range steps {
		_, err := slippers.Update(t.Context(), s.ID, step.change, step.from)
		got, readErr := slippers.Get(t.Context(), s.ID)
		if !errors.Is(err, step.want) || readErr != nil || got.Revision() != step.revision {
			t.Errorf("step %d: %v, revision %s, want %v, %s", i, err, got.Revision(), step.want, step.revision)
		}
	}
	got, err := slippers.Get(t.Context(), s.ID)
	if err != nil || got.Name != "Wool" || got.Size != "38-39" || got.Quantity != 3 || got.CategoryID != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	balanced(t, db)
}

func TestOneOfManyUpdatesFromTheSameRevisionWins(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := store.NewSlippers(db, outbox(t, db)).Update(t.Context(), s.ID, catalog.SlipperChange{Quantity: new(int64(i))}, revision.Expected{"1-0"})
			if err == nil {
				won.Add(1)
			} else if !errors.Is(err, revision.ErrStale) {
				t.Errorf("updating: %v", err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d won, want 1", won.Load())
	}
	balanced(t, db)
}

func TestADeletedSlipperIsGoneAndItsStockAccountedFor(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	slippers, stock := store.NewSlippers(db, outbox(t, db)), store.NewStock(db, outbox(t, db), nil)
	s, other := slipper(t, db, plain), slipper(t, db, plain)
	w := wanted(t, lines(s.ID, 4)...)
	if _, err := stock.Reserve(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if err := slippers.Delete(t.Context(), s.ID); err != nil {
		t.Fatal(err)
	}
	_, get := slippers.Get(t.Context(), s.ID)
	_, update := slippers.Update(t.Context(), s.ID, catalog.SlipperChange{}, nil)
	_, images := store.NewImages(db, outbox(t, db)).List(t.Context(), s.ID)
	for what, err := range map[string]error{"get": get, "update": update, "images": images, "delete": slippers.Delete(t.Context(), s.ID)} {
		if !errors.Is(err, catalog.ErrSlipperNotFound) {
			t.Errorf("%s: %v, want %v", what, err, catalog.ErrSlipperNotFound)
		}
	}
	some, err := slippers.Some(t.Context(), []int64{s.ID, other.ID, 99})
	items, total, listErr := slippers.List(t.Context(), catalog.Filter{}, page.Request{Sort: "id_asc", Limit: 5})
	if err != nil || listErr != nil || len(some) != 1 || len(items) != 1 || total != 1 {
		t.Errorf("some %d, listed %d of %d, %v, %v, want the other one", len(some), len(items), total, err, listErr)
	}
	if _, err := stock.Release(t.Context(), w.ID); err != nil {
		t.Error(err)
	}
	balanced(t, db)
}

func TestListFilters(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	home := category(t, db, "Home")
	for _, s := range []catalog.Slipper{
		{Name: "Felt", Size: "38", Price: 100, Quantity: 1, CategoryID: &home.ID},
		{Name: "100%", Size: "39", Price: 200, Quantity: 0},
		{Name: "100_", Size: "39", Price: 300, Quantity: 2},
		{Name: `back\slash`, Size: "40", Price: 400, Quantity: 2},
		{Name: "Тапочки", Size: "40", Price: 500, Quantity: 0},
	} {
		slipper(t, db, func(to *catalog.Slipper) { *to = s })
	}
	tests := map[string]struct {
		filter catalog.Filter
		want   string
	}{
		"nothing":         {catalog.Filter{}, `Felt 100% 100_ back\slash Тапочки`},
		"category":        {catalog.Filter{CategoryID: &home.ID}, "Felt"},
		"no category":     {catalog.Filter{CategoryID: new(int64(0)), Size: "39"}, "100% 100_"},
		"any case":        {catalog.Filter{Search: "fEL"}, "Felt"},
		"Cyrillic":        {catalog.Filter{Search: "тАПОЧ"}, "Тапочки"},
		"per cent":        {catalog.Filter{Search: "0%"}, "100%"},
		"underscore":      {catalog.Filter{Search: "_"}, "100_"},
		"backslash":       {catalog.Filter{Search: `\`}, `back\slash`},
		"price":           {catalog.Filter{MinPrice: new(money.Amount(200)), MaxPrice: new(money.Amount(400))}, `100% 100_ back\slash`},
		"in stock":        {catalog.Filter{InStock: new(true)}, `Felt 100_ back\slash`},
		"out of stock":    {catalog.Filter{InStock: new(false)}, "100% Тапочки"},
		"nothing matches": {catalog.Filter{Size: "50"}, ""},
	}
	for name, tt := range tests {
		items, total, err := store.NewSlippers(db, outbox(t, db)).List(t.Context(), tt.filter, page.Request{Sort: "id_asc", Limit: 10})
		if err != nil || names(items) != tt.want || int(total) != len(items) {
			t.Errorf("%s: got %s, %d, %v, want %s", name, names(items), total, err, tt.want)
		}
		past, total, err := store.NewSlippers(db, outbox(t, db)).List(t.Context(), tt.filter, page.Request{Sort: "id_asc", Limit: 10, Skip: 100})
		if err != nil || len(past) != 0 || int(total) != len(items) {
			t.Errorf("%s, past the end: %d of %d, %v", name, len(past), total, err)
		}
	}
}

// Every order gives each slipper once, by cursor as by skip, though many are equal in what is sorted by.
func TestPagesByCursorAndBySkipAgree(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	slippers := store.NewSlippers(db, outbox(t, db))
	if _, err := db.Exec(t.Context(), `INSERT INTO catalog.slippers (name, size, price, created_at)
		SELECT 'Slipper ' || n % 3, '38', 1 + n % 4, timestamptz '2026-01-01' + n % 5 * interval '1 microsecond'
		FROM generate_series(1, 50) n`); err != nil {
		t.Fatal(err)
	}
	for _, sort := range catalog.Sorts {
		var bySkip []int64
		byCursor := readAll(t, slippers, sort, 7, func([]catalog.Slipper) {})
		for skip := range int64(8) {
			items, total, err := slippers.List(t.Context(), catalog.Filter{}, page.Request{Sort: sort, Limit: 7, Skip: 7 * skip})
			if err != nil || total != 50 || len(items) != min(8, 50-7*int(skip)) {
				t.Fatalf("%d of %d, %v", len(items), total, err)
			}
			for _, s := range items[:min(7, len(items))] {
				bySkip = append(bySkip, s.ID)
			}
		}
		once := slices.Clone(byCursor)
		slices.Sort(once)
		if !slices.Equal(byCursor, bySkip) || len(slices.Compact(once)) != 50 {
			t.Errorf("%s: by cursor %v\nby skip %v", sort, byCursor, bySkip)
		}
		reversed := slices.Clone(bySkip)
		slices.Reverse(reversed)
		if name, down := strings.CutSuffix(sort, "_desc"); down {
			up, _, err := slippers.List(t.Context(), catalog.Filter{}, page.Request{Sort: name + "_asc", Limit: 50})
			for i := range up {
				if up[i].ID != reversed[i] {
					t.Errorf("%s is not the other way round at %d, %v", sort, i, err)
					break
				}
			}
		}
	}
}
