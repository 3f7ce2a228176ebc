package store_test

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestTheSameReservationAnswersTheSameBytes(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock, slippers := store.NewStock(db, outbox(t, db), nil), store.NewSlippers(db, outbox(t, db))
	s := slipper(t, db, plain)
	if _, err := store.NewImages(db, outbox(t, db)).Add(t.Context(), s.ID, []string{"/static/slippers/1/a.jpg"}); err != nil {
		t.Fatal(err)
	}
	if _, err := slippers.Update(t.Context(), s.ID, catalog.SlipperChange{Fiscal: &catalog.Fiscal{SPIC: "06404001001000000", PackageCode: "2", VAT: new(true)}}, nil); err != nil {
		t.Fatal(err)
	}
	w := wanted(t, lines(s.ID, 10)...)
	answers := make([]string, 20)
	var wg sync.WaitGroup
	ask := func(i int) {
		r, err := stock.Reserve(t.Context(), w)
		if err != nil {
			t.Errorf("reserving: %v", err)
		}
		b, _ := json.Marshal(r)
		answers[i] = string(b)
	}
	for i := range 19 {
		wg.Go(func() { ask(i) })
	}
	wg.Wait()
	if !strings.Contains(answers[0], `"fiscal":{"spic":"06404001001000000","package_code":"2","vat":true}`) {
		t.Errorf("what a receipt would say is not in %s", answers[0])
	}
	change := catalog.SlipperChange{Name: new("Another"), Price: new(s.Price + 5), Fiscal: &catalog.Fiscal{}}
	if _, err := slippers.Update(t.Context(), s.ID, change, nil); err != nil {
		t.Fatal(err)
	}
	ask(19)
	for _, a := range answers {
		if a != answers[0] {
			t.Errorf("got %s\nand %s", answers[0], a)
		}
	}
	if left := quantity(t, db, s.ID); left != 0 {
		t.Errorf("%d left, want 0: taken once", left)
	}
	w.Lines[0].Quantity = 9
	if _, err := stock.Reserve(t.Context(), w); !errors.Is(err, catalog.ErrReservationDiffers) {
		t.Errorf("other lines: %v, want %v", err, catalog.ErrReservationDiffers)
	}
	balanced(t, db)
}

func TestReserveTakesAllOrNothing(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock := store.NewStock(db, outbox(t, db), nil)
	a, b, deleted := slipper(t, db, plain), slipper(t, db, plain), slipper(t, db, plain)
	if err := store.NewSlippers(db, outbox(t, db)).Delete(t.Context(), deleted.ID); err != nil {
		t.Fatal(err)
	}
	w := wanted(t, lines(a.ID, 1, b.ID, 11, deleted.ID, 1, 999, 2)...)
	_, err := stock.Reserve(t.Context(), w)
	got, _ := json.Marshal(fault.Of(err).Members["unavailable"])
	want, _ := json.Marshal([]catalog.Unavailable{
		{SlipperID: b.ID, Requested: 11, Available: 10}, {SlipperID: deleted.ID, Requested: 1}, {SlipperID: 999, Requested: 2},
	})
	if !errors.Is(err, catalog.ErrOutOfStock) || string(got) != string(want) {
		t.Errorf("got %v with %s, want %s", err, got, want)
	}
	w.Lines = w.Lines[:1]
	if _, err := stock.Reserve(t.Context(), w); err != nil {
		t.Errorf("the id of a refused reservation: %v, want it to be free", err)
	}
	balanced(t, db)
}

func TestStatesOfAReservation(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock := store.NewStock(db, outbox(t, db), nil)
	s := slipper(t, db, plain)
	three := func() catalog.Wanted { return wanted(t, lines(s.ID, 3)...) }
	step := func(what string, err, want error, left int64) {
		t.Helper()
		if !errors.Is(err, want) || quantity(t, db, s.ID) != left {
			t.Errorf("%s: %v with %d left, want %v with %d", what, err, quantity(t, db, s.ID), want, left)
		}
	}
	sold, released, unknown := three(), three(), three()

	_, err := stock.Reserve(t.Context(), sold)
	step("reserving", err, nil, 7)
	for range 2 {
		_, err = stock.Sell(t.Context(), sold.ID)
		step("selling", err, nil, 7)
	}
	_, err = stock.Release(t.Context(), sold.ID)
	step("releasing what is sold", err, catalog.ErrReservationSold, 7)
	for range 2 {
		_, err = stock.Return(t.Context(), sold.ID)
		step("returning what is sold", err, nil, 10)
	}
	_, err = stock.Sell(t.Context(), sold.ID)
	step("selling what was returned", err, catalog.ErrReservationReleased, 10)
	late := three()
	_, err = stock.Reserve(t.Context(), late)
	step("reserving for somebody else", err, nil, 7)

	_, err = stock.Reserve(t.Context(), released)
	step("reserving again", err, nil, 4)
	for range 2 {
		_, err = stock.Release(t.Context(), released.ID)
		step("releasing", err, nil, 7)
	}
	_, err = stock.Sell(t.Context(), released.ID)
	step("selling what is released", err, catalog.ErrReservationReleased, 7)
	_, err = stock.Reserve(t.Context(), released)
	step("reserving what is released", err, catalog.ErrReservationReleased, 7)

	_, err = stock.Sell(t.Context(), unknown.ID)
	step("selling the unknown", err, catalog.ErrReservationNotFound, 7)
	_, err = stock.Release(t.Context(), unknown.ID)
	step("releasing the unknown", err, nil, 7)
	_, err = stock.Reserve(t.Context(), unknown)
	step("reserving it too late", err, catalog.ErrReservationReleased, 7)
	balanced(t, db)
}

func TestOverdueReservationsComeBackOnce(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock := store.NewStock(db, outbox(t, db), nil)
	s := slipper(t, db, func(s *catalog.Slipper) { s.Quantity = 250 })
	var last catalog.Wanted
	for i := range 220 {
		w := wanted(t, lines(s.ID, 1)...)
		if w.ExpiresAt = time.Now().Add(-time.Second); i == 0 {
			w.ExpiresAt = time.Now().Add(time.Hour)
		}
		if _, err := stock.Reserve(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		last = w
	}
	if _, err := stock.Sell(t.Context(), last.ID); err != nil {
		t.Errorf("selling what is overdue and still held: %v", err)
	}
	var wg sync.WaitGroup
	for range 4 { // replicas
		wg.Go(func() {
			for {
				n, err := stock.ReleaseOverdue(t.Context())
				if err != nil {
					t.Errorf("releasing: %v", err)
				}
				if n == 0 || err != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if left := quantity(t, db, s.ID); left != 248 {
		t.Errorf("%d left, want all 250 but the one that is held and the one that is sold", left)
	}
	balanced(t, db)
}
