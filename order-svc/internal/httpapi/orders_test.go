package httpapi_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Every pair of statuses, for everybody.
func TestOnlyAdministratorsMoveOrders(t *testing.T) {
	t.Parallel()
	legal := map[[2]order.Status]bool{
		{order.Pending, order.Paid}: true, {order.Pending, order.Cancelled}: true, {order.Paid, order.Refunded}: true,
	}
	for _, from := range order.Statuses {
		for _, to := range order.Statuses {
			want := map[string]int{"nobody": 401, "stranger": 404, "user": 403, "admin": 409}
			if legal[[2]order.Status{from, to}] {
				want["admin"] = 200
			}
			for who, status := range want {
				u := serve(t, is(from))
				rec := u.answer(t, "PUT /orders/5", who, `{"status":"`+string(to)+`"}`)
				if rec.Code != status || (u.shop.writes > 0) != (status == 200) {
					t.Errorf("%s moves %s to %s: %d %s, %d writes, want %d", who, from, to, rec.Code, rec.Body, u.shop.writes, status)
				}
			}
		}
		for _, request := range []string{"POST /orders/5/cancel", "DELETE /orders/5"} {
			want := map[string]int{"nobody": 401, "stranger": 404, "user": 409, "admin": 409}
			if from == order.Pending {
				want["user"], want["admin"] = 200, 200
			}
			for who, status := range want {
				u := serve(t, is(from))
				rec := u.answer(t, request, who, "")
				if rec.Code != status || (u.shop.writes > 0) != (status == 200) {
					t.Errorf("%s, %s, by %s: %d %s, %d writes, want %d", request, from, who, rec.Code, rec.Body, u.shop.writes, status)
				}
			}
		}
	}
}

func TestListsAskForWhatTheCallerMaySee(t *testing.T) {
	t.Parallel()
	aziza := new(int64(7))
	tests := map[string]struct {
		who, query string
		filter     order.Filter
		page       page.Request
	}{
		"one's own":    {"user", "", order.Filter{UserID: aziza}, page.Request{Limit: 20, Sort: "created_desc"}},
		"all":          {"admin", "", order.Filter{}, page.Request{Limit: 20, Sort: "created_desc"}},
		"of a status":  {"user", "?status=EXPIRED&limit=100", order.Filter{UserID: aziza, Status: new(order.Expired)}, page.Request{Limit: 100, Sort: "created_desc"}},
		"finance":      {"admin", "?finance=paid_refunded&skip=2147483647", order.Filter{Finance: true}, page.Request{Limit: 20, Skip: 2147483647, Sort: "created_desc"}},
		"all together": {"user", "?finance=paid_refunded&status=PAID&skip=1&limit=1", order.Filter{UserID: aziza, Status: new(order.Paid), Finance: true}, page.Request{Limit: 1, Skip: 1, Sort: "created_desc"}},
	}
	for name, tt := range tests {
		u := serve(t)
		rec := u.answer(t, "GET /orders/"+tt.query, tt.who, "")
		if diff := cmp.Diff(tt.filter, u.shop.filter) + cmp.Diff(tt.page, u.shop.page); diff != "" || rec.Code != http.StatusOK {
			t.Errorf("%s: %d %s (-want +got):\n%s", name, rec.Code, rec.Body, diff)
		}
	}
}

func TestCursorLeadsOn(t *testing.T) {
	t.Parallel()
	u := serve(t)
	var answer struct {
		Next string `json:"next_cursor"`
	}
	if err := json.Unmarshal(u.answer(t, "GET /orders/?limit=1", "user", "").Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		"cursor=" + answer.Next:              200,
		"limit=2&cursor=" + answer.Next:      200,
		"status=PAID&cursor=" + answer.Next:  200,
		"skip=0&cursor=" + answer.Next:       422,
		"cursor=A" + answer.Next[1:]:         400,
		"cursor=" + answer.Next + "A":        400,
		"cursor=":                            400,
		"cursor=" + answer.Next + "&cursor=": 422,
	} {
		if rec := u.answer(t, "GET /orders/?"+query, "user", ""); rec.Code != want {
			t.Errorf("%s: got %d %s, want %d", query, rec.Code, rec.Body, want)
		}
	}
	rec := u.answer(t, "GET /orders?limit=1&cursor="+answer.Next, "user", "")
	want := page.Request{Limit: 1, Skip: 1, Sort: "created_desc", After: &page.Position{
		Sort: "created_desc", Key: long.Format(time.RFC3339Nano), ID: first.ID, Skip: 1,
	}}
	if diff := cmp.Diff(want, u.shop.page); diff != "" || !strings.Contains(rec.Body.String(), `"page":2,"pages":3,"has_next":true,"has_prev":true`) {
		t.Errorf("after the first page: %s (-want +got):\n%s", rec.Body, diff)
	}
}

// A path with a slash and without is one resource, and HEAD works where GET does.
func TestPathsHaveTwoSpellings(t *testing.T) {
	t.Parallel()
	const items = `{"items":[{"slipper_id":3,"quantity":1}]}`
	for request, body := range map[string]string{
		"GET /cart": "", "GET /cart/total": "", "POST /cart/items": `{"slipper_id":3}`, "PUT /cart/items/11": `{"quantity":1}`,
		"DELETE /cart/items/11": "", "DELETE /cart/clear": "", "POST /orders/from-cart": "", "POST /orders": items, "GET /orders": "",
		"GET /orders/5": "", "PUT /orders/5": `{"notes":"x"}`, "DELETE /orders/5": "", "POST /orders/5/cancel": "",
		"GET /orders/5/history": "", "GET /internal/db-pool": "",
	} {
		who := "user"
		if strings.Contains(request, "/internal/") {
			who = "service"
		}
		plain, slashed := serve(t).answer(t, request, who, body), serve(t).answer(t, request+"/", who, body)
		if plain.Code >= 300 || plain.Code != slashed.Code || !same(t, plain.Body.Bytes(), slashed.Body.Bytes()) {
			t.Errorf("%s = %d %s, with a slash %d %s", request, plain.Code, plain.Body, slashed.Code, slashed.Body)
		}
		path, read := strings.CutPrefix(request, "GET ")
		if !read {
			continue
		}
		head := serve(t).answer(t, "HEAD "+path, who, "")
		if head.Code != plain.Code || head.Header().Get("Content-Type") != plain.Header().Get("Content-Type") || head.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("HEAD %s = %d %v, want %d %v", path, head.Code, head.Header(), plain.Code, plain.Header())
		}
		open := strings.HasPrefix(path, "/cart")
		if head := serve(t).answer(t, "HEAD "+path, "nobody", ""); open != (head.Code < 400) || !open && head.Body.Len() != 0 {
			t.Errorf("HEAD %s by nobody = %d with %d bytes", path, head.Code, head.Body.Len())
		}
	}
}

func same(t *testing.T, a, b []byte) bool {
	t.Helper()
	var one, two map[string]any
	if err := json.Unmarshal(a, &one); err != nil {
		t.Fatalf("%s: %v", a, err)
	}
	if err := json.Unmarshal(b, &two); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	return cmp.Equal(one, two)
}

// What a failure says is its status, whatever its cause was.
func TestFailuresKeepTheirCauseToThemselves(t *testing.T) {
	t.Parallel()
	for request, body := range map[string]string{
		"GET /cart": "", "GET /cart/total": "", "POST /cart/items": `{"slipper_id":3}`, "PUT /cart/items/11": `{"quantity":1}`,
		"DELETE /cart/items/11": "", "DELETE /cart/clear": "", "POST /orders/from-cart": "", "POST /orders/": `{"items":[{"slipper_id":3,"quantity":1}]}`,
		"GET /orders/": "", "GET /orders/5": "", "PUT /orders/5": `{"notes":"x"}`, "DELETE /orders/5": "", "POST /orders/5/cancel": "",
		"GET /orders/5/history": "",
	} {
		u := serve(t, fails(errDown))
		rec := u.answer(t, request, "user", body, "X-Request-Id: quote-me-000001")
		var p map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
			t.Errorf("%s answers %s: %v", request, rec.Body, err)
		}
		want := map[string]any{
			"type": "about:blank", "title": "Internal Server Error", "status": 500.0, "detail": "Internal Server Error", "instance": "quote-me-000001",
		}
		if diff := cmp.Diff(want, p); diff != "" || rec.Code != 500 || u.shop.writes != 0 {
			t.Errorf("%s = %d, %d writes (-want +got):\n%s", request, rec.Code, u.shop.writes, diff)
		}
	}
}
