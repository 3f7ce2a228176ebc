package octosim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/e2e/octosim"
)

// Each step happens in the world that the steps before it have left.
func TestControlOverHTTP(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.create(t, "a", nil)
	for _, tt := range []struct {
		request string
		body    string
		status  int
		want    string
	}{
		{"GET /healthz", "", 200, ""},
		{"GET /control/payments", "", 200, `"shop_transaction_id":"a","status":"created","total_sum":120000.00`},
		{"GET /control/payments", "", 200, `"calls":{"create":1,"read":0,"accept":0,"refund":0}`},
		{"GET /control/payments", "", 200, `"strays":[]`},
		{"POST /control/faults", `{"operation":"create","kind":"reset","before_commit":true,"times":1,"delay":"2s"}`, 201, `"delay":"2s"`},
		{"GET /control/faults", "", 200, `{"operation":"create","kind":"reset","times":1,"before_commit":true,"delay":"2s"}`},
		{"POST /control/faults", `{"operation":"create","kind":"resett"}`, 400, `resett`},
		{"POST /control/faults", `{"operation":"create","kind":"reset","tmies":1}`, 400, `tmies`},
		{"POST /control/faults", `{"operation":"create","kind":"hang","delay":"soon"}`, 400, `soon`},
		{"DELETE /control/faults", "", 200, `{"faults":[]}`},
		{"POST /control/payments/" + p.UUID + "/status", `{"status":"on_the_moon"}`, 200, `"status":"on_the_moon"`},
		{"GET /control/callbacks", "", 200, `{"deliveries":[]}`},
		{"POST /control/payments/a/status", `{"status":"succeeded","callback":true}`, 200, `"captured_sum":120000.00`},
		{"GET /control/callbacks", "", 200, `"status":"succeeded","attempt":1`},
		{"POST /control/payments/x/status", `{"status":"succeeded"}`, 404, `no such payment`},
		{"POST /control/callbacks", `{"payment":"a","status":"created","signature":"lower_case","times":3}`, 200, `"attempt":3`},
		{"POST /control/callbacks", `{"payment":"a","fields":{"total_sum":0.10}}`, 200, `"total_sum":0.10`},
		{"POST /control/callbacks", `{"payment":"a","delay":"10m"}`, 200, `{"deliveries":[]}`},
		{"POST /control/callbacks", `{"payment":"x"}`, 404, `no such payment`},
		{"POST /control/callbacks", `{"url":"` + s.notify.URL + `","fields":{"octo_payment_UUID":"x"}}`, 200, `"acknowledged":true`},
		{"POST /control/callbacks", `{"payment":"a","signature":"md5"}`, 400, `md5`},
		{"POST /control/clock", `{"advance":"10m"}`, 200, `"now":"`},
		{"POST /control/clock", `{"advance":"-1s"}`, 400, `forward`},
		{"POST /refund", `{"octo_shop_id":7,"octo_secret":"secret","shop_refund_id":"r","octo_payment_UUID":"` + p.UUID + `","amount":20000}`, 200, `"error":0`},
		{"POST /refund", `{"octo_shop_id":7,"octo_secret":"secret","shop_refund_id":"s","octo_payment_UUID":"` + p.UUID + `","amount":1}`, 200, `"error":22`},
		{"GET /control/refunds", "", 200, `"amount":20000.00,"status":"succeeded"`},
		{"GET /control/refunds", "", 200, `"strays":[{"id":"s","calls":1}]`},
		{"POST /control/refunds/r/status", `{"status":"pending"}`, 200, `"status":"pending"`},
		{"POST /control/refunds/x/status", `{"status":"pending"}`, 404, `no such refund`},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		resp, got := s.send(t, method, path, "application/json", tt.body)
		if resp.StatusCode != tt.status || !strings.Contains(got, tt.want) {
			t.Errorf("%s %s = %d %s\nwant %d with %s", tt.request, tt.body, resp.StatusCode, got, tt.status, tt.want)
		}
	}
	if got := s.callbacks(); len(got) != 7 {
		t.Errorf("%d callbacks, want 1 of the payment, 3 + 1 + 1 at once, 1 late", len(got))
	}
}

func TestPaymentsThatNeverCameToBeAreCounted(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.fault(t, octosim.Fault{Operation: octosim.Create, Kind: octosim.Reset, BeforeCommit: true})
	for range 2 {
		if _, _, err := s.try(t, "/prepare_payment", s.order("a", nil)); err == nil {
			t.Error("the connection was not reset")
		}
	}
	_, got := s.send(t, http.MethodGet, "/control/payments", "", "")
	contains(t, got, `"payments":[]`, `"strays":[{"id":"a","calls":{"create":2,`)
}
