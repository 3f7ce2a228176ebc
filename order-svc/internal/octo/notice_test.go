package octo_test

import (
	"errors"
	"strings"
	"testing"

	googleuuid "github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// What OCTO has signed is never refused, whatever it is about; only what is about a payment of ours says something.
func TestWhatASignedCallbackSays(t *testing.T) {
	t.Parallel()
	ours := googleuuid.MustParse(other)
	of := func(transaction, body string) string {
		return strings.Replace(body, `"shop_transaction_id":"`+id+`"`, `"shop_transaction_id":"`+transaction+`"`, 1)
	}
	for name, tt := range map[string]struct {
		body string
		want payment.Notice
		err  error
	}{
		"paid":                  {of(other, notice("succeeded", known, "")), payment.Notice{Transaction: ours, Status: "succeeded"}, nil},
		"an unknown word":       {of(other, notice("refunded", sign(uniqueKey, uuid, "refunded"), "")), payment.Notice{}, nil},
		"none of our ids":       {notice("succeeded", known, ""), payment.Notice{}, nil},
		"an unknown word, not":  {of(other, notice("refunded", known, "")), payment.Notice{}, payment.ErrCallback},
		"none of our ids, nor":  {notice("canceled", known, ""), payment.Notice{}, payment.ErrCallback},
		"paid, by someone else": {of(other, notice("succeeded", sign(uuid, "succeeded"), "")), payment.Notice{}, payment.ErrCallback},
	} {
		p := serve(t, nil, says(""))
		got, err := octo.Provider{Client: p.Client}.Notice([]byte(tt.body))
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: got %+v, %v, want %+v, %v", name, got, err, tt.want, tt.err)
		}
	}
}
