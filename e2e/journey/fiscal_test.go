package journey_test

import (
	"fmt"
	"testing"

	"github.com/slippers-api/slippers/kit/money"
)

// What an administrator writes about a slipper gets onto the receipt of who buys it, as it was when they did.
func TestAReceiptNamesWhatWasBought(t *testing.T) {
	t.Parallel()
	s := open(t, "OCTO_TAX_ID=123456789", "OCTO_RECEIPT_EMAIL=shop@example.uz")
	admin, buyer := s.admin(t), s.guest(t)
	felt, clog := admin.slipper(t, "Felt slipper", "129000.50", 9), admin.slipper(t, "Clog", "50000", 9)
	const fiscal = `{"fiscal":{"spic":"06404001001000000","package_code":"1514296","vat":%t}}`
	admin.must(t, "PUT /slippers/"+felt, fmt.Sprintf(fiscal, true))
	if a := (visitor{store: s}).must(t, "GET /slippers/"+felt, ""); a.text(t, "fiscal.spic") != "06404001001000000" || a.text(t, "fiscal.vat") != "true" {
		t.Errorf("the slipper is %s", a.body)
	}
	// pay returns what OCTO was told of the next payment for two pairs of felt and one of clogs.
	pay := func() answer {
		t.Helper()
		o := buyer.must(t, "POST /orders/", `{"items":[{"slipper_id":`+felt+`,"quantity":2},{"slipper_id":`+clog+`,"quantity":1}]}`)
		admin.must(t, "PUT /slippers/"+felt, fmt.Sprintf(fiscal, false)) // which comes too late for this order
		buyer.must(t, "POST /payments/octo/create", `{"order_id":`+o.text(t, "id")+`}`)
		payments := s.octo(t, "GET /control/payments", "")
		told := list(payments.field(t, "payments"))
		return answer{body: payments.body, status: len(told)}
	}

	if a := pay(); a.status != 1 || a.field(t, "payments.0.basket") != nil {
		t.Errorf("of clogs there is nothing to write, and OCTO was told %s", a.body)
	}
	admin.must(t, "PUT /slippers/"+clog, fmt.Sprintf(fiscal, false))
	admin.must(t, "PUT /slippers/"+felt, fmt.Sprintf(fiscal, true))
	a := pay()
	basket := list(a.field(t, "payments.1.basket"))
	if len(basket) != 2 {
		t.Fatalf("OCTO was told %s", a.body)
	}
	for i, want := range []string{"Felt slipper, 38-39 2 129000.50 1", "Clog, 38-39 1 50000.00 0"} {
		at := fmt.Sprintf("payments.1.basket.%d.", i)
		price, err := money.Parse(a.text(t, at+"price"))
		got := fmt.Sprint(a.text(t, at+"position_desc"), " ", a.text(t, at+"count"), " ", price, " ", a.text(t, at+"nds"))
		if got != want || err != nil || a.text(t, at+"spic") != "06404001001000000" || a.text(t, at+"package_code") != "1514296" || a.text(t, at+"inn") != "123456789" {
			t.Errorf("line %d is %s, want %s: %s", i, got, want, a.body)
		}
	}
	if a.text(t, "payments.1.user_data.email") != "shop@example.uz" {
		t.Errorf("the receipt goes to %s", a.body)
	}
	admin.must(t, "PUT /slippers/"+clog, `{"fiscal":{}}`)
	if a := admin.must(t, "GET /slippers/"+clog, ""); a.field(t, "fiscal") != nil {
		t.Errorf("taken off, the slipper is %s", a.body)
	}
}
