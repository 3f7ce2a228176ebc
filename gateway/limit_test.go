package main

import (
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/go-redis/redis_rate/v10"

	"github.com/slippers-api/slippers/gateway/internal/limits"
)

// policy is the limits of a test, which nobody else counts against: the callers' addresses are its own.
func policy(class limits.Class, n int, period time.Duration) func(*config) {
	return func(c *config) {
		c.Limit.Policies[class] = redis_rate.Limit{Rate: n, Burst: n, Period: period}
		c.Front.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	}
}

// somebody is an address that no other test has.
func somebody(t *testing.T) string {
	t.Helper()
	n := time.Now().UnixNano() + slippers.Add(1)
	return fmt.Sprintf("2001:db8:%x:%x::1", n>>16&0xffff, n&0xffff)
}

// Three gateways admit exactly what the policy allows, and count every request that they admit.
func TestThreeGatewaysAdmitExactlyTheLimit(t *testing.T) {
	t.Parallel()
	const allowed, asked = 400, 10_000
	var gateways []*shop
	for range 3 {
		gateways = append(gateways, open(t, fine, withRedis(t), policy(limits.Default, allowed, 1000*time.Hour))) // none comes back meanwhile
	}
	from := somebody(t)
	answers := make([]answer, asked)
	var wg sync.WaitGroup
	work := make(chan int)
	for range 64 {
		wg.Go(func() {
			for i := range work {
				answers[i] = gateways[i%3].askDirectly(t, "GET /", "", "X-Forwarded-For", from)
			}
		})
	}
	for i := range asked {
		work <- i
	}
	close(work)
	wg.Wait()
	admitted, remaining := 0, map[string]bool{}
	for _, a := range answers {
		switch a.status {
		case http.StatusOK:
			admitted++
			remaining[a.header.Get("X-RateLimit-Remaining")] = true
		case http.StatusTooManyRequests:
			if n, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || n < 1 || !strings.Contains(a.body, "too-many-requests") {
				t.Fatalf("refused with Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
			}
		default:
			t.Fatalf("got %d %s", a.status, a.body)
		}
	}
	if admitted != allowed || len(remaining) != allowed {
		t.Errorf("%d of %d were admitted, with %d different remainders, want %d each", admitted, asked, len(remaining), allowed)
	}
}

// Who waits as long as Retry-After says is admitted.
func TestRetryAfterTellsTheTruth(t *testing.T) {
	t.Parallel()
	s := open(t, fine, withRedis(t), policy(limits.Default, 2, 4*time.Second)) // one comes back every two seconds
	from := somebody(t)
	ask := func() answer { return s.askDirectly(t, "GET /", "", "X-Forwarded-For", from) }
	var refused answer
	for refused = ask(); refused.status == http.StatusOK; refused = ask() {
	}
	at := time.Now()
	wait, err := strconv.Atoi(refused.header.Get("Retry-After"))
	if err != nil || wait < 1 || wait > 2 {
		t.Fatalf("Retry-After is %q, want 1 or 2", refused.header.Get("Retry-After"))
	}
	<-time.After(time.Until(at.Add(time.Duration(wait) * time.Second)))
	if got := ask(); got.status != http.StatusOK {
		t.Errorf("after %d s: %d %s", wait, got.status, got.body)
	}
}

func TestWhomARequestCountsFor(t *testing.T) {
	t.Parallel()
	for name, same := range map[string][2]string{
		"an address":                {"203.0.113.7", "203.0.113.7"},
		"an address within IPv6":    {"203.0.113.7", "::ffff:203.0.113.7"},
		"a network of IPv6":         {"2001:db8:1:2::1", "2001:db8:1:2:ffff::2"},
		"an address with its zone":  {"fe80::1%eth0", "fe80::2%eth1"},
		"what is no address at all": {"nonsense", "other nonsense"},
	} {
		if a, b := (limits.Caller{Address: same[0]}).String(), (limits.Caller{Address: same[1]}).String(); a != b {
			t.Errorf("%s counts for %s and %s", name, a, b)
		}
	}
	for _, differ := range [][2]string{{"203.0.113.7", "203.0.113.8"}, {"2001:db8:1:2::1", "2001:db8:1:3::1"}} {
		if (limits.Caller{Address: differ[0]}).String() == (limits.Caller{Address: differ[1]}).String() {
			t.Errorf("%v count for one", differ)
		}
	}
	seven, elsewhere := limits.Caller{User: 7, Address: "203.0.113.7"}, limits.Caller{User: 7, Address: "203.0.113.8"}
	eight := limits.Caller{User: 8, Address: "203.0.113.7"}
	if seven.String() != elsewhere.String() || seven.String() == eight.String() {
		t.Errorf("users count as %s, %s and %s", seven, elsewhere, eight)
	}
}

func TestWhatIsLimited(t *testing.T) {
	t.Parallel()
	s := open(t, fine, withRedis(t), policy(limits.Default, 2, time.Hour), policy(limits.Login, 1, time.Hour))
	from := somebody(t)
	user := s.token(t, goesOn, false, 0)
	ask := func(request string, headers ...string) answer {
		return s.askDirectly(t, request, "", append(headers, "X-Forwarded-For", from)...)
	}
	for range 3 {
		for _, free := range []string{"GET /docs", "GET /redoc", "GET /openapi.json", "GET /favicon.ico", "GET /static/slippers/7/a.jpg"} {
			if got := ask(free); got.status != 200 || got.header.Get("X-RateLimit-Limit") != "" {
				t.Errorf("%s = %d with X-RateLimit-Limit %q", free, got.status, got.header.Get("X-RateLimit-Limit"))
			}
		}
	}
	first := ask("GET /slippers/7")
	for name, want := range map[string]string{
		"X-RateLimit-Limit": "2", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "1800",
		"RateLimit": `"default";r=1;t=1800`, "RateLimit-Policy": `"default";q=2;w=3600`,
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	ask("GET /categories")
	if got := ask("GET /slippers/7"); got.status != http.StatusTooManyRequests {
		t.Errorf("the third request of two = %d", got.status)
	}
	if got := ask("POST /auth/login"); got.status != 200 {
		t.Errorf("the first login = %d %s", got.status, got.body)
	}
	if got := ask("POST /auth/login"); got.status != http.StatusTooManyRequests {
		t.Errorf("the second login of one = %d", got.status)
	}
	if got := ask("POST /auth/login", "Authorization", user); got.status != http.StatusTooManyRequests {
		t.Errorf("the second login of one, with a token = %d", got.status)
	}
	for i, want := range []int{200, 200, 429} { // a user counts by themselves
		if got := ask("GET /slippers/7", "Authorization", user); got.status != want {
			t.Errorf("the user's request %d = %d, want %d", i, got.status, want)
		}
	}
	if n := s.metric(t, "rate_limit_decisions_total"); n != 9 {
		t.Errorf("%.0f decisions were counted, want 9", n)
	}
}

// Carts are made one for each POST by nobody, so those are bounded by address, apart from the rest.
func TestGuestsMakeFewCarts(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Cart-Token", "of "+r.Header.Get("X-Cart-Token"))
	}, withRedis(t), policy(limits.Guest, 2, time.Hour))
	from, user := somebody(t), s.token(t, goesOn, false, 0)
	for i, want := range []int{200, 200, 429, 429} { // a token of the cart changes nothing: it may be any text
		got := s.askDirectly(t, "POST /cart/items", "", "X-Forwarded-For", from, "X-Cart-Token", strconv.Itoa(i))
		if got.status != want || want == 200 && got.header.Get("X-Cart-Token") != "of "+strconv.Itoa(i) {
			t.Errorf("the guest's slipper %d = %d %v, want %d", i, got.status, got.header, want)
		}
	}
	for _, request := range []string{"GET /cart", "PUT /cart/items/7", "POST /cart/items"} {
		headers := []string{"X-Forwarded-For", from}
		if request == "POST /cart/items" {
			headers = append(headers, "Authorization", user)
		}
		if got := s.askDirectly(t, request, "", headers...); got.status != 200 || got.header.Get("X-RateLimit-Limit") == "2" {
			t.Errorf("%s = %d of %s: it is not what guests are bounded in", request, got.status, got.header.Get("X-RateLimit-Limit"))
		}
	}
}

func TestAShadowRefusesNobody(t *testing.T) {
	t.Parallel()
	s := open(t, fine, withRedis(t), policy(limits.Default, 1, time.Hour), func(c *config) { c.Limit.Shadow = []limits.Class{limits.Default} })
	from := somebody(t)
	for range 3 {
		if got := s.askDirectly(t, "GET /", "", "X-Forwarded-For", from); got.status != 200 || got.header.Get("X-RateLimit-Remaining") != "0" {
			t.Errorf("%d with %q remaining", got.status, got.header.Get("X-RateLimit-Remaining"))
		}
	}
}

// Without Redis a gateway counts its own part of the policy.
func TestWithoutRedisNobodyIsUnlimited(t *testing.T) {
	t.Parallel()
	s := open(t, fine, policy(limits.Login, 6, time.Hour), func(c *config) { c.Limit.Replicas = 3 })
	from := somebody(t)
	for i, want := range []int{200, 200, 429, 429} {
		got := s.askDirectly(t, "POST /auth/login", "", "X-Forwarded-For", from)
		if got.status != want || (got.header.Get("Retry-After") != "") != (want == 429) {
			t.Errorf("login %d = %d with Retry-After %q, want %d", i, got.status, got.header.Get("Retry-After"), want)
		}
	}
	if n := s.metric(t, "rate_limit_degraded_total"); n != 4 {
		t.Errorf("%.0f were counted without Redis, want 4", n)
	}
}

func TestPoliciesAreRead(t *testing.T) {
	t.Parallel()
	var p limits.Policies
	if err := p.UnmarshalText([]byte("default=7/30s, login=5/5m")); err != nil ||
		p[limits.Default] != (redis_rate.Limit{Rate: 7, Burst: 7, Period: 30 * time.Second}) || p[limits.Login].Period != 5*time.Minute {
		t.Errorf("got %v, %v", p, err)
	}
	var ours, unset config
	environment := map[string]string{"INTERNAL_SECRET": "x"}
	if err := env.ParseWithOptions(&unset, env.Options{Environment: environment}); err != nil {
		t.Fatal(err)
	}
	environment["RATE_LIMITS"] = "default=100/60s" // its default: the others keep theirs
	if err := env.ParseWithOptions(&ours, env.Options{Environment: environment}); err != nil || !maps.Equal(ours.Limit.Policies, unset.Limit.Policies) {
		t.Errorf("the defaults are %v by name and %v by the variable, %v", ours.Limit.Policies, unset.Limit.Policies, err)
	}
	for _, bad := range []string{"", "default", "default=0/60s", "default=-1/60s", "default=x/60s", "default=1/60", "default=1/0s", "nobody=1/60s", "default=1/60s,,"} {
		if err := new(limits.Policies).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}
