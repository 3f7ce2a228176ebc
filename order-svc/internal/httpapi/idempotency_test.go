package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func TestKeysAreReadBareAndQuoted(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		sent []string
		want string // "" is refused
	}{
		"bare":                 {[]string{"abc-1"}, "abc-1"},
		"quoted":               {[]string{`"abc-1"`}, "abc-1"},
		"space around":         {[]string{"  abc-1\t"}, "abc-1"},
		"escapes":              {[]string{`"a\"b\\c"`}, `a"b\c`},
		"quote inside":         {[]string{`a"b`}, `a"b`},
		"escape, bare":         {[]string{`a\b`}, `a\b`},
		"longest":              {[]string{strings.Repeat("k", 255)}, strings.Repeat("k", 255)},
		"longest, quoted":      {[]string{`"` + strings.Repeat("k", 255) + `"`}, strings.Repeat("k", 255)},
		"longest, escaped":     {[]string{`"` + strings.Repeat(`\"`, 255) + `"`}, strings.Repeat(`"`, 255)},
		"too long":             {[]string{strings.Repeat("k", 256)}, ""},
		"too long, quoted":     {[]string{`"` + strings.Repeat("k", 256) + `"`}, ""},
		"empty":                {[]string{""}, ""},
		"spaces":               {[]string{"   "}, ""},
		"empty, quoted":        {[]string{`""`}, ""},
		"two headers":          {[]string{"abc", "def"}, ""},
		"two alike":            {[]string{"abc", "abc"}, ""},
		"space inside":         {[]string{"a b"}, ""},
		"space inside, quoted": {[]string{`"a b"`}, ""},
		"control character":    {[]string{"a\x7fb"}, ""},
		"NUL":                  {[]string{"a\x00b"}, ""},
		"not ASCII":            {[]string{"ключ"}, ""},
		"bad UTF-8":            {[]string{"\xff"}, ""},
		"never closed":         {[]string{`"abc`}, ""},
		"a quote alone":        {[]string{`"`}, ""},
		"closed too early":     {[]string{`"abc"d`}, ""},
		"parameters":           {[]string{`"abc";x=1`}, ""},
		"unknown escape":       {[]string{`"a\n"`}, ""},
		"escape at the end":    {[]string{`"a\`}, ""},
	}
	for name, tt := range tests {
		for request, body := range map[string]string{
			"POST /orders/from-cart": `{"notes":"x"}`,
			"POST /orders/":          `{"items":[{"slipper_id":3,"quantity":1}]}`,
		} {
			u := serve(t)
			r := u.request(t, request, "user", body)
			r.Header["Idempotency-Key"] = tt.sent
			if tt.want == "" {
				refused(t, u, r, http.StatusUnprocessableEntity)
				continue
			}
			rec := httptest.NewRecorder()
			u.ServeHTTP(rec, r)
			if rec.Code != http.StatusCreated || len(u.shop.keys) != 1 || u.shop.keys[0].Value != tt.want {
				t.Errorf("%s, %s = %d %s, keys %+v, want %q", name, request, rec.Code, rec.Body, u.shop.keys, tt.want)
			}
		}
	}
}

func TestWithoutAKeyNoneIsBegun(t *testing.T) {
	t.Parallel()
	u := serve(t)
	if rec := u.answer(t, "POST /orders/from-cart", "user", ""); rec.Code != http.StatusCreated || len(u.shop.keys) != 0 {
		t.Errorf("got %d %s, keys %+v", rec.Code, rec.Body, u.shop.keys)
	}
}

// The same request has the same fingerprint, however its key and its path are spelt. Every other one has another.
func TestFingerprintsTellRequestsApart(t *testing.T) {
	t.Parallel()
	const body = `{"items":[{"slipper_id":3,"quantity":1}]}`
	fingerprint := func(request, key, body string) []byte {
		u := serve(t)
		if rec := u.answer(t, request, "user", body, "Idempotency-Key: "+key); rec.Code != http.StatusCreated || len(u.shop.keys) != 1 {
			t.Fatalf("%s = %d %s, keys %+v", request, rec.Code, rec.Body, u.shop.keys)
		}
		return u.shop.keys[0].Fingerprint
	}
	for name, pair := range map[string][2][]byte{
		"quoted":    {fingerprint("POST /orders/", "k", body), fingerprint("POST /orders/", `"k"`, body)},
		"a slash":   {fingerprint("POST /orders/", "k", body), fingerprint("POST /orders", "k", body)},
		"no change": {fingerprint("POST /orders/from-cart?clear_cart=true", "k", ""), fingerprint("POST /orders/from-cart?clear_cart=true", "k", "")},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("%s: %x and %x are of one request", name, pair[0], pair[1])
		}
	}
	seen := map[string]string{}
	for name, print := range map[string][]byte{
		"items":          fingerprint("POST /orders/", "k", body),
		"more items":     fingerprint("POST /orders/", "k", strings.Replace(body, `y":1`, `y":2`, 1)),
		"cart":           fingerprint("POST /orders/from-cart", "k", ""),
		"cart, {}":       fingerprint("POST /orders/from-cart", "k", "{}"),
		"cart, clear":    fingerprint("POST /orders/from-cart?clear_cart=true", "k", ""),
		"cart, no clear": fingerprint("POST /orders/from-cart?clear_cart=false", "k", ""),
	} {
		if other, taken := seen[string(print)]; taken {
			t.Errorf("%s and %s have one fingerprint", name, other)
		}
		seen[string(print)] = name
	}
}

// What came of the first request is answered again, and says so; all else does not.
func TestReplaysSayThatTheyAre(t *testing.T) {
	t.Parallel()
	refusal := order.Refusal{Code: "out-of-stock", Members: map[string]json.RawMessage{
		"unavailable": json.RawMessage(`[{"slipper_id":3,"requested":2,"available":1}]`),
	}}
	moved := order.Refusal{Code: "price-changed", Members: map[string]json.RawMessage{
		"expected_total": json.RawMessage(`1.00`), "actual_total": json.RawMessage(`2.00`),
	}}
	short := order.ErrOutOfStock.With("unavailable", []order.Unavailable{{SlipperID: 3, Requested: 2, Available: 1}})
	tests := map[string]struct {
		with     func(*shop)
		status   int
		replayed string
		contains string
	}{
		"the first":       {nil, 201, "", `"total_amount":258000.00`},
		"an order":        {done(order.Outcome{Order: &first}), 201, "true", `"notes":"ring twice"`},
		"a refusal":       {done(order.Outcome{Refusal: &refusal}), 409, "true", `"unavailable":[{"slipper_id":3,"requested":2,"available":1}]`},
		"another price":   {done(order.Outcome{Refusal: &moved}), 409, "true", `"actual_total":2.00,"expected_total":1.00`},
		"too dear":        {done(order.Outcome{Refusal: &order.Refusal{Code: "order-total-too-large"}}), 422, "true", `/problems/order-total-too-large`},
		"refused now":     {catalogue(short), 409, "", `/problems/out-of-stock`},
		"another request": {key(order.ErrKeyReused), 422, "", `/problems/idempotency-key-reused`},
		"running":         {key(order.ErrInProgress), 409, "", `/problems/idempotency-in-progress`},
		"down":            {key(errDown), 500, "", `about:blank`},
	}
	for name, tt := range tests {
		u := serve(t, tt.with)
		rec := u.answer(t, "POST /orders/from-cart", "user", "{}", "Idempotency-Key: k")
		if rec.Code != tt.status || rec.Header().Get("Idempotent-Replayed") != tt.replayed || !strings.Contains(rec.Body.String(), tt.contains) {
			t.Errorf("%s: %d %s, replayed %q, want %d with %s, replayed %q",
				name, rec.Code, rec.Body, rec.Header().Get("Idempotent-Replayed"), tt.status, tt.contains, tt.replayed)
		}
		if tt.replayed != "" && u.shop.writes != 1 {
			t.Errorf("%s: %d writes, want that of the key alone", name, u.shop.writes)
		}
	}
}

func TestARequestReachesTheDomainAsItWasSent(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]bool{
		"POST /orders/from-cart": false, "POST /orders/from-cart?clear_cart=false": false,
		"POST /orders/from-cart?clear_cart=true": true, "POST /orders/from-cart/?clear_cart=1": true,
	} {
		u := serve(t)
		rec := u.answer(t, request, "user", `{"notes":" x "}`)
		got := u.shop.placed
		if rec.Code != http.StatusCreated || got.ClearCart != want || got.Lines != nil || got.Notes != "x" || got.Key != nil {
			t.Errorf("%s = %d %s, placed %+v, want to clear: %v", request, rec.Code, rec.Body, got, want)
		}
	}
	u := serve(t)
	rec := u.answer(t, "POST /orders/", "user", `{"items":[{"slipper_id":4,"quantity":1},{"slipper_id":3,"quantity":2,"notes":null},{"slipper_id":4,"quantity":3,"notes":"x"}]}`)
	want := order.Request{
		Buyer: order.Actor{ID: 7, Name: "Aziza Karimova"},
		Lines: []order.Line{{SlipperID: 3, Quantity: 2}, {SlipperID: 4, Quantity: 4, Notes: "x"}},
	}
	if diff := cmp.Diff(want, u.shop.placed); diff != "" || rec.Code != http.StatusCreated || rec.Header().Get("Location") != "/orders/5" {
		t.Errorf("got %d %s at %q, placed (-want +got):\n%s", rec.Code, rec.Body, rec.Header().Get("Location"), diff)
	}
}
