package store_test

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/testkit"
)

// What the page tells somebody at night to run against the truth has been run.
func TestTheRunbookFindsAndEndsAnImbalance(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/runbooks/stock.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) != 2 {
		t.Fatalf("the page has %d statements, want one that finds and one that ends it", len(blocks))
	}
	find, end := blocks[0][1], blocks[1][1]

	db := testkit.Postgres(t)
	slippers, stock := store.NewSlippers(db, outbox(t, db)), store.NewStock(db, outbox(t, db), nil)
	slipper(t, db, plain) // one that is sound
	s := slipper(t, db, plain)
	if _, err := stock.Reserve(t.Context(), wanted(t, lines(s.ID, 2)...)); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(t.Context(), "UPDATE catalog.slippers SET quantity = quantity + 3 WHERE id = $1", s.ID); err != nil {
		t.Fatal(err)
	}
	found := func() (all []int64) {
		t.Helper()
		rows, err := db.Query(t.Context(), find)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, has, ought int64
			var name string
			if err := rows.Scan(&id, &name, &has, &ought); err != nil {
				t.Fatal(err)
			}
			all = append(all, id, has, ought)
		}
		return all
	}
	if got := found(); !slices.Equal(got, []int64{s.ID, 11, 8}) {
		t.Errorf("found %v, want that %d has 11 and ought to have 8", got, s.ID)
	}
	if _, err := slippers.Update(t.Context(), s.ID, catalog.SlipperChange{Quantity: new(int64(7))}, nil); err != nil {
		t.Fatal(err)
	}
	if got := found(); !slices.Equal(got, []int64{s.ID, 7, 4}) {
		t.Errorf("after it was counted found %v, want the same difference of 3", got)
	}
	statement := strings.Replace(end, "s.id = 42", "s.id = "+strconv.FormatInt(s.ID, 10), 1)
	if _, err := db.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	balanced(t, db)
	if got := quantity(t, db, s.ID); got != 7 {
		t.Errorf("%d are left, want the 7 that were counted", got)
	}
	if _, err := db.Exec(t.Context(), statement); err == nil {
		t.Error("what is in balance was changed again")
	}
}
