package journey_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// octo calls the simulated provider: "METHOD /path" with a JSON body.
func (s *store) octo(t *testing.T, request, body string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	return s.octoDo(t, method, path, "application/json", body)
}

func (s *store) octoDo(t *testing.T, method, path, contentType, body string) answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:"+strconv.Itoa(s.Ports.Octosim)+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 400 {
		t.Fatalf("octosim: %s %s = %d %s, %v", method, path, res.StatusCode, b, err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// click is what a person does on the pay page.
func (s *store) click(t *testing.T, payURL, button string) {
	t.Helper()
	u, err := url.Parse(payURL)
	if err != nil {
		t.Fatal(err)
	}
	s.octoDo(t, http.MethodPost, u.Path, "application/x-www-form-urlencoded", "action="+button)
}

// eventually waits for what background work brings about.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(2 * time.Minute)
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// becomes waits until an order has a status.
func (v visitor) becomes(t *testing.T, order, status string) {
	t.Helper()
	eventually(t, "order "+order+" is "+status, func() bool { return v.must(t, "GET /orders/"+order, "").text(t, "status") == status })
}

// readBack lets the job run now that would read payments back in a minute.
func (s *store) readBack(t *testing.T) {
	t.Helper()
	_, err := s.db.Exec(t.Context(), `UPDATE orders.river_job SET state = 'available', scheduled_at = now() - interval '1 second'
		WHERE kind = 'payment_confirm' AND state = 'scheduled'`)
	if err == nil {
		_, err = s.db.Exec(t.Context(), `UPDATE orders.payments SET read_at = NULL`)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// order orders pairs of a slipper and returns the order's id.
func (v visitor) order(t *testing.T, slipper string, pairs int) string {
	t.Helper()
	return v.must(t, "POST /orders/", fmt.Sprintf(`{"items":[{"slipper_id":%s,"quantity":%d}]}`, slipper, pairs)).text(t, "id")
}

func TestAnOrderIsPaidAndGivenBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin, buyer := s.admin(t), s.guest(t)
	felt := admin.slipper(t, "Felt slipper", "129000.50", 5)
	order := buyer.order(t, felt, 2)

	// However often it is clicked, there is one payment.
	var g sync.WaitGroup
	got := make([]answer, 20)
	for i := range got {
		g.Go(func() { got[i] = buyer.call(t, "POST /payments/octo/create", `{"order_id":`+order+`}`) })
	}
	g.Wait()
	for _, a := range got {
		if a.status != 200 || a.body != got[0].body {
			t.Fatalf("paying = %d %s, and %s", a.status, a.body, got[0].body)
		}
	}
	all := s.octo(t, "GET /control/payments", "")
	if n := strings.Count(all.body, `"shop_transaction_id"`); n != 1 || all.text(t, "payments.0.total_sum") != "258001.00" {
		t.Fatalf("octo knows %d payments: %s", n, all.body)
	}
	payURL := got[0].text(t, "redirect_url")
	if other := s.guest(t).call(t, "POST /payments/octo/create", `{"order_id":`+order+`}`); other.status != 404 {
		t.Errorf("somebody else's order: %d %s", other.status, other.body)
	}

	s.click(t, payURL, "pay")
	buyer.becomes(t, order, "PAID")
	if a := buyer.must(t, "GET /orders/"+order+"/history", ""); a.text(t, "items.1.to") != "PAID" || a.text(t, "items.1.actor") != "system" {
		t.Errorf("its history is %s", a.body)
	}
	if a := buyer.must(t, "GET /payments/"+order, ""); a.text(t, "items.0.state") != "paid" {
		t.Errorf("its payments are %s", a.body)
	}
	if a := buyer.call(t, "POST /payments/octo/create", `{"order_id":`+order+`}`); a.status != 409 {
		t.Errorf("paying again = %d %s", a.status, a.body)
	}

	// A part goes back, then twenty times at once the rest.
	if a := buyer.call(t, "POST /payments/octo/refund", `{"order_id":`+order+`}`); a.status != 403 {
		t.Errorf("the buyer's own refund = %d %s", a.status, a.body)
	}
	part := admin.must(t, "POST /payments/octo/refund", `{"order_id":`+order+`,"amount":58001}`, "Idempotency-Key: part")
	again := admin.must(t, "POST /payments/octo/refund", `{"order_id":`+order+`,"amount":58001}`, "Idempotency-Key: part")
	if again.body != part.body || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("again it answers %v %s", again.header, again.body)
	}
	for i := range got {
		g.Go(func() { got[i] = admin.call(t, "POST /payments/octo/refund", `{"order_id":`+order+`}`) })
	}
	g.Wait()
	given := 0
	for _, a := range got {
		switch {
		case a.status == 200:
			given++
		case a.status != 409:
			t.Errorf("a refund = %d %s", a.status, a.body)
		}
	}
	if given != 1 {
		t.Errorf("the rest went back %d times", given)
	}
	buyer.becomes(t, order, "REFUNDED")
	if a := s.octo(t, "GET /control/payments", ""); a.text(t, "payments.0.refunded_sum") != "258001.00" {
		t.Errorf("octo gave back %s", a.body)
	}
	statement := admin.must(t, "GET /admin/statement?format=csv", "")
	if n := strings.Count(statement.body, "\n"); n != 7 || !strings.Contains(statement.body, ",provider,-200000.00,") {
		t.Errorf("the statement is %s", statement.body)
	}
	s.balanced(t)
}

// Whatever happens to the answer, the buyer reads no failure for a payment that exists, and there is one.
func TestALostAnswerIsOnePayment(t *testing.T) {
	t.Parallel()
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 100)
	for _, fault := range []string{"reset", "html_502", "half_body"} {
		for _, times := range []int{1, 3} { // once is repeated by the client, three times is for the buyer to repeat
			buyer := s.guest(t)
			order := buyer.order(t, felt, 1)
			s.octo(t, "POST /control/faults", fmt.Sprintf(`{"operation":"create","kind":%q,"times":%d}`, fault, times))
			a := buyer.call(t, "POST /payments/octo/create", `{"order_id":`+order+`}`)
			if times > 1 {
				if a.status != 503 || !strings.Contains(a.body, "payment-unclear") || a.header.Get("Retry-After") == "" {
					t.Errorf("%s: %d %s", fault, a.status, a.body)
				}
				a = buyer.call(t, "POST /payments/octo/create", `{"order_id":`+order+`}`)
			}
			if a.status != 200 {
				t.Fatalf("%s, %d times: %d %s", fault, times, a.status, a.body)
			}
			s.click(t, a.text(t, "redirect_url"), "pay")
			buyer.becomes(t, order, "PAID")
		}
	}
	if n := strings.Count(s.octo(t, "GET /control/payments", "").body, `"shop_transaction_id"`); n != 6 {
		t.Errorf("octo knows %d payments of 6", n)
	}
	s.balanced(t)
}

func TestAPaymentIsReadBackWhenNobodyCalls(t *testing.T) {
	t.Parallel()
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 100)
	s.octo(t, "POST /control/faults", `{"operation":"callback","kind":"never"}`)
	paid, declined := s.guest(t), s.guest(t)
	first, second := paid.order(t, felt, 1), declined.order(t, felt, 1)
	s.click(t, paid.must(t, "POST /payments/octo/create", `{"order_id":`+first+`}`).text(t, "redirect_url"), "pay")
	s.click(t, declined.must(t, "POST /payments/octo/create", `{"order_id":`+second+`}`).text(t, "redirect_url"), "decline")
	if a := paid.must(t, "GET /orders/"+first, ""); a.text(t, "status") != "PENDING" {
		t.Errorf("nobody has called, and it is %s", a.body)
	}
	s.readBack(t)
	paid.becomes(t, first, "PAID")
	eventually(t, "the other one is cancelled", func() bool {
		return declined.must(t, "GET /payments/"+second, "").text(t, "items.0.state") == "cancelled"
	})

	// It can be paid all the same, in another try.
	s.click(t, declined.must(t, "POST /payments/octo/create", `{"order_id":`+second+`}`).text(t, "redirect_url"), "pay")
	s.readBack(t)
	declined.becomes(t, second, "PAID")
	s.balanced(t)
}

func TestCallbacksAreHintsOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 100)
	buyer := s.guest(t)
	order := buyer.order(t, felt, 1)
	pay := buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`)
	uuid := pay.text(t, "payment_uuid")
	transaction := s.octo(t, "GET /control/payments", "").text(t, "payments.0.shop_transaction_id")

	for _, signature := range []string{"", strings.Repeat("A", 40)} {
		forged := fmt.Sprintf(`{"shop_transaction_id":%q,"octo_payment_UUID":%q,"status":"succeeded","signature":%q}`, transaction, uuid, signature)
		if a := (visitor{store: s}).call(t, "POST /payments/octo/notify", forged); a.status != 403 {
			t.Errorf("a forged callback = %d %s", a.status, a.body)
		}
	}
	// A signed one that does not tell the truth changes nothing: the payment is read back.
	s.octo(t, "POST /control/callbacks", fmt.Sprintf(`{"payment":%q,"status":"succeeded","times":3}`, uuid))
	eventually(t, "the payment was read", func() bool {
		return s.octo(t, "GET /control/payments", "").text(t, "payments.0.calls.read") != "0"
	})
	if a := buyer.must(t, "GET /orders/"+order, ""); a.text(t, "status") != "PENDING" {
		t.Errorf("a lie made it %s", a.body)
	}

	// What is true may be said fifty times at once, with older news among it.
	s.octo(t, "POST /control/payments/"+uuid+"/status", `{"status":"succeeded","callback":false}`)
	var g sync.WaitGroup
	for i := range 50 {
		status := []string{"succeeded", "created", "canceled", "wait_user_action"}[i%4]
		g.Go(func() { s.octo(t, "POST /control/callbacks", fmt.Sprintf(`{"payment":%q,"status":%q}`, uuid, status)) })
	}
	s.readBack(t)
	g.Wait()
	buyer.becomes(t, order, "PAID")
	if a := buyer.must(t, "GET /orders/"+order+"/history", ""); strings.Count(a.body, `"to":"PAID"`) != 1 {
		t.Errorf("its history is %s", a.body)
	}
	s.balanced(t)
}

// Money that buys nothing goes back by itself.
func TestMoneyForAnOrderThatEndedGoesBack(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin, buyer := s.admin(t), s.guest(t)
	felt := admin.slipper(t, "Felt slipper", "15000000", 5)
	order := buyer.order(t, felt, 1)
	payURL := buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`).text(t, "redirect_url")
	buyer.must(t, "POST /orders/"+order+"/cancel", "")
	s.click(t, payURL, "pay")
	eventually(t, "the money has gone back", func() bool {
		a := buyer.must(t, "GET /payments/"+order, "")
		return strings.Count(a.body, `"state":"succeeded"`) == 2 // octo gives back 10,000,000 at most at once
	})
	if a := buyer.must(t, "GET /orders/"+order, ""); a.text(t, "status") != "CANCELLED" {
		t.Errorf("the order is %s", a.body)
	}
	if a := s.octo(t, "GET /control/payments", ""); a.text(t, "payments.0.refunded_sum") != "15000000.00" {
		t.Errorf("octo gave back %s", a.body)
	}
	if a := (visitor{store: s}).must(t, "GET /slippers/"+felt, ""); a.text(t, "quantity") != "5" {
		t.Errorf("of 5 pairs there are %s", a.body)
	}
	s.balanced(t)
}

func TestARefundWaitsForTheProvider(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin, buyer := s.admin(t), s.guest(t)
	felt := admin.slipper(t, "Felt slipper", "129000", 5)
	order := buyer.order(t, felt, 1)
	s.click(t, buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`).text(t, "redirect_url"), "pay")
	buyer.becomes(t, order, "PAID")

	s.octo(t, "POST /control/faults", `{"operation":"refund","kind":"refund_pending","times":1}`)
	s.octo(t, "POST /control/faults", `{"operation":"refund","kind":"reset","times":1}`)
	id := admin.must(t, "POST /payments/octo/refund", `{"order_id":`+order+`}`).text(t, "refunds.0.refund_id")
	eventually(t, "it is pending", func() bool {
		return buyer.must(t, "GET /payments/"+order, "").text(t, "items.0.refunds.0.state") == "pending"
	})
	if a := buyer.must(t, "GET /orders/"+order, ""); a.text(t, "status") != "PAID" {
		t.Errorf("before the money has gone back it is %s", a.body)
	}
	s.octo(t, "POST /control/refunds/"+id+"/status", `{"status":"succeeded"}`)
	if _, err := s.db.Exec(t.Context(), `UPDATE orders.river_job SET state = 'available', scheduled_at = now() WHERE kind = 'refund_send' AND state IN ('scheduled', 'retryable')`); err != nil {
		t.Fatal(err)
	}
	buyer.becomes(t, order, "REFUNDED")
	if a := s.octo(t, "GET /control/refunds", ""); strings.Count(a.body, `"shop_refund_id"`) != 1 {
		t.Errorf("octo knows %s", a.body)
	}
	s.balanced(t)
}

// Money may come for a payment that the provider had called cancelled. It pays the order that still waits for it; where
// another payment was faster it goes back.
func TestLateMoneyIsNotLost(t *testing.T) {
	t.Parallel()
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 5)
	for _, called := range []bool{true, false} { // back, or read back
		for _, paidAgain := range []bool{false, true} {
			buyer := s.guest(t)
			order := buyer.order(t, felt, 1)
			at := buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`)
			first := at.text(t, "payment_uuid")
			s.click(t, at.text(t, "redirect_url"), "decline")
			eventually(t, "the first is cancelled", func() bool {
				return buyer.must(t, "GET /payments/"+order, "").text(t, "items.0.state") == "cancelled"
			})
			if paidAgain {
				s.click(t, buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`).text(t, "redirect_url"), "pay")
				buyer.becomes(t, order, "PAID")
			}
			if _, err := s.db.Exec(t.Context(), `UPDATE orders.payments SET read_at = NULL`); err != nil {
				t.Fatal(err)
			}
			s.octo(t, "POST /control/payments/"+first+"/status", fmt.Sprintf(`{"status":"succeeded","callback":%t}`, called))
			if !called {
				s.readBack(t)
			}
			eventually(t, "the first is paid", func() bool {
				return buyer.must(t, "GET /payments/"+order, "").text(t, "items.0.state") == "paid"
			})
			buyer.becomes(t, order, "PAID")
			if paidAgain {
				eventually(t, "the first goes back", func() bool {
					return strings.Contains(buyer.must(t, "GET /payments/"+order, "").body, `"state":"succeeded"`)
				})
				if a := buyer.must(t, "GET /payments/"+order, ""); a.text(t, "items.0.refunded") != "129000.00" || a.text(t, "items.1.refunded") != "0.00" {
					t.Errorf("what goes back is of the other: %s", a.body)
				}
			}
		}
	}
	s.balanced(t)
}
