package octo_test

import (
	"strings"
	"testing"

	ids "github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// A basket is sent when it is whole, and else none: a payment without a receipt is better than no payment.
func TestABasketIsWholeOrNone(t *testing.T) {
	t.Parallel()
	felt := order.Item{
		SlipperID: 1, Quantity: 2, UnitPrice: 500_000, TotalPrice: 1_000_000, Name: "Felt", Size: "38",
		Fiscal: &order.Fiscal{SPIC: "06404001001000000", PackageCode: "1514296", VAT: true},
	}
	clog := order.Item{
		SlipperID: 2, Quantity: 1, UnitPrice: 200_000, TotalPrice: 200_000, Name: "Clog", Size: "44",
		Fiscal: &order.Fiscal{SPIC: "06404001001000001", PackageCode: "2"},
	}
	bare := clog
	bare.Fiscal = nil
	const first, second = `"basket":[{"position_desc":"Felt, 38","count":2,"price":5000.00,"spic":"06404001001000000",`,
		`"package_code":"1514296","nds":1},{"position_desc":"Clog, 44","count":1,"price":2000.00,"spic":"06404001001000001",`
	const third = `"package_code":"2","nds":0}],`
	for name, tt := range map[string]struct {
		email, taxID string
		items        []order.Item
		want         string // "" is no basket
	}{
		"whole":                  {"shop@example.uz", "123456789", []order.Item{felt, clog}, first + `"inn":"123456789",` + second + `"inn":"123456789",` + third},
		"of a person":            {"shop@example.uz", "12345678901234", []order.Item{felt, clog}, first + `"pinfl":"12345678901234",` + second + `"pinfl":"12345678901234",` + third},
		"one line has no data":   {"shop@example.uz", "123456789", []order.Item{felt, bare}, ""},
		"the shop has no number": {"shop@example.uz", "", []order.Item{felt, clog}, ""},
		"nowhere to send it":     {"", "123456789", []order.Item{felt, clog}, ""},
		"another sum":            {"shop@example.uz", "123456789", []order.Item{felt}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			transaction := ids.New()
			p := serve(t, func(c *octo.Config) { c.ReceiptEmail, c.TaxID = tt.email, tt.taxID },
				says(strings.Replace(created, id, transaction.String(), 1)))
			_, err := octo.Provider{Client: p.Client}.Create(t.Context(), payment.Payment{TransactionID: transaction, OrderID: 7, Amount: 1_200_000},
				order.Order{UserID: 9, Items: tt.items})
			if err != nil {
				t.Fatal(err)
			}
			sent := p.bodies()[0]
			if !strings.Contains(sent, tt.want) || strings.Contains(sent, "basket") != (tt.want != "") {
				t.Errorf("sent %s\nwant %s", sent, tt.want)
			}
			if to := `"user_data":{"user_id":"9","email":"shop@example.uz"}`; strings.Contains(sent, to) != (tt.want != "") {
				t.Errorf("sent %s\nwant %s with a basket, and without none", sent, to)
			}
		})
	}
}
