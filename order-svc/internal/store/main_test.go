package store_test

import (
	"context"
	"flag"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/store"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "2000"); err != nil { // of its own it does a hundred; who says -rapid.checks is heard
		panic(err)
	}
	testkit.Main(m, testkit.Schema{Migrate: migrations.Orders.Up, Role: migrations.Orders.Role})
}

// reservation is what a warehouse keeps under an id.
type reservation struct {
	state string // held, released or sold
	lines []order.Reserved
}

// warehouse stands in for catalog-svc: pieces of slippers 1 to 9, each 10.00 dearer than the one before.
type warehouse struct {
	mu       sync.Mutex
	left     map[int64]int64
	reserved map[uuid.UUID]*reservation
	calls    int

	// before is called at the beginning of each Reserve, and lost after each that took something. Their errors are what
	// the caller gets.
	before, lost func() error

	// deaf lets no Release, no Return and no Sell through.
	deaf bool
}

// fiscal is what receipts say of a slipper: nothing of one with an even id.
func fiscal(slipper int64) *order.Fiscal {
	if slipper%2 == 0 {
		return nil
	}
	return &order.Fiscal{SPIC: "06404001001000000", PackageCode: "2", VAT: slipper == 3}
}

func newWarehouse(pieces int64) *warehouse {
	w := &warehouse{left: map[int64]int64{}, reserved: map[uuid.UUID]*reservation{}}
	for id := range int64(9) {
		w.left[id+1] = pieces
	}
	return w
}

func (w *warehouse) Reserve(_ context.Context, id uuid.UUID, _ time.Time, lines []order.Line) ([]order.Reserved, error) {
	if w.before != nil {
		if err := w.before(); err != nil {
			return nil, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calls++
	if r := w.reserved[id]; r != nil {
		if r.state == "released" {
			return nil, order.ErrReleased
		}
		return r.lines, nil
	}
	r := &reservation{state: "held"}
	for _, l := range lines {
		if w.left[l.SlipperID] < l.Quantity {
			return nil, order.ErrOutOfStock.With("unavailable", []order.Unavailable{
				{SlipperID: l.SlipperID, Requested: l.Quantity, Available: w.left[l.SlipperID]},
			})
		}
	}
	for _, l := range lines {
		w.left[l.SlipperID] -= l.Quantity
		r.lines = append(r.lines, order.Reserved{
			SlipperID: l.SlipperID, Quantity: l.Quantity, Price: money.Amount(1000 * l.SlipperID), Name: "Felt slipper", Size: "38", Fiscal: fiscal(l.SlipperID),
		})
	}
	w.reserved[id] = r
	if w.lost != nil {
		return r.lines, w.lost()
	}
	return r.lines, nil
}

func (w *warehouse) Release(_ context.Context, id uuid.UUID) error { return w.release(id, false) }

func (w *warehouse) Return(_ context.Context, id uuid.UUID) error { return w.release(id, true) }

func (w *warehouse) release(id uuid.UUID, sold bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf {
		return order.ErrCatalogueAway
	}
	r := w.reserved[id]
	if r == nil {
		w.reserved[id] = &reservation{state: "released"}
		return nil
	}
	if r.state == "held" || sold && r.state == "sold" {
		r.state = "released"
		for _, l := range r.lines {
			w.left[l.SlipperID] += l.Quantity
		}
	}
	return nil
}

func (w *warehouse) Sell(_ context.Context, id uuid.UUID) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf {
		return order.ErrCatalogueAway
	}
	r := w.reserved[id]
	if r == nil || r.state == "released" {
		return order.ErrStockGone
	}
	r.state = "sold"
	return nil
}

// held counts the reservations that are not released.
func (w *warehouse) held() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.reserved {
		if r.state != "released" {
			n++
		}
	}
	return n
}

// guestTTL is for how long guests' carts are kept.
const guestTTL = 30 * time.Hour

// desk is the whole domain over a database and a warehouse.
type desk struct {
	order.Placing
	order.Changing
	db     *pgxpool.Pool
	rdb    *testkit.OwnRedis
	outbox *invalidation.Outbox
	carts  *store.Carts
	orders *store.Orders
	keys   *store.Keys
	stock  *warehouse
}

func outbox(db *pgxpool.Pool, rdb *testkit.OwnRedis) *invalidation.Outbox {
	return store.NewOutbox(db, rdb.Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
}

func open(t *testing.T, pieces int64) desk {
	t.Helper()
	db := testkit.Postgres(t)
	rdb, log := testkit.NewOwnRedis(t), slog.New(slog.DiscardHandler)
	told := outbox(db, rdb)
	jobs, err := work.NewKeeper(db, log)
	if err != nil {
		t.Fatal(err)
	}
	carts, orders, keys, stock := store.NewCarts(db, guestTTL), store.NewOrders(db, jobs, told, nil), store.NewKeys(db, told), newWarehouse(pieces)
	return desk{
		Placing:  order.Placing{Stock: stock, Carts: carts, Orders: orders, Keys: keys, TTL: time.Hour, Log: log},
		Changing: order.Changing{Orders: orders, Stock: stock, Log: log},
		db:       db, rdb: rdb, outbox: told, carts: carts, orders: orders, keys: keys, stock: stock,
	}
}

var buyer = order.Actor{ID: 7, Name: "Aziza Karimova"}

// request asks for pieces of one slipper, under a key unless that is "".
func request(t *testing.T, key string, slipper, quantity int64) order.Request {
	t.Helper()
	r, err := order.NewRequest(buyer, []order.Line{{SlipperID: slipper, Quantity: quantity, Notes: "wrap it"}}, new("ring twice"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if key != "" {
		r.Key = &order.Key{Value: key, Fingerprint: []byte(key)}
	}
	return r
}

// rows counts those of a table, with a condition if need be.
func (d desk) rows(t *testing.T, table string) (n int) {
	t.Helper()
	if err := d.db.QueryRow(context.WithoutCancel(t.Context()), "SELECT count(*) FROM orders."+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// later lets a while pass for everything that waits for a time.
func (d desk) later(t *testing.T, while time.Duration) {
	t.Helper()
	super := testkit.Superuser(t, d.db)
	for _, query := range []string{
		`UPDATE orders.idempotency_keys SET locked_until = locked_until - $1::interval, created_at = created_at - $1::interval`,
		`UPDATE orders.orders SET expires_at = expires_at - $1::interval`,
		`UPDATE orders.carts SET updated_at = updated_at - $1::interval`,
	} {
		if _, err := super.Exec(t.Context(), query, while); err != nil {
			t.Fatal(err)
		}
	}
}
