package journey_test

import (
	"testing"
)

// What ends a session ends it at once, everywhere, though its tokens are still signed and not expired.
func TestALogoutIsSeenEverywhere(t *testing.T) {
	t.Parallel()
	s := open(t)
	everywhere := []string{"GET /cart", "GET /orders/", "GET /users/me", "POST /auth/logout", "POST /cart/items"}
	out := func(what string, v visitor) {
		t.Helper()
		for _, request := range everywhere {
			if a := v.call(t, request, ""); a.status != 401 || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s = %d %s", what, request, a.status, a.body)
			}
		}
	}
	in := func(what string, v visitor) {
		t.Helper()
		for _, request := range everywhere[:3] {
			if a := v.call(t, request, ""); a.status != 200 {
				t.Errorf("%s, %s = %d %s", what, request, a.status, a.body)
			}
		}
	}

	here := s.guest(t)
	there := here.login(t)
	here.must(t, "POST /auth/logout", "")
	out("logged out", here)
	in("on another device", there)

	again := here.login(t)
	again.must(t, "PUT /users/me", `{"current_password":"long enough","new_password":"long enough","confirm_new_password":"long enough"}`)
	in("who changed the password", again)
	out("who did not", there)

	admin := s.admin(t)
	admin.must(t, "PUT /users/"+here.id, `{"is_admin":true}`)
	out("with a token of the old role", again)
	boss := here.login(t)
	boss.must(t, "GET /users/", "")
	admin.must(t, "DELETE /users/"+here.id, "")
	out("deleted", boss)
}

func TestRefreshTokensTurn(t *testing.T) {
	t.Parallel()
	s := open(t)
	v := s.guest(t)
	first := visitor{store: s}.must(t, "POST /auth/login", `{"phone_number":"`+v.phone+`","password":"long enough"}`)
	second := visitor{store: s}.must(t, "POST /auth/refresh", `{"refresh_token":"`+first.text(t, "refresh_token")+`"}`)
	v.token = second.text(t, "access_token")
	v.must(t, "GET /users/me", "")
	if a := (visitor{store: s}).call(t, "POST /auth/refresh", "", "Cookie: refresh_token="+first.text(t, "refresh_token")); a.status != 401 {
		t.Errorf("a spent token = %d %s", a.status, a.body)
	}
	if a := v.call(t, "GET /users/me", ""); a.status != 401 {
		t.Errorf("after a spent token came back, the session gives %d %s", a.status, a.body)
	}
}
