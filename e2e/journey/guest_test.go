package journey_test

import (
	"fmt"
	"sync"
	"testing"
)

// Who fills a cart and only then registers or logs in finds in it what they had put there, once.
func TestAGuestsCartComesAlong(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin := s.admin(t)
	felt, clog := admin.slipper(t, "Felt slipper", "129000.50", 50), admin.slipper(t, "Clog", "50000", 50)
	somebody := visitor{store: s}
	put := func(v visitor, slipper string, pieces int, headers ...string) answer {
		t.Helper()
		return v.must(t, "POST /cart/items", fmt.Sprintf(`{"slipper_id":%s,"quantity":%d}`, slipper, pieces), headers...)
	}

	if a := somebody.must(t, "GET /cart", ""); a.text(t, "id") != "0" || a.text(t, "total_items") != "0" || a.header.Get("X-Cart-Token") != "" {
		t.Errorf("who has put nothing in reads %v %s", a.header, a.body)
	}
	first := put(somebody, felt, 2)
	shown := "X-Cart-Token: " + first.header.Get("X-Cart-Token")
	if a := put(somebody, clog, 1, shown); a.text(t, "total_quantity") != "3" || a.text(t, "total_amount") != "308001.00" || a.header.Get("X-Cart-Token") != "" {
		t.Errorf("the guest's cart is %v %s", a.header, a.body)
	}
	if a := somebody.must(t, "GET /cart", ""); a.text(t, "total_items") != "0" {
		t.Errorf("without the token the cart is %s", a.body)
	}
	for _, v := range []visitor{{store: s, token: "a.b.c"}, {store: s, token: "nonsense"}} {
		if a := v.call(t, "GET /cart", "", shown); a.status != 401 {
			t.Errorf("with a bad access token the cart = %d %s", a.status, a.body)
		}
	}

	buyer := s.guest(t) // who registers
	put(buyer, felt, 3)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			a := buyer.must(t, "GET /cart", "", shown)
			if a.text(t, "total_items") != "2" || a.text(t, "total_quantity") != "6" || a.text(t, "items.0.quantity") != "5" {
				t.Errorf("after the login the cart is %s", a.body)
			}
		})
	}
	wg.Wait()
	if a := somebody.must(t, "GET /cart", "", shown); a.text(t, "total_items") != "0" {
		t.Errorf("under the spent token there still is %s", a.body)
	}
	again := put(somebody, clog, 4, shown) // a new cart, with another token
	if next := "X-Cart-Token: " + again.header.Get("X-Cart-Token"); next == shown || again.text(t, "total_quantity") != "4" {
		t.Errorf("after the spent token comes %s with %s", next, again.body)
	} else {
		shown = next
	}

	buyer = buyer.login(t)
	const order = "POST /orders/from-cart?clear_cart=true"
	placed := buyer.must(t, order, `{"expected_total":895002.50}`, "Idempotency-Key: one", shown)
	if placed.text(t, "items.0.quantity") != "5" || placed.text(t, "items.1.quantity") != "5" {
		t.Errorf("ordered right after the login: %s", placed.body)
	}
	if a := buyer.must(t, order, `{"expected_total":895002.50}`, "Idempotency-Key: one", shown); a.body != placed.body {
		t.Errorf("the same request answers %s", a.body)
	}
	if a := buyer.must(t, "GET /cart/total", "", shown); a.text(t, "total_items") != "0" {
		t.Errorf("afterwards the cart is %s", a.body)
	}
}
