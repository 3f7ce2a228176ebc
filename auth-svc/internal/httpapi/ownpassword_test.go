package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/auth-svc/internal/attempts"
)

// Who has stolen a token has no more tries at the password than who has not, and locks the owner out as little.
func TestACurrentPasswordIsGuessedAsALoginIs(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(3, 4, 1, 1)})
			change := func(address, current string) *httptest.ResponseRecorder {
				body := fmt.Sprintf(`{"current_password":%q,"new_password":"even longer","confirm_new_password":"even longer"}`, current)
				rec := httptest.NewRecorder()
				u.ServeHTTP(rec, u.request(t, "PUT /users/me", "user", body, "X-Forwarded-For: "+address))
				return rec
			}
			status(t, "the owner", u.login(t, home, u.people.phone, password), http.StatusOK)
			const thief, other = "198.51.100.1", "198.51.100.2"
			for range 3 {
				status(t, "a guess", change(thief, "wrong"), http.StatusUnprocessableEntity)
			}
			writes := u.people.writes
			tooMany(t, "the right guess", change(thief, password), 100*time.Hour)
			tooMany(t, "to log in there", u.login(t, thief, u.people.phone, password), 100*time.Hour)
			status(t, "a guess elsewhere", change(other, "wrong"), http.StatusUnprocessableEntity)
			tooMany(t, "the right guess of a stranger", change(other, password), 250*time.Hour)
			if u.people.writes != writes {
				t.Error("a refused change was made")
			}
			status(t, "the owner", change(home, password), http.StatusOK)
			name := httptest.NewRecorder()
			u.ServeHTTP(name, u.request(t, "PUT /users/me", "user", `{"name":"Zuhra"}`, "X-Forwarded-For: "+thief))
			status(t, "what needs no password", name, http.StatusOK)
		})
	}
}
