package journey_test

import (
	"fmt"
	"testing"
)

// Whoever tries passwords is stopped where they are, by the address that the gateway found, and the owner is not.
func TestPasswordsCannotBeTried(t *testing.T) {
	t.Parallel()
	s := open(t, "TRUSTED_PROXIES=127.0.0.0/8", "ATTEMPT_LIMITS=login=3/1h,account=4/1h")
	const owner, thief, crowd = "X-Forwarded-For: 203.0.113.7", "X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2"
	v := s.guest(t)
	try := func(from, password string, want int) {
		t.Helper()
		a := visitor{store: s}.call(t, "POST /auth/login", fmt.Sprintf(`{"phone_number":%q,"password":%q}`, v.phone, password), from)
		if a.status != want || (a.header.Get("Retry-After") != "") != (want == 429) {
			t.Errorf("%s with %s = %d, Retry-After %q: %s", from, password, a.status, a.header.Get("Retry-After"), a.body)
		}
	}
	try(owner, password, 200)
	for range 3 {
		try(thief, "a guess", 401)
	}
	try(thief, password, 429)
	try(crowd, "a guess", 401)
	try(crowd, password, 429) // the fourth guess of strangers was the last
	try(owner, password, 200)
}
