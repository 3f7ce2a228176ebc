package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Whoever did not hear the answer asks again, and sells until later.
func TestAReservationLivesAsLongAsWasAskedForLast(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock := store.NewStock(db, outbox(t, db), nil)
	s := slipper(t, db, plain)
	w := wanted(t, lines(s.ID, 3)...)
	w.ExpiresAt = time.Now().Add(-time.Second)
	if _, err := stock.Reserve(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	differs := wanted(t, lines(s.ID, 4)...)
	differs.ID = w.ID
	if _, err := stock.Reserve(t.Context(), differs); !errors.Is(err, catalog.ErrReservationDiffers) {
		t.Errorf("other lines: %v", err)
	}
	w.ExpiresAt = time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	got, err := stock.Reserve(t.Context(), w)
	if err != nil || !got.ExpiresAt.Equal(w.ExpiresAt) {
		t.Errorf("again: %+v, %v, want it until %v", got, err, w.ExpiresAt)
	}
	if n, err := stock.ReleaseOverdue(t.Context()); n != 0 || err != nil || quantity(t, db, s.ID) != 7 {
		t.Errorf("%d are overdue, %v, and %d left", n, err, quantity(t, db, s.ID))
	}
	sooner := w
	sooner.ExpiresAt = time.Now().Add(time.Minute)
	if got, err := stock.Reserve(t.Context(), sooner); err != nil || !got.ExpiresAt.Equal(w.ExpiresAt) {
		t.Errorf("for less: %+v, %v, want it until %v", got, err, w.ExpiresAt)
	}
	if _, err := stock.Sell(t.Context(), w.ID); err != nil {
		t.Fatal(err)
	}
	longer := w
	longer.ExpiresAt = w.ExpiresAt.Add(time.Hour)
	if got, err := stock.Reserve(t.Context(), longer); err != nil || got.State != catalog.Sold || !got.ExpiresAt.Equal(w.ExpiresAt) {
		t.Errorf("what is sold: %+v, %v", got, err)
	}
	balanced(t, db)
}

// A round of expiry finds what is overdue first, and releases it then: what is held longer by now stays.
func TestExpiryLooksAgain(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock := store.NewStock(db, outbox(t, db), nil)
	s := slipper(t, db, plain)
	w := wanted(t, lines(s.ID, 3)...)
	w.ExpiresAt = time.Now().Add(-time.Second)
	if _, err := stock.Reserve(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	tx, err := db.Begin(t.Context()) // holds the slipper, which the release waits for
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `SELECT FROM catalog.slippers WHERE id = $1 FOR UPDATE`, s.ID); err != nil {
		t.Fatal(err)
	}
	round := make(chan error, 1)
	go func() {
		_, err := stock.ReleaseOverdue(t.Context())
		round <- err
	}()
	const waits = `SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())`
	for waiting := 0; waiting == 0; {
		if err := db.QueryRow(t.Context(), waits).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
	}
	w.ExpiresAt = time.Now().Add(time.Hour)
	const extend = `UPDATE catalog.reservations SET expires_at = $2 WHERE id = $1`
	if _, err := db.Exec(t.Context(), extend, w.ID, w.ExpiresAt); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-round; err != nil || quantity(t, db, s.ID) != 7 {
		t.Errorf("%v, and %d left: it was released", err, quantity(t, db, s.ID))
	}
}
