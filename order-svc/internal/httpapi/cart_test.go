package httpapi_test

import (
	"context"
	"slices"
	"testing"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func (s *shop) Cart(_ context.Context, who order.Holder) (order.Basket, error) {
	if !s.has(who) {
		return order.Basket{}, s.err
	}
	return order.Basket{ID: 2, Lines: slices.Clone(s.lines)}, s.err
}

// has says whether who has a cart: the one cart is every user's, and that of the guest with the token.
func (s *shop) has(who order.Holder) bool {
	return who.User != 0 || who.Token == s.token && who.Token != order.CartToken{}
}

func (s *shop) Add(_ context.Context, who order.Holder, slipper, quantity int64) error {
	if !s.has(who) {
		return order.ErrCartGone
	}
	if err := s.wrote(); err != nil {
		return err
	}
	for i := range s.lines {
		if s.lines[i].SlipperID == slipper {
			s.lines[i].Quantity += quantity
			return nil
		}
	}
	s.lines = append(s.lines, order.BasketLine{ID: mine.ID, SlipperID: slipper, Quantity: quantity})
	return nil
}

func (s *shop) Open(ctx context.Context, token order.CartToken, slipper, quantity int64) error {
	s.token, s.lines = token, nil
	return s.Add(ctx, order.Holder{Token: token}, slipper, quantity)
}

func (s *shop) Merge(_ context.Context, user int64, token order.CartToken) error {
	s.merged = append(s.merged, order.Holder{User: user, Token: token})
	return s.wrote()
}

func (s *shop) Set(_ context.Context, who order.Holder, item, quantity int64) error {
	if item != mine.ID || !s.has(who) {
		return order.ErrCartItemNotFound
	}
	s.lines[0].Quantity = quantity
	return s.wrote()
}

func (s *shop) Remove(_ context.Context, who order.Holder, item int64) error {
	if item != mine.ID || !s.has(who) {
		return order.ErrCartItemNotFound
	}
	s.lines = nil
	return s.wrote()
}

func (s *shop) Clear(context.Context, order.Holder) error {
	s.lines = nil
	return s.wrote()
}

func (s *shop) Drop(context.Context, int64, []int64) error { return s.wrote() }

// The server makes the token, tells it once, and takes none that it has not made.
func TestACartTokenIsToldWhenACartIsMade(t *testing.T) {
	t.Parallel()
	u := serve(t, noCart)
	send := func(who, request, body string, headers ...string) string {
		t.Helper()
		rec := u.answer(t, request, who, body, headers...)
		if rec.Code != 200 || rec.Header().Get("Cache-Control") != "no-store" {
			t.Fatalf("%s = %d %s", request, rec.Code, rec.Body)
		}
		return rec.Header().Get("X-Cart-Token")
	}
	const add, one = "POST /cart/items", `{"slipper_id":3}`
	if told := send("nobody", "GET /cart", "") + send("nobody", "DELETE /cart/clear", "") + send("user", add, one); told != "" {
		t.Errorf("%q was told, and no guest's cart was made", told)
	}
	chosen := "X-Cart-Token: " + ticket.String()
	first := send("nobody", add, one, chosen)
	if got, err := order.ParseCartToken(first); err != nil || got == ticket || got != u.shop.token {
		t.Errorf("a guest with a token of nothing is told %q", first)
	}
	if told := send("nobody", add, one, "X-Cart-Token: "+first); told != "" || u.shop.lines[0].Quantity != 2 {
		t.Errorf("the second time %q is told, and the cart is %+v", told, u.shop.lines)
	}
	if second := send("nobody", add, one); second == first || second == "" {
		t.Errorf("another guest is told %q", second)
	}
}

// A guest's cart is merged before a request does what it is for, and only when it comes to that.
func TestATokenIsMergedOnTheWay(t *testing.T) {
	t.Parallel()
	requests := map[string]string{
		"GET /cart": "", "GET /cart/total": "", "POST /cart/items": `{"slipper_id":3}`, "PUT /cart/items/11": `{"quantity":1}`,
		"DELETE /cart/items/11": "", "DELETE /cart/clear": "", "POST /orders/from-cart": "", "POST /payments/octo/create": "",
	}
	shown := "X-Cart-Token: " + ticket.String()
	for request, body := range requests {
		u := serve(t)
		rec := u.answer(t, request, "user", body, shown)
		if want := []order.Holder{{User: 7, Token: ticket}}; rec.Code >= 300 || !slices.Equal(u.shop.merged, want) || rec.Header().Get("X-Cart-Token") != "" {
			t.Errorf("%s = %d after merging %v", request, rec.Code, u.shop.merged)
		}
		u = serve(t, fails(errDown))
		if rec := u.answer(t, request, "user", body, shown); rec.Code != 500 || u.shop.writes != 0 || len(u.shop.merged) != 1 {
			t.Errorf("%s, with no merge possible = %d %s, %d writes", request, rec.Code, rec.Body, u.shop.writes)
		}
		for _, bad := range []string{"", " ", "x", ticket.String() + "A", ticket.String()[1:], ticket.String()[1:] + "!", "null"} {
			u = serve(t)
			refused(t, u, u.request(t, request, "user", body, "X-Cart-Token: "+bad), 400)
		}
		if request[:3] != "GET" {
			u = serve(t)
			refused(t, u, u.request(t, request, "user", `{"x":1}`, shown), 422)
		}
	}
}
