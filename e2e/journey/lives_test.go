package journey_test

import (
	"strings"
	"testing"
)

// life is what one customer does, and an administrator for them, while services die. They ask again until they are answered.
type life struct {
	*store
	admin, buyer visitor
	slipper      string
	key          string // what the headers with their keys begin with
}

// comesTo is becomes for a store whose services may be away.
func (v visitor) comesTo(t *testing.T, order, status string) {
	t.Helper()
	eventually(t, "order "+order+" is "+status, func() bool {
		a, err := v.try(t, "GET /orders/"+order, "")
		return err == nil && a.status == 200 && a.text(t, "status") == status
	})
}

// insists fails the test at once when the answer does not come.
func (l life) insists(t *testing.T, v visitor, request, body, key string) answer {
	t.Helper()
	a, ok := v.insist(t, []string{l.URL}, request, body, l.key+key)
	if !ok {
		t.FailNow()
	}
	return a
}

// left is how many pairs can be had.
func (l life) left(t *testing.T) string {
	t.Helper()
	var pairs string
	eventually(t, "the shelf can be seen", func() bool {
		a, err := l.admin.try(t, "GET /slippers/"+l.slipper, "")
		if err == nil && a.status == 200 {
			pairs = a.text(t, "quantity")
		}
		return pairs != ""
	})
	return pairs
}

// ordered orders two pairs.
func (l life) ordered(t *testing.T) string {
	t.Helper()
	return l.insists(t, l.buyer, "POST /orders", `{"items":[{"slipper_id":`+l.slipper+`,"quantity":2}]}`, "").text(t, "id")
}

// bought is a life in which an order is paid, and given back in two parts.
func bought(t *testing.T, l life) {
	t.Helper()
	order := l.ordered(t)
	at := l.insists(t, l.buyer, "POST /payments/octo/create", `{"order_id":`+order+`}`, "-pay")
	l.click(t, at.text(t, "redirect_url"), "pay")
	l.buyer.comesTo(t, order, "PAID")
	l.insists(t, l.admin, "POST /payments/octo/refund", `{"order_id":`+order+`,"amount":58001}`, "-part")
	l.insists(t, l.admin, "POST /payments/octo/refund", `{"order_id":`+order+`}`, "-rest")
	l.buyer.comesTo(t, order, "REFUNDED")
	a := l.insists(t, l.buyer, "GET /payments/"+order, "", "")
	if strings.Count(a.body, `"payment_uuid"`) != 1 || strings.Count(a.body, `"refund_id"`) != 2 ||
		a.text(t, "items.0.refunded") != "258001.00" || a.text(t, "items.0.refunds.0.amount") != "58001.00" {
		t.Errorf("its payments are %s", a.body)
	}
	l.once(t)
}

// cancelled is a life in which an order is given up.
func cancelled(t *testing.T, l life) {
	t.Helper()
	before := l.left(t)
	order := l.ordered(t)
	eventually(t, "the order is cancelled", func() bool {
		_, _ = l.buyer.try(t, "POST /orders/"+order+"/cancel", "") // it may be already
		a, err := l.buyer.try(t, "GET /orders/"+order, "")
		return err == nil && a.status == 200 && a.text(t, "status") == "CANCELLED"
	})
	eventually(t, "its stock is back", func() bool { return l.left(t) == before })
	l.once(t)
}

// expired is a life in which nobody pays.
func expired(t *testing.T, l life) {
	t.Helper()
	before := l.left(t)
	order := l.ordered(t)
	if _, err := l.db.Exec(t.Context(), `UPDATE orders.orders SET expires_at = now() - interval '1 second' WHERE id = $1`, number(t, order)); err != nil {
		t.Fatal(err)
	}
	l.buyer.comesTo(t, order, "EXPIRED")
	eventually(t, "its stock is back", func() bool { return l.left(t) == before })
	l.once(t)
}

// once fails the test unless there is one order, and nothing is taken for another.
func (l life) once(t *testing.T) {
	t.Helper()
	if a := l.insists(t, l.buyer, "GET /orders/", "", ""); a.text(t, "total") != "1" {
		t.Errorf("the buyer has %s orders", a.text(t, "total"))
	}
	var held int
	if err := l.db.QueryRow(t.Context(), `SELECT count(*) FROM catalog.reservations WHERE state = 'held'`).Scan(&held); err != nil || held != 0 {
		t.Errorf("%d reservations are held for nobody, %v", held, err)
	}
}
