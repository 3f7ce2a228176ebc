package httpapi_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// refused sends what must not be accepted, and holds the answer to be a 4xx problem, with nothing stored.
func refused(t *testing.T, u under, r *http.Request, status int) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, r)
	if rec.Code != status || rec.Code < 400 || rec.Code > 499 || u.shop.writes != 0 {
		t.Errorf("%s %s = %d %s, %d writes, want %d", r.Method, r.URL, rec.Code, rec.Body, u.shop.writes, status)
	}
	if rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s %s answers %s", r.Method, r.URL, rec.Header().Get("Content-Type"))
	}
	return rec
}

func TestBadBodiesAreRefused(t *testing.T) {
	t.Parallel()
	everywhere := map[string]int{
		`{`: 400, `[]`: 422, `"x"`: 422, `null`: 422, `7`: 422, `{"x":1}`: 422, `{"notes ":"x"}`: 422, `{"Notes":"x"}`: 422, `{"id":5}`: 422, `{"user_id":8}`: 422,
		"{\"notes\":\"\xff\"}": 400, `{}{}`: 400, "\x00": 400, "\xef\xbb\xbf{}": 400, `{"notes":"` + "\x00" + `"}`: 400, `{'notes':'x'}`: 400,
		`{"notes":"` + strings.Repeat("x", 100_000) + `"}`: 413, strings.Repeat(" ", 1<<20): 413,
		strings.Repeat(`[`, 50_000): 400, `{"items":` + strings.Repeat(`[`, 9_000) + strings.Repeat(`]`, 9_000) + `}`: 422,
	}
	quantity := map[string]int{}
	for _, q := range []string{"-1", "501", "1.5", "1.0", "1e2", "99999999999999999999", "1e400", `"1"`, "true", "[1]", "{}"} {
		quantity[q] = 422
	}
	for _, q := range []string{"NaN", "Infinity", "01", "+1", "0x1", ""} {
		quantity[q] = 400
	}
	notes := map[string]int{
		`5`: 422, `["x"]`: 422, `{}`: 422, `false`: 422, `"a\u0000b"`: 422, `"` + strings.Repeat("ш", 1001) + `"`: 422, `"\x"`: 400,
	}
	expected := map[string]int{
		`-1`: 422, `-0.01`: 422, `1.005`: 422, `1e400`: 422, `1e2`: 422, `"1"`: 422, `true`: 422, `99999999999999999999`: 422, `92233720368547758.08`: 422,
		`NaN`: 400, `-Infinity`: 400,
	}
	// with puts each value into a body.
	with := func(body string, values ...map[string]int) map[string]int {
		all := map[string]int{}
		for _, v := range values {
			for value, status := range v {
				all[strings.Replace(body, "?", value, 1)] = status
			}
		}
		return all
	}
	none := map[string]int{"0": 422, "null": 422}
	id := map[string]int{"0": 422, "-3": 422, "null": 422, "9223372036854775808": 422, `"3"`: 422, "3.5": 422}
	const item = `{"items":[{"slipper_id":3,"quantity":1}]`
	tests := map[string][]map[string]int{
		"POST /cart/items": {
			{`{}`: 422, `{"quantity":1}`: 422, `{"slipper_id":3,"id":1}`: 422, `{"slipper_id":3,"price":1}`: 422},
			with(`{"slipper_id":3,"quantity":?}`, quantity, map[string]int{"0": 422}), with(`{"slipper_id":?}`, id),
		},
		"PUT /cart/items/11":    {{`{}`: 422, `{"quantity":1,"slipper_id":3}`: 422}, with(`{"quantity":?}`, quantity, map[string]int{"null": 422})},
		"DELETE /cart/items/11": {},
		"DELETE /cart/clear":    {},
		"POST /orders/from-cart": {
			{item + `}`: 422, `{"clear_cart":true}`: 422}, with(`{"notes":?}`, notes), with(`{"expected_total":?}`, expected),
		},
		"POST /orders/": {
			{
				`{}`: 422, `{"items":[]}`: 422, `{"items":null}`: 422, `{"items":7}`: 422, `{"items":{}}`: 422, `{"items":[7]}`: 422, `{"items":[null]}`: 422,
				`{"items":[{}]}`: 422, `{"items":[{"slipper_id":3}]}`: 422, `{"items":[{"quantity":1}]}`: 422,
				`{"items":[{"slipper_id":3,"quantity":1,"unit_price":1}]}`:                             422,
				`{"items":[{"slipper_id":3,"quantity":500},{"slipper_id":3,"quantity":1}]}`:            422,
				`{"items":[` + strings.Repeat(`{"slipper_id":3,"quantity":1},`, 100) + item[10:] + `}`: 422,
				`{"items":[{"slipper_id":3,"quantity":1,"notes":"` + strings.Repeat("x", 201) + `"}]}`: 422,
				`{"items":[{"slipper_id":3,"quantity":1,"notes":"a\u0000b"}]}`:                         422,
				`{"items":[{"slipper_id":3,"quantity":1,"notes":7}]}`:                                  422,
				item + `,"user_id":8}`: 422, item + `,"total_amount":1}`: 422, item + `,"status":"PAID"}`: 422,
			},
			with(`{"items":[{"slipper_id":3,"quantity":?}]}`, quantity, none), with(`{"items":[{"slipper_id":?,"quantity":1}]}`, id),
			with(item+`,"notes":?}`, notes), with(item+`,"expected_total":?}`, expected),
		},
		"PUT /orders/5": {
			{
				`{"status":"paid"}`: 422, `{"status":""}`: 422, `{"status":"SHIPPED"}`: 422, `{"status":" PAID"}`: 422, `{"status":7}`: 422, `{"status":["PAID"]}`: 422,
				`{"notes":"x","items":[]}`: 422, `{"total_amount":1}`: 422, `{"notes":"x","status":"x"}`: 422,
			},
			with(`{"notes":?}`, notes),
		},
		"DELETE /orders/5":      {{`{"status":"CANCELLED"}`: 422}},
		"POST /orders/5/cancel": {{`{"reason":"x"}`: 422}},
	}
	for request, own := range tests {
		for _, bodies := range append(own, everywhere) {
			for body, status := range bodies {
				for _, headers := range [][]string{nil, {"Idempotency-Key: k"}} {
					u := serve(t)
					refused(t, u, u.request(t, request, "admin", body, headers...), status)
				}
			}
		}
		for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""} {
			u := serve(t)
			refused(t, u, u.request(t, request, "admin", `{"notes":"x"}`, "Content-Type: "+media), http.StatusUnsupportedMediaType)
		}
	}
}

func TestEveryBrokenRuleIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ request, body, want string }{
		"types": {
			"POST /orders/", `{"items":[{"slipper_id":"3","quantity":1.5,"x":1},7],"notes":7,"y":1}`,
			`/items/0/slipper_id /items/0/quantity /items/0 /items/1 /notes `,
		},
		"rules":      {"POST /orders/", `{"items":[{"slipper_id":0,"quantity":0}],"expected_total":-1}`, `/expected_total /items/0/slipper_id /items/0/quantity`},
		"cart":       {"POST /cart/items", `{"slipper_id":0,"quantity":0}`, `/slipper_id /quantity`},
		"change":     {"PUT /orders/5", `{"notes":"` + strings.Repeat("x", 1001) + `","status":"x"}`, `/notes /status`},
		"parameters": {"GET /orders/?limit=0&skip=-1&status=x&finance=x&y=1", "", `status finance limit skip `},
	}
	for name, tt := range tests {
		u := serve(t)
		rec := refused(t, u, u.request(t, tt.request, "admin", tt.body), http.StatusUnprocessableEntity)
		if got := named(t, rec); got != tt.want {
			t.Errorf("%s: %s names %q, want %q", name, rec.Body, got, tt.want)
		}
	}
}

// named returns the pointers and parameters that a problem names.
func named(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var p struct {
		Errors []fault.Broken `json:"errors"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("%s: %v", rec.Body, err)
	}
	all := make([]string, len(p.Errors))
	for i, b := range p.Errors {
		all[i] = b.Pointer + b.Parameter
	}
	return strings.Join(all, " ")
}

func TestHeldMoneyStaysUnlessItIsSaidWhereItGoes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "{}", `{"capture":null}`, `{"capture":"false"}`, `{"capture":0}`, `{"capture":[]}`} {
		u := serve(t, in(payment.Held))
		rec := refused(t, u, u.request(t, "POST /admin/payments/4/settle", "admin", body), http.StatusUnprocessableEntity)
		if got := named(t, rec); got != "/capture" {
			t.Errorf("%s names %q", rec.Body, got)
		}
	}
}

func TestBadQueriesAndPathsAreRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]int{}
	for _, q := range []string{
		"limit=0", "limit=101", "limit=x", "limit=99999999999999999999", "limit=", "limit=1&limit=2", "limit=1.0", "skip=-1", "skip=2147483648", "skip=x", "x=1", "a=%zz",
		"status=pending", "status=", "status=PAID&status=PAID", "status=%00", "status=%ff", "finance=", "finance=paid", "finance=true", "user_id=7", "sort=created_asc", "Limit=1",
	} {
		tests["GET /orders/?"+q] = 422
	}
	for _, q := range []string{
		"to=0000-01-15", "to=-001-01-15", "to=10000-01-15", "from=0000-01-01T00:00:00%2B23:59", "from=0001-01-01T00:00:00%2B23:59", "to=9999-12-31T23:59:59-23:59", "from=x",
	} {
		tests["GET /admin/statement?"+q] = 422
	}
	tests["GET /orders/?cursor=AAAA"], tests["GET /orders/?cursor=%00"] = 400, 400
	for _, q := range []string{"clear_cart=maybe", "clear_cart=2", "clear_cart=", "clear_cart=true&clear_cart=true", "clear=true", "%zz"} {
		tests["POST /orders/from-cart?"+q] = 422
	}
	for _, id := range []string{"0", "-1", "x", "01", "+1", "9223372036854775808", "1.0", "1e1", "%00", "%ff", "%20", "5%2F", "5;x"} {
		for _, path := range []string{
			"PUT /cart/items/%", "DELETE /cart/items/%", "GET /orders/%", "HEAD /orders/%", "PUT /orders/%", "DELETE /orders/%",
			"POST /orders/%/cancel", "GET /orders/%/history",
		} {
			tests[strings.Replace(path, "%", id, 1)] = 404
		}
	}
	for _, path := range []string{
		"GET /cart", "GET /cart/total", "POST /cart/items", "PUT /cart/items/11", "DELETE /cart/items/11", "DELETE /cart/clear", "POST /orders/",
		"GET /orders/5", "PUT /orders/5", "DELETE /orders/5", "POST /orders/5/cancel", "GET /orders/5/history",
	} {
		tests[path+"?x=1"], tests[path+"?%zz"] = 422, 422
	}
	for _, path := range []string{"GET /", "GET /carts", "PUT /cart/items/11/x", "POST /orders/5/pay", "GET /internal", "GET /orders/5/history/1"} {
		tests[path] = 404
	}
	for request, status := range tests {
		u := serve(t)
		refused(t, u, u.request(t, request, "admin", ""), status)
	}
	u := serve(t)
	refused(t, u, u.request(t, "GET /internal/db-pool?x=1", "service", ""), http.StatusUnprocessableEntity)
}

func TestWrongMethodsSayWhichAreRight(t *testing.T) {
	t.Parallel()
	for path, right := range map[string]string{
		"/cart": "GET HEAD", "/cart/total": "GET HEAD", "/cart/items": "POST", "/cart/items/11": "PUT DELETE", "/cart/clear": "DELETE",
		"/orders": "GET HEAD POST", "/orders/5": "GET HEAD PUT DELETE", "/orders/5/cancel": "POST", "/orders/5/history": "GET HEAD",
		"/internal/db-pool": "GET HEAD",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"} {
			if strings.Contains(right, method) {
				continue
			}
			u := serve(t)
			rec := refused(t, u, u.request(t, method+" "+path, "admin", ""), http.StatusMethodNotAllowed)
			for m := range strings.FieldsSeq(right) {
				if allow := rec.Header().Get("Allow"); !strings.Contains(allow, m) {
					t.Errorf("%s %s: Allow is %q, want %s", method, path, allow, right)
				}
			}
		}
	}
}
