package httpapi_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/auth-svc/internal/attempts"
)

// Whoever registers or resets the password is at home there.
func TestRegisteringAndResettingMakeAnAddressKnown(t *testing.T) {
	t.Parallel()
	u := guarded(t, patient(t), attempts.Config{Policies: policies(5, 1, 1, 5)})
	status(t, "registering", u.from(t, home, "POST /auth/register", strings.Replace(registration, "+998901234567", u.people.phone, 1)), http.StatusCreated)
	status(t, "an attack", u.login(t, fmt.Sprintf(anywhere, 1), u.people.phone, "wrong"), http.StatusUnauthorized)
	status(t, "where they registered", u.login(t, home, u.people.phone, password), http.StatusOK)

	const away = "203.0.113.200"
	tooMany(t, "somewhere new", u.login(t, away, u.people.phone, password), 1000*time.Hour)
	mac := hmac.New(sha256.New, []byte("key"))
	fmt.Fprintf(mac, "%d %s", aziza.ID, "12345678")
	u.people.code = mac.Sum(nil)
	status(t, "resetting", u.from(t, away, "POST /auth/reset-password", resetBody(u.people.phone)), http.StatusOK)
	status(t, "where they reset", u.login(t, away, u.people.phone, password), http.StatusOK)
}

func resetBody(number string) string {
	return fmt.Sprintf(`{"phone_number":%q,"code":"12345678","new_password":"even longer","confirm_new_password":"even longer"}`, number)
}

// recoveries are the two requests of who forgot their password, and what is answered where they are allowed.
var recoveries = map[string]struct {
	body   func(number string) string
	status int
}{
	"POST /auth/forgot-password": {func(n string) string { return fmt.Sprintf(`{"phone_number":%q}`, n) }, http.StatusAccepted},
	"POST /auth/reset-password":  {resetBody, http.StatusBadRequest},
}

// Whether there is such a number or not. Who asks somewhere else has attempts of their own: otherwise anybody could keep
// everybody out, with five requests in an hour.
func TestRecoveryIsLimitedByPhoneAndAddress(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(1, 1, 3, 3)})
			for request, tt := range recoveries {
				var answers []string
				for _, number := range []string{u.people.phone, somebody(t)} {
					var all strings.Builder
					for range 3 {
						rec := u.from(t, home, request, tt.body(" "+number))
						status(t, request, rec, tt.status)
						all.WriteString(withoutInstance(t, rec))
					}
					looked := u.people.looked
					rec := u.from(t, home, request, tt.body(number))
					tooMany(t, request, rec, 100*time.Hour)
					if u.people.looked != looked {
						t.Errorf("%s: a refused attempt was looked up", request)
					}
					answers = append(answers, all.String()+withoutInstance(t, rec))
					status(t, request+" elsewhere", u.from(t, fmt.Sprintf(anywhere, 1), request, tt.body(number)), tt.status)
				}
				if answers[0] != answers[1] {
					t.Errorf("%s answers to a known number\n%s\nand to an unknown one\n%s", request, answers[0], answers[1])
				}
			}
		})
	}
}

// Many addresses share what there is for strangers, so that the messages to a number have a bound, and its owner gets a code
// all the same where they were before.
func TestManyAddressesDoNotLockTheOwnerOutOfRecovery(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(5, 10, 3, 3)})
			status(t, "the owner", u.login(t, home, u.people.phone, password), http.StatusOK)
			for request, tt := range recoveries {
				for i := range 10 {
					status(t, "an attack", u.from(t, fmt.Sprintf(anywhere, i), request, tt.body(u.people.phone)), tt.status)
				}
				for range 4 {
					tooMany(t, request, u.from(t, fmt.Sprintf(anywhere, 99), request, tt.body(u.people.phone)), 100*time.Hour)
				}
				status(t, "the owner", u.from(t, home, request, tt.body(u.people.phone)), tt.status)
			}
			status(t, "a login somewhere new", u.login(t, fmt.Sprintf(anywhere, 100), u.people.phone, password), http.StatusOK)
		})
	}
}

// Whoever asks for a code has shown nothing yet.
func TestAskingForACodeDoesNotMakeAnAddressKnown(t *testing.T) {
	t.Parallel()
	u := guarded(t, patient(t), attempts.Config{Policies: policies(5, 1, 3, 3)})
	const away = "203.0.113.200"
	status(t, "asking", u.from(t, away, "POST /auth/forgot-password", fmt.Sprintf(`{"phone_number":%q}`, u.people.phone)), http.StatusAccepted)
	status(t, "an attack", u.login(t, fmt.Sprintf(anywhere, 1), u.people.phone, "wrong"), http.StatusUnauthorized)
	tooMany(t, "where they asked", u.login(t, away, u.people.phone, password), 1000*time.Hour)
}
