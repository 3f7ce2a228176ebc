package store_test

import (
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
	s, err := store.NewSlippers(db, outbox(t, db)).Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return s.Quantity
}

// crowd lets 200 buyers, each with the lines that cart gives, take from stock at once, and returns how many got theirs.
func crowd(t *testing.T, db *pgxpool.Pool, cart func(buyer int) []catalog.Line) int32 {
	t.Helper()
	stock := store.NewStock(db, outbox(t, db), nil)
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
			short := fault.Of(err).Members["unavailable"].([]catalog.Unavailable)
			if len(short) == 0 {
				t.Error("refused for nothing")
			}
			for _, u := range short {
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

// Who wants too much takes nothing away from those who share a transaction with them.
func TestReserveRefusesNobodyForAnother(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, func(s *catalog.Slipper) { s.Quantity = 100 })
	sold := crowd(t, db, func(buyer int) []catalog.Line { return lines(s.ID, 1+int64(buyer%2)*100) })
	if left := quantity(t, db, s.ID); sold != 100 || left != 0 {
		t.Errorf("sold %d and left %d of 100", sold, left)
	}
	balanced(t, db)
}

// Everything at once, on few slippers and few ids: no deadlock, nothing lost, nothing made.
func TestStockBalancesWhateverHappensAtOnce(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	stock, slippers := store.NewStock(db, outbox(t, db), nil), store.NewSlippers(db, outbox(t, db))
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
	wrong, err := store.NewStock(db, outbox(t, db), nil).Imbalances(t.Context())
	want := store.Imbalance{SlipperID: s.ID, Initial: 10, Quantity: 9}
	if err != nil || len(wrong) != 1 || wrong[0] != want {
		t.Errorf("got %+v, %v, want %+v", wrong, err, want)
	}
}

func BenchmarkReserve(b *testing.B) {
	db := testkit.Postgres(b)
	stock := store.NewStock(db, outbox(b, db), nil)
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
