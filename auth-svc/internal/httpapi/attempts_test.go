package httpapi_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/attempts"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/limit"
	ourredis "github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/testkit"
)

// policies are so slow that nothing comes back during a test.
func policies(login, strangers, forgot, reset int) attempts.Policies {
	return attempts.Policies{
		attempts.Login: limit.PerTime(login, 300*time.Hour), attempts.Account: limit.PerTime(strangers, 1000*time.Hour),
		attempts.Forgot: limit.PerTime(forgot, 300*time.Hour), attempts.Codes: limit.PerTime(10, 1000*time.Hour),
		attempts.Reset: limit.PerTime(reset, 300*time.Hour), attempts.Guesses: limit.PerTime(10, 1000*time.Hour),
	}
}

// patient is a client that waits for a Redis on a busy machine: here it is not about time.
func patient(t *testing.T) *redis.Client {
	t.Helper()
	o := *testkit.Redis(t).Options()
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = time.Minute, time.Minute, time.Minute, time.Minute
	c := redis.NewClient(&o)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// nobody is a Redis that is away.
func nobody(t *testing.T) redis.UniversalClient {
	t.Helper()
	c, err := ourredis.Open(ourredis.Config{URL: "redis://127.0.0.1:1/0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// somebody is a phone number that no other test has, nor had.
func somebody(t *testing.T) string {
	t.Helper()
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("+99%012d", n)
}

func attemptsIn(rdb redis.UniversalClient, cfg attempts.Config) *attempts.Attempts {
	reg := prometheus.NewRegistry()
	return attempts.New(cfg, batch.New(rdb, reg), rdb, reg)
}

// guarded serves aziza, with a phone number of the test's own, behind a gateway that says who asks.
func guarded(t *testing.T, rdb redis.UniversalClient, cfg attempts.Config) under {
	t.Helper()
	u := serveLimited(t, nil, attemptsIn(rdb, cfg))
	u.IPExtractor = httpserver.AddressBehind([]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")})
	u.people.phone = somebody(t)
	return u
}

// from sends a body from an address through the gateway.
func (u under) from(t *testing.T, address, request, body string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, request, "nobody", body, "X-Forwarded-For: "+address))
	return rec
}

func (u under) login(t *testing.T, address, number, password string) *httptest.ResponseRecorder {
	t.Helper()
	return u.from(t, address, "POST /auth/login", fmt.Sprintf(`{"phone_number":%q,"password":%q}`, number, password))
}

// tooMany fails the test unless the answer is a refusal that says when the next attempt comes back, which takes hours.
func tooMany(t *testing.T, what string, rec *httptest.ResponseRecorder, after time.Duration) {
	t.Helper()
	wait, err := strconv.Atoi(rec.Header().Get("Retry-After"))
	if rec.Code != http.StatusTooManyRequests || !strings.Contains(rec.Body.String(), `"/problems/too-many-attempts"`) ||
		err != nil || wait > int(after.Seconds()) || wait < int((after-time.Hour).Seconds()) {
		t.Errorf("%s = %d with Retry-After %q: %s", what, rec.Code, rec.Header().Get("Retry-After"), rec.Body)
	}
}

func status(t *testing.T, what string, rec *httptest.ResponseRecorder, want int) {
	t.Helper()
	if rec.Code != want {
		t.Errorf("%s = %d %s, want %d", what, rec.Code, rec.Body, want)
	}
}

const (
	home     = "203.0.113.7"
	anywhere = "198.51.100.%d"
)

// Five wrong passwords, and not even the right one is looked at: from there. With Redis and without.
func TestLoginsAreLimitedByPhoneAndAddress(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(5, 50, 1, 1)})
			unknown := somebody(t)
			for i := range 5 {
				status(t, "a wrong password", u.login(t, home, u.people.phone+strings.Repeat(" ", i), "wrong"), http.StatusUnauthorized)
				status(t, "an unknown number", u.login(t, home, unknown, "wrong"), http.StatusUnauthorized)
			}
			hash, looked := u.people.hash, u.people.looked
			u.people.hash = "not to be compared" // that would be 500
			refused := u.login(t, home, u.people.phone, password)
			tooMany(t, "the right password", refused, 60*time.Hour)
			same := u.login(t, home, unknown, password)
			tooMany(t, "an unknown number", same, 60*time.Hour)
			if u.people.looked != looked {
				t.Error("a refused attempt was looked up")
			}
			if a, b := withoutInstance(t, refused), withoutInstance(t, same); a != b {
				t.Errorf("a known number is refused by %s, an unknown one by %s", a, b)
			}
			u.people.hash = hash
			status(t, "another address", u.login(t, fmt.Sprintf(anywhere, 1), u.people.phone, password), http.StatusOK)
			status(t, "another number", u.login(t, home, somebody(t), "wrong"), http.StatusUnauthorized)
		})
	}
}

func withoutInstance(t *testing.T, rec *httptest.ResponseRecorder) string {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	delete(p, "instance")
	return fmt.Sprint(p)
}

// Many addresses share the attempts at one account, and its owner comes in all the same where they were before.
func TestManyAddressesDoNotLockTheOwnerOut(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(5, 10, 1, 1)})
			status(t, "the owner", u.login(t, home, u.people.phone, password), http.StatusOK)
			for i := range 10 {
				status(t, "an attack", u.login(t, fmt.Sprintf(anywhere, i), u.people.phone, "wrong"), http.StatusUnauthorized)
			}
			looked := u.people.looked
			for range 6 { // it is the account's limit that refuses, and the address keeps its own attempts
				tooMany(t, "the right guess", u.login(t, fmt.Sprintf(anywhere, 99), u.people.phone, password), 100*time.Hour)
			}
			if u.people.looked != looked {
				t.Error("a refused attempt was looked up")
			}
			for range 2 {
				status(t, "the owner, mistyping", u.login(t, home, u.people.phone, "wrong"), http.StatusUnauthorized)
				status(t, "the owner", u.login(t, home, u.people.phone, password), http.StatusOK)
			}
		})
	}
}

// Another process, and another one after it, know where the owner is.
func TestTheOwnerIsRememberedInRedis(t *testing.T) {
	t.Parallel()
	rdb, cfg := patient(t), attempts.Config{Policies: policies(5, 1, 1, 1)}
	first := guarded(t, rdb, cfg)
	status(t, "the owner", first.login(t, home, first.people.phone, password), http.StatusOK)
	second := guarded(t, rdb, cfg)
	second.people.phone = first.people.phone
	status(t, "an attack", second.login(t, fmt.Sprintf(anywhere, 1), second.people.phone, "wrong"), http.StatusUnauthorized)
	tooMany(t, "an attack", second.login(t, fmt.Sprintf(anywhere, 2), second.people.phone, "wrong"), 1000*time.Hour)
	status(t, "the owner", second.login(t, home, second.people.phone, password), http.StatusOK)
}

// Only what fails counts for the account; many at once count one by one.
func TestTheAccountCountsWhatFails(t *testing.T) {
	t.Parallel()
	for name, rdb := range map[string]redis.UniversalClient{"Redis": patient(t), "no Redis": nobody(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := guarded(t, rdb, attempts.Config{Policies: policies(5, 1, 1, 1)})
			for i := range 3 {
				status(t, "a new address", u.login(t, fmt.Sprintf(anywhere, i), u.people.phone, password), http.StatusOK)
			}
			u.people.err = errDown
			status(t, "our failure", u.login(t, fmt.Sprintf(anywhere, 4), u.people.phone, "wrong"), http.StatusInternalServerError)
			u.people.err = nil
			status(t, "a wrong password", u.login(t, fmt.Sprintf(anywhere, 5), u.people.phone, "wrong"), http.StatusUnauthorized)
			tooMany(t, "a second one", u.login(t, fmt.Sprintf(anywhere, 6), u.people.phone, "wrong"), 1000*time.Hour)
		})
	}
}

// Attempts that run at once cannot all pass before the first has failed.
func TestAttemptsAtOnceCountOneByOne(t *testing.T) {
	t.Parallel()
	a := attemptsIn(patient(t), attempts.Config{Policies: policies(1, 3, 1, 1)})
	number := somebody(t)
	results := make(chan error, 20)
	var wg sync.WaitGroup
	for i := range cap(results) {
		wg.Go(func() {
			_, err := a.Login(t.Context(), number, fmt.Sprintf(anywhere, i)) // none has ended yet
			results <- err
		})
	}
	wg.Wait()
	close(results)
	passed := 0
	for err := range results {
		if err == nil {
			passed++
		}
	}
	if passed != 3 {
		t.Errorf("%d attempts run at once, want 3", passed)
	}
}

// Without Redis a process allows its part of a policy.
func TestWithoutRedisEachProcessAllowsItsPart(t *testing.T) {
	t.Parallel()
	u := guarded(t, nobody(t), attempts.Config{Policies: policies(4, 100, 1, 1), Replicas: 2})
	for range 2 {
		status(t, "a wrong password", u.login(t, home, u.people.phone, "wrong"), http.StatusUnauthorized)
	}
	tooMany(t, "the third of two", u.login(t, home, u.people.phone, "wrong"), 150*time.Hour)
}

// Nobody but the gateway says where a client is.
func TestOnlyTheGatewaySaysWhoAsks(t *testing.T) {
	t.Parallel()
	u := guarded(t, patient(t), attempts.Config{Policies: policies(1, 50, 1, 1)})
	u.IPExtractor = httpserver.AddressBehind([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")})
	status(t, "an address", u.login(t, home, u.people.phone, "wrong"), http.StatusUnauthorized)
	tooMany(t, "another, made up", u.login(t, fmt.Sprintf(anywhere, 1), u.people.phone, "wrong"), 300*time.Hour)
}

// closed lets nobody try anything.
type closed struct{ unlimited }

var errClosed = account.ErrTooMany.After(1500 * time.Millisecond)

func (closed) Login(context.Context, string, string) (func(error), error) { return nil, errClosed }
func (closed) Reset(context.Context, string, string) (func(error), error) { return nil, errClosed }
func (closed) Forgot(context.Context, string, string) error               { return errClosed }
