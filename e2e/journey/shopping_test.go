package journey_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// slipper puts pairs of a new slipper on sale and returns its id.
func (v visitor) slipper(t *testing.T, name string, price string, pairs int) string {
	t.Helper()
	a := v.must(t, "POST /slippers/", fmt.Sprintf(`{"name":%q,"size":"38-39","price":%s,"quantity":%d}`, name, price, pairs))
	return a.text(t, "id")
}

func TestFromTheShelfToTheOrder(t *testing.T) {
	t.Parallel()
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000.50", 5)
	buyer := s.guest(t)

	found := visitor{store: s}.must(t, "GET /slippers/?search=felt&in_stock=true", "")
	if found.text(t, "items.0.id") != felt || found.text(t, "total") != "1" {
		t.Errorf("searching finds %s", found.body)
	}
	buyer.must(t, "POST /cart/items", `{"slipper_id":`+felt+`,"quantity":1}`)
	cart := buyer.must(t, "POST /cart/items", `{"slipper_id":`+felt+`,"quantity":1}`)
	if cart.text(t, "total_quantity") != "2" || cart.text(t, "total_items") != "1" || cart.text(t, "total_amount") != "258001.00" {
		t.Errorf("the cart is %s", cart.body)
	}

	const order = "POST /orders/from-cart?clear_cart=true"
	placed := buyer.must(t, order, `{"expected_total":258001}`, "Idempotency-Key: one")
	if placed.text(t, "status") != "PENDING" || placed.text(t, "total_amount") != "258001.00" || placed.text(t, "user_name") != "Aziza Karimova" ||
		placed.status != 201 || placed.header.Get("Location") != "/orders/"+placed.text(t, "id") {
		t.Errorf("placed %d %v %s", placed.status, placed.header, placed.body)
	}
	again := buyer.must(t, order, `{"expected_total":258001}`, "Idempotency-Key: one")
	if again.body != placed.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("the same request answers %v %s", again.header, again.body)
	}
	if a := buyer.call(t, order, `{"expected_total":1}`, "Idempotency-Key: one"); a.status != 422 || !strings.Contains(a.body, "idempotency-key-reused") {
		t.Errorf("another request under the key = %d %s", a.status, a.body)
	}
	if a := buyer.must(t, "GET /cart", ""); a.text(t, "total_items") != "0" {
		t.Errorf("the cart is not empty: %s", a.body)
	}
	left := func() string { return visitor{store: s}.must(t, "GET /slippers/"+felt, "").text(t, "quantity") }
	if left() != "3" {
		t.Errorf("%s pairs are left of 5, less 2", left())
	}

	id := placed.text(t, "id")
	if a := buyer.must(t, "GET /orders/", ""); a.text(t, "total") != "1" || a.text(t, "items.0.id") != id {
		t.Errorf("my orders are %s", a.body)
	}
	stranger := s.guest(t)
	for _, request := range []string{"GET /orders/" + id, "DELETE /orders/" + id, "GET /orders/" + id + "/history", "POST /orders/" + id + "/cancel"} {
		if a := stranger.call(t, request, ""); a.status != 404 {
			t.Errorf("a stranger's %s = %d %s", request, a.status, a.body)
		}
	}
	if a := buyer.must(t, "POST /orders/"+id+"/cancel", ""); a.text(t, "status") != "CANCELLED" {
		t.Errorf("cancelled to %s", a.body)
	}
	if left() != "5" {
		t.Errorf("%s pairs are left of 5", left())
	}
	if a := buyer.call(t, "POST /orders/"+id+"/cancel", ""); a.status != 409 {
		t.Errorf("cancelling twice = %d %s", a.status, a.body)
	}
}

func TestTwoHundredBuyersForTenPairs(t *testing.T) {
	t.Parallel()
	alone(t)
	s := open(t, "DB_POOL_SIZE=20", "CATALOG_TIMEOUT=40s", "HTTP_REQUEST_TIMEOUT=45s", "UPSTREAM_TIMEOUT=50s") // here it is not about time
	admin := s.admin(t)
	felt := admin.slipper(t, "Felt slipper", "129000", 10)
	buyers := make([]visitor, 200)
	var wg sync.WaitGroup
	for i := range buyers {
		wg.Go(func() { buyers[i] = s.guest(t) })
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}

	answers := make([]answer, len(buyers))
	start := make(chan struct{})
	for i, b := range buyers {
		wg.Go(func() {
			<-start
			again := time.NewTicker(time.Second)
			defer again.Stop()
			for range 150 { // on a machine this busy an attempt may break off, and then its key is free after a minute
				answers[i] = b.call(t, "POST /orders/", `{"items":[{"slipper_id":`+felt+`,"quantity":1}]}`, fmt.Sprintf("Idempotency-Key: %d", i))
				if answers[i].status != 503 && !strings.Contains(answers[i].body, "idempotency-in-progress") { // else they are to ask again
					return
				}
				<-again.C
			}
		})
	}
	close(start)
	wg.Wait()
	sold, refused := 0, 0
	for _, a := range answers {
		switch {
		case a.status == 201:
			sold++
		case a.status == 409 && strings.Contains(a.body, `"unavailable":[{"slipper_id":`+felt+`,"requested":1,"available":0}]`):
			refused++
		default:
			t.Errorf("a buyer reads %d %s", a.status, a.body)
		}
	}
	if sold != 10 || refused != 190 {
		t.Errorf("%d bought and %d did not, want 10 and 190", sold, refused)
	}
	if a := admin.must(t, "GET /slippers/"+felt, ""); a.text(t, "quantity") != "0" || a.text(t, "is_available") != "false" {
		t.Errorf("afterwards the slipper is %s", a.body)
	}
	if a := admin.must(t, "GET /orders/", ""); a.text(t, "total") != "10" {
		t.Errorf("%s orders are there, want 10", a.text(t, "total"))
	}
}
