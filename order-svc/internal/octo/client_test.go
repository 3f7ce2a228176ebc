package octo_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

const credentials = `"octo_shop_id":42,"octo_secret":"` + secret + `"`

func TestCallsSayWhatTheyMean(t *testing.T) {
	t.Parallel()
	extra := func(c *octo.Config) {
		c.Test, c.ReceiptEmail, c.TTL = true, "shop@example.uz", 90*time.Second
		c.Extra = octo.Extra{TSPID: 18, Tag: "shop", PaymentMethods: []octo.PaymentMethod{{Method: "humo"}}}
	}
	basket := toCreate()
	basket.Basket = []octo.BasketLine{{Description: "Felt", Count: 2, Price: 600_000, SPIC: "06403001001000000", PINFL: "1", PackageCode: "7", NDS: 1}}
	basket.Customer.Phone = "901234567"
	for name, tt := range map[string]struct {
		change func(*octo.Config)
		call   func(*provider) error
		want   string
	}{
		"create": {nil, func(p *provider) error { _, err := create(t, p); return err }, `/prepare_payment {` + credentials +
			`,"shop_transaction_id":"` + id + `","auto_capture":true,"test":false,"init_time":"2026-03-01 01:30:05","total_sum":12000.00,"currency":"UZS",` +
			`"description":"Order 7","user_data":{"user_id":"9","phone":"998901234567"},"notify_url":"https://shop.uz/payments/octo/notify",` +
			`"return_url":"https://shop.uz/thanks","language":"uz","ttl":15}`},
		"create with all": {extra, func(p *provider) error { _, err := create(t, p); return err }, `/prepare_payment {` + credentials +
			`,"shop_transaction_id":"` + id + `","tsp_id":18,"tag":"shop","payment_methods":[{"method":"humo"}],"auto_capture":true,"test":true,` +
			`"init_time":"2026-03-01 01:30:05","total_sum":12000.00,"currency":"UZS","description":"Order 7",` +
			`"user_data":{"user_id":"9","phone":"998901234567","email":"shop@example.uz"},"notify_url":"https://shop.uz/payments/octo/notify",` +
			`"return_url":"https://shop.uz/thanks","language":"uz","ttl":1}`},
		"create with a basket and a phone they refuse": {nil, func(p *provider) error { _, err := p.Create(t.Context(), basket); return err }, `/prepare_payment {` + credentials +
			`,"shop_transaction_id":"` + id + `","auto_capture":true,"test":false,"init_time":"2026-03-01 01:30:05","total_sum":12000.00,"currency":"UZS","description":"Order 7",` +
			`"basket":[{"position_desc":"Felt","count":2,"price":6000.00,"spic":"06403001001000000","pinfl":"1","package_code":"7","nds":1}],` +
			`"notify_url":"https://shop.uz/payments/octo/notify","return_url":"https://shop.uz/thanks","language":"uz","ttl":15}`},
		"read": {nil, func(p *provider) error { _, err := p.Read(t.Context(), id); return err }, `/prepare_payment {` + credentials +
			`,"shop_transaction_id":"` + id + `"}`},
		"refund": {nil, func(p *provider) error { _, err := p.Refund(t.Context(), toRefund()); return err }, `/refund {` + credentials +
			`,"shop_refund_id":"refund-1","octo_payment_UUID":"` + uuid + `","amount":5000.50}`},
		"capture": {nil, func(p *provider) error { _, err := p.Accept(t.Context(), uuid, true, 1); return err }, `/set_accept {` + credentials +
			`,"octo_payment_UUID":"` + uuid + `","accept_status":"capture","final_amount":0.01}`},
		"let go": {nil, func(p *provider) error { _, err := p.Accept(t.Context(), uuid, false, 1); return err }, `/set_accept {` + credentials +
			`,"octo_payment_UUID":"` + uuid + `","accept_status":"cancel"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, tt.change, says(created))
			if err := tt.call(p); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.want}, p.bodies()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A payment must not be payable for longer than its order.
func TestPayingEndsInTime(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for name, tt := range map[string]struct {
		ttl, left time.Duration
		want      string
	}{
		"as configured":     {15 * time.Minute, hour, `"ttl":15}`},
		"sooner":            {15 * time.Minute, 5*time.Minute + 30*time.Second, `"ttl":5}`},
		"by that alone":     {0, 5*time.Minute + 30*time.Second, `"ttl":5}`},
		"as soon as it can": {15 * time.Minute, -hour, `"ttl":1}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, func(c *octo.Config) { c.TTL = tt.ttl }, says(created))
			in := toCreate()
			in.Until = time.Now().Add(tt.left)
			if _, err := p.Create(t.Context(), in); err != nil || !strings.HasSuffix(p.bodies()[0], tt.want) {
				t.Errorf("%v, sent %s", err, p.bodies())
			}
		})
	}
	p := serve(t, func(c *octo.Config) { c.TTL = 0 }, says(created))
	if _, err := create(t, p); err != nil || strings.Contains(p.bodies()[0], "ttl") {
		t.Errorf("%v, sent %s", err, p.bodies())
	}
}

// Every shape in which OCTO says yes.
func TestReadUnderstandsEveryShape(t *testing.T) {
	t.Parallel()
	sum, none := money.Amount(1_200_000), money.Amount(0)
	want := func(status octo.Status, raw string) octo.Payment {
		return octo.Payment{TransactionID: id, UUID: uuid, Status: status, RawStatus: raw}
	}
	whole := want(octo.Created, "created")
	whole.PayURL, whole.Total, whole.Refunded = payURL, &sum, &none
	total := want(octo.Succeeded, "succeeded")
	total.Total = &sum
	bare := want(octo.Succeeded, "succeeded")
	bare.UUID = ""
	// A word of theirs, with further members.
	word := func(status, more string) http.HandlerFunc {
		return says(`{"error":0,"data":{"shop_transaction_id":"` + id + `","octo_payment_UUID":"` + uuid + `","status":"` + status + `"` + more + `}}`)
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   octo.Payment
	}{
		"data":                    {says(created), whole},
		"top level":               {says(without(created, `"data":{`, `}`)), whole},
		"both":                    {says(strings.Replace(created, `"data"`, `"status":"succeeded","data"`, 1)), whole},
		"some on top":             {says(strings.Replace(without(created, `"status":"created",`), `"data"`, `"status":"created","data"`, 1)), whole},
		"null data":               {says(`{"error":0,"data":null,"shop_transaction_id":"` + id + `","octo_payment_UUID":"` + uuid + `","status":"canceled"}`), want(octo.Canceled, "canceled")},
		"numeric string":          {says(strings.Replace(created, `"error":0`, `"error":"0"`, 1)), whole},
		"bad status, good body":   {answers(http.StatusTeapot, created), whole},
		"worse status, good body": {answers(http.StatusBadGateway, created), whole},
		"without ids":             {says(`{"error":0,"data":{"status":"succeeded"}}`), bare},
		"waiting":                 {word("wait_user_action", ""), want(octo.Waiting, "wait_user_action")},
		"held":                    {word("waiting_for_capture", ""), want(octo.Held, "waiting_for_capture")},
		"succeeded":               {word("succeeded", `,"total_sum":12000`), total},
		"total as text":           {word("succeeded", `,"total_sum":"12000.00"`), total},
		"total in thousandths":    {word("succeeded", `,"total_sum":12000.0000`), total},
		"total of no money":       {word("succeeded", `,"total_sum":12000.005`), want(octo.Succeeded, "succeeded")},
		"total as a float":        {word("succeeded", `,"total_sum":1.2e4`), want(octo.Succeeded, "succeeded")},
		"total as an object":      {word("succeeded", `,"total_sum":{"a":1}`), want(octo.Succeeded, "succeeded")},
		"two l":                   {word("cancelled", ""), want(octo.Canceled, "cancelled")},
		"unknown word":            {word("refunded", ""), want(octo.Unknown, "refunded")},
		"another case":            {word("Succeeded", ""), want(octo.Unknown, "Succeeded")},
		"endless word":            {word(strings.Repeat("so ", 99), ""), want(octo.Unknown, strings.Repeat("so ", 99)[:32])},
		"their secret":            {word(secret, ""), want(octo.Unknown, "[redacted]")},
		"strange pay URL":         {word("succeeded", `,"octo_pay_url":"https://evil.example/"`), want(octo.Succeeded, "succeeded")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, nil, tt.answer)
			got, err := p.Read(t.Context(), id)
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v\n%s", err, diff)
			}
			if n := len(p.bodies()); n != 1 {
				t.Errorf("%d calls", n)
			}
		})
	}
}

// Whatever a read is answered, its payment's status is unknown unless OCTO told it.
func TestReadNeverTakesAnErrorForAStatus(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer string
		want   error
	}{
		"refused":             {`{"error":5,"data":{"status":"canceled"}}`, octo.ErrRefused},
		"too often":           {`{"error":11,"status":"canceled"}`, octo.ErrUnclear},
		"no status":           {`{"error":0,"data":{"shop_transaction_id":"` + id + `"}}`, octo.ErrUnclear},
		"another's":           {`{"error":0,"data":{"shop_transaction_id":"x","status":"succeeded"}}`, octo.ErrUnclear},
		"malformed id":        {`{"error":0,"data":{"octo_payment_UUID":"x","status":"succeeded"}}`, octo.ErrUnclear},
		"status of no string": {`{"error":0,"data":{"status":["succeeded"]}}`, octo.ErrUnclear},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := serve(t, nil, says(tt.answer)).Read(t.Context(), id)
			if !errors.Is(err, tt.want) || got != (octo.Payment{TransactionID: id}) {
				t.Errorf("got %+v, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestPayersAreSentToOctoOnly(t *testing.T) {
	t.Parallel()
	for url, believed := range map[string]bool{
		"https://octo.uz/pay": true, "https://PAY.octo.uz/x": true, "https://pay2.octo.uz:443/x": true, "https://a.b.octo.uz": true,
		"http://localhost:9090/pay": true, "https://LOCALHOST:9090/pay": true,
		"": false, "https://": false, "/pay": false, "//pay.octo.uz/x": false, "http://pay.octo.uz/x": false, "https://pay.octo.uz:8443/x": false,
		"https://evil.example/octo.uz": false, "https://evilocto.uz/": false, "https://octo.uz.evil.example/": false, "https://octo.uz.": false,
		"https://octo.uz@evil.example/": false, "https://evil.example@octo.uz/": false, `https://evil.example\\.octo.uz/`: false,
		"https://evil.example%2f.octo.uz/": false, "https://evil.example／.octo.uz/": false, "javascript://pay.octo.uz/%0aalert(1)": false,
		"https://pay.octo.uz/a b": false, "http://localhost:9091/pay": false, "http://localhost/pay": false, "https://.": false,
		"https://pay.octo.uz/" + strings.Repeat("a", 2048): false,
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			p := serve(t, func(c *octo.Config) { c.PayHosts = []string{" localhost:9090 "} }, says(strings.Replace(created, payURL, url, 1)))
			got, err := create(t, p)
			if believed && (err != nil || got.PayURL != url) {
				t.Errorf("not believed: %+v, %v", got, err)
			}
			if !believed && (!errors.Is(err, octo.ErrPayURL) || !errors.Is(err, octo.ErrRefused) || got.PayURL != "" || got.UUID != uuid) {
				t.Errorf("believed: %+v, %v", got, err)
			}
			if !believed && url != "" && len(url) > len("https://.") && strings.Contains(err.Error(), url) {
				t.Errorf("the error repeats it: %v", err)
			}
		})
	}
}

func TestAPaidPaymentIsFoundAgainWithoutAPayURL(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, says(`{"error":0,"data":{"octo_payment_UUID":"`+uuid+`","status":"succeeded"}}`))
	if got, err := create(t, p); err != nil || got.Status != octo.Succeeded || got.PayURL != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestACreatedPaymentHasAnID(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, says(without(created, `"octo_payment_UUID":"`+uuid+`",`)))
	if got, err := create(t, p); !errors.Is(err, octo.ErrUnclear) || got != (octo.Payment{TransactionID: id}) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRefundTellsItsOwnStatus(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]octo.RefundStatus{
		"new": octo.RefundPending, "pending": octo.RefundPending, "succeeded": octo.RefundSucceeded, "failed": octo.RefundFailed,
		"canceled": octo.RefundFailed, "cancelled": octo.RefundFailed, "unknown": octo.RefundUnknown, "error": octo.RefundUnknown, "": octo.RefundUnknown,
	} {
		t.Run(word, func(t *testing.T) {
			t.Parallel()
			p := serve(t, nil, says(`{"error":0,"data":{"octo_payment_UUID":"`+uuid+`","refund_id":"`+other+`","refund_time":"x","status":"`+word+`"}}`))
			got, err := p.Refund(t.Context(), toRefund())
			if w := (octo.Refund{ID: "refund-1", ProviderID: other, Status: want, RawStatus: word}); got != w || err != nil {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAnswersAboutAnotherPaymentAreUnclear(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, says(`{"error":0,"data":{"octo_payment_UUID":"`+other+`","status":"succeeded"}}`))
	_, refunded := p.Refund(t.Context(), toRefund())
	_, accepted := p.Accept(t.Context(), uuid, true, 1)
	if !errors.Is(refunded, octo.ErrUnclear) || !errors.Is(accepted, octo.ErrUnclear) {
		t.Errorf("refund %v, accept %v", refunded, accepted)
	}
}

func TestAcceptTellsWhatBecameOfThePayment(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]octo.Status{"succeeded": octo.Succeeded, "canceled": octo.Canceled, "capture": octo.Unknown} {
		p := serve(t, nil, says(`{"error":0,"data":{"status":"`+word+`","transfer_sum":1}}`))
		got, err := p.Accept(t.Context(), uuid, true, 1)
		if w := (octo.Payment{UUID: uuid, Status: want, RawStatus: word}); got != w || err != nil {
			t.Errorf("%s: got %+v, %v", word, got, err)
		}
	}
}

func TestCallsWithoutSenseAreNotMade(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, says(created))
	free, nameless, long := toCreate(), toCreate(), toCreate()
	free.Amount, nameless.TransactionID, long.TransactionID = 0, "", strings.Repeat("x", 65)
	for name, call := range map[string]func() error{
		"no amount":       func() error { _, err := p.Create(t.Context(), free); return err },
		"no id":           func() error { _, err := p.Create(t.Context(), nameless); return err },
		"a long id":       func() error { _, err := p.Create(t.Context(), long); return err },
		"read of nothing": func() error { _, err := p.Read(t.Context(), ""); return err },
		"refund of nothing": func() error {
			_, err := p.Refund(t.Context(), octo.RefundRequest{ID: "r", PaymentUUID: "x", Amount: 1})
			return err
		},
		"refund without an id": func() error {
			_, err := p.Refund(t.Context(), octo.RefundRequest{PaymentUUID: uuid, Amount: 1})
			return err
		},
		"refund below zero": func() error {
			_, err := p.Refund(t.Context(), octo.RefundRequest{ID: "r", PaymentUUID: uuid, Amount: -1})
			return err
		},
		"capture of nothing": func() error { _, err := p.Accept(t.Context(), uuid, true, 0); return err },
		"accept of nothing":  func() error { _, err := p.Accept(t.Context(), "x", false, 0); return err },
	} {
		if err := call(); !errors.Is(err, octo.ErrInvalid) || !errors.Is(err, octo.ErrRefused) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if calls := p.bodies(); len(calls) != 0 {
		t.Errorf("made %v", calls)
	}
}
