package store_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func TestAnOrderKeepsWhatWasReserved(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	made, replayed, err := d.Place(t.Context(), request(t, "", 3, 2))
	if err != nil || replayed {
		t.Fatal(err, replayed)
	}
	want := order.Order{
		ID: made.ID, OrderID: made.ID, UserID: 7, UserName: "Aziza Karimova", Status: order.Pending, TotalAmount: 6000, Notes: "ring twice",
		CreatedAt: made.CreatedAt, UpdatedAt: made.CreatedAt, ReservationID: made.ReservationID,
		Items: []order.Item{{
			ID: made.Items[0].ID, SlipperID: 3, Quantity: 2, UnitPrice: 3000, TotalPrice: 6000, Notes: "wrap it", Name: "Felt slipper", Size: "38",
			Fiscal: &order.Fiscal{SPIC: "06404001001000000", PackageCode: "2", VAT: true},
		}},
	}
	want.ExpiresAt = made.ExpiresAt // an hour from now
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("placed (-want +got):\n%s", diff)
	}
	read, err := d.orders.Get(t.Context(), made.ID)
	if diff := cmp.Diff(want, read); diff != "" || err != nil {
		t.Errorf("read, %v (-want +got):\n%s", err, diff)
	}
	if d.stock.left[3] != 8 {
		t.Errorf("%d pieces are left of 10, less 2", d.stock.left[3])
	}
}

// However many come at once with one key, one order is made, and everybody who reads it reads the same bytes.
func TestFiftyUnderOneKeyMakeOneOrder(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	r := request(t, "k", 1, 1)
	var first, replays, busy atomic.Int32
	var answers sync.Map
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			o, replayed, err := d.Place(t.Context(), r)
			switch {
			case errors.Is(err, order.ErrInProgress):
				busy.Add(1)
				return
			case err != nil:
				t.Errorf("placing: %v", err)
				return
			case replayed:
				replays.Add(1)
			default:
				first.Add(1)
			}
			b, err := json.Marshal(o)
			if err != nil {
				t.Error(err)
			}
			answers.Store(string(b), true)
		})
	}
	wg.Wait()
	different := 0
	answers.Range(func(any, any) bool { different++; return true })
	if first.Load() != 1 || first.Load()+replays.Load()+busy.Load() != 50 || different != 1 {
		t.Errorf("%d made, %d replayed, %d busy, %d different answers", first.Load(), replays.Load(), busy.Load(), different)
	}
	if d.rows(t, "orders") != 1 || d.rows(t, "order_history") != 1 || d.stock.held() != 1 || d.stock.left[1] != 9 {
		t.Errorf("%d orders, %d reservations, %d pieces left", d.rows(t, "orders"), d.stock.held(), d.stock.left[1])
	}
	again, replayed, err := d.Place(t.Context(), r)
	b, _ := json.Marshal(again)
	if _, same := answers.Load(string(b)); !same || !replayed || err != nil {
		t.Errorf("afterwards: %s, replayed %v, %v", b, replayed, err)
	}
}

func TestAKeyIsForOneRequestOfOneUser(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	r := request(t, "k", 1, 1)
	if _, _, err := d.Place(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	other := r
	other.Key = &order.Key{Value: "k", Fingerprint: []byte("another body")}
	if _, _, err := d.Place(t.Context(), other); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("another request: %v", err)
	}
	r.Buyer.ID = 8
	if _, replayed, err := d.Place(t.Context(), r); replayed || err != nil {
		t.Errorf("another user: replayed %v, %v", replayed, err)
	}
	if d.rows(t, "orders") != 2 {
		t.Errorf("%d orders, want one each", d.rows(t, "orders"))
	}
	if n, err := d.keys.Forget(t.Context()); n != 0 || err != nil {
		t.Errorf("forgot %d keys of today, %v", n, err)
	}
	d.later(t, 25*time.Hour)
	if n, err := d.keys.Forget(t.Context()); n != 2 || err != nil {
		t.Errorf("forgot %d keys of yesterday, %v", n, err)
	}
}

// Whoever breaks off between two steps leaves an intent, which the next attempt carries on with the same reservation.
func TestTheNextAttemptCarriesOn(t *testing.T) {
	t.Parallel()
	away := func() error { return order.ErrCatalogueAway }
	for name, breaks := range map[string]func(*warehouse){
		"before it reserved":     func(w *warehouse) { w.before = away },
		"after it had reserved":  func(w *warehouse) { w.lost = away },
		"and could not undo it":  func(w *warehouse) { w.lost, w.deaf = away, true },
		"for a reason of no use": func(w *warehouse) { w.before = func() error { return errors.New("what?") } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 1)
			breaks(d.stock)
			r := request(t, "k", 1, 1)
			if _, _, err := d.Place(t.Context(), r); err == nil {
				t.Fatal("it did not break")
			}
			d.stock.before, d.stock.lost = nil, nil
			o, replayed, err := d.Place(t.Context(), r)
			if err != nil || replayed || o.Status != order.Pending {
				t.Fatalf("the next attempt: %+v, replayed %v, %v", o, replayed, err)
			}
			if d.rows(t, "orders") != 1 || d.stock.left[1] != 0 || d.stock.held() != 1 {
				t.Errorf("%d orders, %d pieces left, %d reservations", d.rows(t, "orders"), d.stock.left[1], d.stock.held())
			}
		})
	}
}

// A process that died holds its key for a minute. After that another goes on with what it left; should the dead one wake
// up, it makes nothing.
func TestAKeyOfTheDeadIsTakenOver(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	r := request(t, "k", 1, 1)
	slow, woken := make(chan struct{}), make(chan struct{})
	var once sync.Once
	d.stock.before = func() error {
		once.Do(func() { close(slow); <-woken })
		return nil
	}
	var late error
	var wg sync.WaitGroup
	wg.Go(func() { _, _, late = d.Place(t.Context(), r) })
	<-slow
	d.stock.before = nil
	if _, _, err := d.Place(t.Context(), r); !errors.Is(err, order.ErrInProgress) {
		t.Errorf("while the first runs: %v", err)
	}
	d.later(t, 2*time.Minute)
	taken, replayed, err := d.Place(t.Context(), r)
	if err != nil || replayed {
		t.Errorf("taking over: replayed %v, %v", replayed, err)
	}
	close(woken)
	wg.Wait()
	if !errors.Is(late, order.ErrInProgress) {
		t.Errorf("the one that woke up: %v", late)
	}
	again, replayed, err := d.Place(t.Context(), r)
	if again.ID != taken.ID || !replayed || err != nil {
		t.Errorf("afterwards: order %d, replayed %v, %v, want %d", again.ID, replayed, err, taken.ID)
	}
	if d.rows(t, "orders") != 1 || d.stock.held() != 1 || d.stock.left[1] != 9 {
		t.Errorf("%d orders, %d reservations, %d pieces left", d.rows(t, "orders"), d.stock.held(), d.stock.left[1])
	}
}

// Orders that are placed at once share transactions, and nothing else: each has its own lines and cart, and what must fail
// fails alone.
func TestOrdersPlacedAtOnce(t *testing.T) {
	t.Parallel()
	d := open(t, 10_000)
	reservation := uuid.New()
	var same atomic.Int32
	var wg sync.WaitGroup
	for i := range int64(60) {
		n := i + 1
		who := order.Actor{ID: n, Name: "Buyer " + strconv.FormatInt(n, 10)}
		for slipper := range n%3 + 1 {
			if err := d.carts.Add(t.Context(), order.Holder{User: n}, slipper+1, n+1); err != nil {
				t.Fatal(err)
			}
		}
		r := order.Request{Buyer: who, ClearCart: n%2 == 0}
		if n%4 == 0 {
			r.Key = &order.Key{Value: "k", Fingerprint: []byte("f")}
		}
		wg.Go(func() {
			o, _, err := d.Place(t.Context(), r)
			if err != nil {
				t.Errorf("buyer %d: %v", n, err)
				return
			}
			read, err := d.orders.Get(t.Context(), o.ID)
			if diff := cmp.Diff(read, o); diff != "" || err != nil {
				t.Errorf("buyer %d read, %v (-read +placed):\n%s", n, err, diff)
			}
			if o.UserID != n || o.UserName != who.Name || len(o.Items) != int(n%3)+1 || o.Items[0].Quantity != n+1 {
				t.Errorf("buyer %d got %+v", n, o)
			}
			b, err := d.carts.Cart(t.Context(), order.Holder{User: n})
			if left := len(b.Lines); (left == 0) != r.ClearCart || err != nil {
				t.Errorf("buyer %d has %d lines left, %v", n, left, err)
			}
		})
		wg.Go(func() { // one reservation makes one order, whoever comes with it
			o := order.Order{UserID: n, UserName: "A", Status: order.Pending, ReservationID: reservation}
			if _, err := d.orders.Place(t.Context(), o, time.Now().Add(time.Hour), order.Request{Buyer: who}); err == nil {
				same.Add(1)
			} else if errors.Is(err, order.ErrUnsure) {
				t.Errorf("PostgreSQL said no, and buyer %d reads %v", n, err)
			}
		})
	}
	wg.Wait()
	if d.rows(t, "orders") != 61 || same.Load() != 1 || d.rows(t, "order_history") != 61 || d.rows(t, "order_items") != 120 {
		t.Errorf("%d orders, %d of one reservation", d.rows(t, "orders"), same.Load())
	}
}

// An attempt that broke off so long ago that its reservation expired begins again with a fresh one.
func TestAnExpiredReservationIsMadeAnew(t *testing.T) {
	t.Parallel()
	d := open(t, 10)
	d.stock.lost = func() error { return order.ErrCatalogueAway }
	r := request(t, "k", 1, 1)
	if _, _, err := d.Place(t.Context(), r); !errors.Is(err, order.ErrCatalogueAway) {
		t.Fatal(err)
	}
	d.stock.lost = nil
	for id := range d.stock.reserved {
		if err := d.stock.Release(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := d.Place(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if d.stock.left[1] != 9 || len(d.stock.reserved) != 2 {
		t.Errorf("%d pieces left, %d reservations", d.stock.left[1], len(d.stock.reserved))
	}
}

// A no is as final under a key as a yes.
func TestARefusalIsReplayed(t *testing.T) {
	t.Parallel()
	d := open(t, 1)
	r := request(t, "k", 1, 2)
	_, replayed, first := d.Place(t.Context(), r)
	d.stock.left[1] = 100
	_, again, second := d.Place(t.Context(), r)
	if !errors.Is(first, order.ErrOutOfStock) || replayed || !errors.Is(second, order.ErrOutOfStock) || !again {
		t.Fatalf("%v (replayed %v), then %v (replayed %v)", first, replayed, second, again)
	}
	one, _ := json.Marshal(fault.Of(first).Members)
	two, _ := json.Marshal(fault.Of(second).Members)
	if string(one) != string(two) || string(one) != `{"unavailable":[{"slipper_id":1,"requested":2,"available":1}]}` {
		t.Errorf("%s, then %s", one, two)
	}

	r = request(t, "k2", 2, 1)
	r.ExpectedTotal = new(money.Amount(1999))
	for range 2 {
		if _, _, err := d.Place(t.Context(), r); !errors.Is(err, order.ErrPriceChanged) {
			t.Errorf("another price: %v", err)
		}
	}
	if d.rows(t, "orders") != 0 || d.stock.held() != 0 || d.stock.left[2] != 1 {
		t.Errorf("%d orders, %d reservations, %d pieces left", d.rows(t, "orders"), d.stock.held(), d.stock.left[2])
	}
}

func TestWithoutAKeyNothingIsLeftOfAFailure(t *testing.T) {
	t.Parallel()
	d := open(t, 1)
	r := request(t, "", 1, 1)
	r.ExpectedTotal = new(money.Amount(1))
	if _, _, err := d.Place(t.Context(), r); !errors.Is(err, order.ErrPriceChanged) {
		t.Error(err)
	}
	d.stock.lost = func() error { return order.ErrCatalogueAway }
	if _, _, err := d.Place(t.Context(), request(t, "", 1, 1)); !errors.Is(err, order.ErrCatalogueAway) {
		t.Error(err)
	}
	if d.rows(t, "orders") != 0 || d.rows(t, "idempotency_keys") != 0 || d.stock.held() != 0 || d.stock.left[1] != 1 {
		t.Errorf("%d orders, %d reservations, %d pieces left", d.rows(t, "orders"), d.stock.held(), d.stock.left[1])
	}
}

func TestAnOrderTakesFromTheCartWhatItOrdered(t *testing.T) {
	t.Parallel()
	for _, key := range []*order.Key{nil, {Value: "k", Fingerprint: []byte("f")}} {
		d := open(t, 10)
		r := order.Request{Buyer: buyer, ClearCart: true, Key: key}
		if _, _, err := d.Place(t.Context(), r); !errors.Is(err, order.ErrCartEmpty) {
			t.Errorf("an empty cart: %v", err)
		}
		for slipper := range int64(3) {
			if err := d.carts.Add(t.Context(), aziza, slipper+1, 2); err != nil {
				t.Fatal(err)
			}
		}
		// While the order is being made, the buyer goes on.
		d.stock.before = func() error {
			return errors.Join(d.carts.Add(t.Context(), aziza, 1, 1), d.carts.Add(t.Context(), aziza, 4, 1))
		}
		o, _, err := d.Place(t.Context(), r)
		if err != nil || len(o.Items) != 3 || o.TotalAmount != 2*(1000+2000+3000) {
			t.Fatalf("ordered %+v, %v", o, err)
		}
		b, err := d.carts.Cart(t.Context(), aziza)
		if err != nil || len(b.Lines) != 2 || b.Lines[0].SlipperID != 1 || b.Lines[0].Quantity != 3 || b.Lines[1].SlipperID != 4 {
			t.Errorf("in the cart are %+v, %v: want the line that was changed, and the new one", b.Lines, err)
		}
	}
}
