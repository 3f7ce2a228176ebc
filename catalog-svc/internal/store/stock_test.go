package store_test

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/testkit"
)

func wanted(t *testing.T, lines ...catalog.Line) catalog.Wanted {
	t.Helper()
	w, err := catalog.NewWanted(uuid.New(), time.Now().Add(time.Hour), lines, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// lines takes slippers and quantities in turn.
func lines(pairs ...int64) (all []catalog.Line) {
	for pair := range slices.Chunk(pairs, 2) {
		all = append(all, catalog.Line{SlipperID: pair[0], Quantity: pair[1]})
	}
	return all
}

func quantity(t *testing.T, db *pgxpool.Pool, id int64) int64 {
	t.Helper()
	s, err := store.NewSlippers(db).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s.Quantity
}

// crowd lets 200 buyers, each with the lines that cart gives, take from stock at once, and returns how many got theirs.
func crowd(t *testing.T, db *pgxpool.Pool, cart func(buyer int) []catalog.Line) int32 {
	t.Helper()
	stock := store.NewStock(db)
	var sold, refused atomic.Int32
	var wg sync.WaitGroup
	for buyer := range 200 {
		wg.Go(func() {
			w := wanted(t, cart(buyer)...)
			_, err := stock.Reserve(t.Context(), w)
			if err == nil {
				sold.Add(1)
				return
			}
			if !errors.Is(err, catalog.ErrOutOfStock) {
				t.Errorf("reserving: %v", err)
				return
			}
			refused.Add(1)
			for _, u := range fault.Of(err).Members["unavailable"].([]catalog.Unavailable) {
				if u.Available >= u.Requested || u.Requested != w.Lines[0].Quantity {
					t.Errorf("refused with %+v", u)
				}
			}
		})
	}
	wg.Wait()
	if sold.Load()+refused.Load() != 200 {
		t.Errorf("sold to %d and refused %d of 200", sold.Load(), refused.Load())
	}
	return sold.Load()
}

// The constraint is dropped, so that the statement is proven and not only the table.
func TestReserveSellsNoMoreThanThereIsWithoutTheConstraint(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	const drop = `ALTER TABLE catalog.slippers DROP CONSTRAINT slippers_quantity_not_negative`
	if _, err := testkit.Superuser(t, db).Exec(t.Context(), drop); err != nil {
		t.Fatal(err)
	}
	s := slipper(t, db, plain)
	sold := crowd(t, db, func(int) []catalog.Line { return lines(s.ID, 1) })
	if left := quantity(t, db, s.ID); sold != 10 || left != 0 {
		t.Errorf("sold %d and left %d of 10", sold, left)
	}
	balanced(t, db)
}

func TestReserveSellsNoMoreThanThereIs(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	sold := crowd(t, db, func(int) []catalog.Line { return lines(s.ID, 1) })
	if left := quantity(t, db, s.ID); sold != 10 || left != 0 {
		t.Errorf("sold %d and left %d of 10", sold, left)
	}
	balanced(t, db)
}

func TestReserveInOppositeOrdersNeverDeadlocks(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	a, b := slipper(t, db, plain), slipper(t, db, func(s *catalog.Slipper) { s.Quantity = 30 })
	sold := crowd(t, db, func(buyer int) []catalog.Line {
		if buyer%2 == 0 {
			return lines(b.ID, 1, a.ID, 1)
		}
		return lines(a.ID, 1, b.ID, 1)
	})
	if left := quantity(t, db, b.ID); sold != 10 || left != 20 {
		t.Errorf("sold %d, left %d of the other, want 10 and 20", sold, left)
	}
	balanced(t, db)
}

func TestReserveSumsEqualSlippers(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	sold := crowd(t, db, func(int) []catalog.Line { return lines(s.ID, 2, s.ID, 1) })
	if left := quantity(t, db, s.ID); sold != 3 || left != 1 {
		t.Errorf("sold %d threes of 10, left %d", sold, left)
	}
	balanced(t, db)
}

func TestTheSameReservationAnswersTheSameBytes(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock, slippers := store.NewStock(db), store.NewSlippers(db)
	s := slipper(t, db, plain)
	if _, err := store.NewImages(db).Add(t.Context(), s.ID, []string{"/static/slippers/1/a.jpg"}); err != nil {
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
	change := catalog.SlipperChange{Name: new("Another"), Price: new(s.Price + 5)}
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
	stock := store.NewStock(db)
	a, b, deleted := slipper(t, db, plain), slipper(t, db, plain), slipper(t, db, plain)
	if err := store.NewSlippers(db).Delete(t.Context(), deleted.ID); err != nil {
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
	stock := store.NewStock(db)
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
	stock := store.NewStock(db)
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

// Everything at once, on few slippers and few ids: no deadlock, nothing lost, nothing made.
func TestStockBalancesWhateverHappensAtOnce(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock, slippers := store.NewStock(db), store.NewSlippers(db)
	var ids []int64
	for range 4 {
		ids = append(ids, slipper(t, db, func(s *catalog.Slipper) { s.Quantity = 50 }).ID)
	}
	carts := make([]catalog.Wanted, 60)
	for i := range carts {
		carts[i] = wanted(t, lines(ids[i%4], 3, ids[(i*3+1)%4], 2)...)
		if i%3 == 0 {
			carts[i].ExpiresAt = time.Now().Add(-time.Second)
		}
	}
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			for range 60 {
				w := carts[rand.IntN(len(carts))]
				var err error
				switch rand.IntN(8) {
				case 0, 1, 2, 3:
					_, err = stock.Reserve(t.Context(), w)
				case 4:
					_, err = stock.Release(t.Context(), w.ID)
				case 5:
					_, err = stock.Sell(t.Context(), w.ID)
				case 6:
					_, err = stock.ReleaseOverdue(t.Context())
				case 7:
					change := catalog.SlipperChange{Quantity: new(rand.Int64N(80))}
					_, err = slippers.Update(t.Context(), ids[rand.IntN(4)], change, nil)
				}
				if err != nil && fault.Of(err) == nil {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	wg.Wait()
	balanced(t, db)
}

func TestImbalancesFindsALostPiece(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	if _, err := db.Exec(t.Context(), `UPDATE catalog.slippers SET quantity = 9 WHERE id = $1`, s.ID); err != nil {
		t.Fatal(err)
	}
	wrong, err := store.NewStock(db).Imbalances(t.Context())
	want := store.Imbalance{SlipperID: s.ID, Initial: 10, Quantity: 9}
	if err != nil || len(wrong) != 1 || wrong[0] != want {
		t.Errorf("got %+v, %v, want %+v", wrong, err, want)
	}
}

func BenchmarkReserve(b *testing.B) {
	db := testkit.Postgres(b)
	stock := store.NewStock(db)
	if _, err := db.Exec(b.Context(), `INSERT INTO catalog.slippers (name, size, price, quantity)
		SELECT 'Felt ' || n, '38', 100, 1000000 FROM generate_series(1, 10000) n`); err != nil {
		b.Fatal(err)
	}
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			first := rand.Int64N(9990) + 1
			w, err := catalog.NewWanted(uuid.New(), time.Now().Add(time.Hour),
				lines(first, 1, first+3, 1, first+7, 2), time.Now())
			if err != nil {
				b.Error(err)
			}
			if _, err := stock.Reserve(b.Context(), w); err != nil {
				b.Error(err)
			}
		}
	})
}
