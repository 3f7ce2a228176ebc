package journey_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/testkit"
)

// On a cluster of Redis the store is what it is on one: pages are kept and never old, limits and ended sessions hold.
func TestAStoreOnAClusterOfRedis(t *testing.T) {
	t.Parallel()
	nodes := testkit.RedisCluster(t, 3)
	const patience = "&dial_timeout=10s&read_timeout=10s&write_timeout=10s&pool_timeout=10s"
	s := open(t, "REDIS_MODE=cluster", "REDIS_URL=redis://"+nodes[0]+"?addr="+strings.Join(nodes[1:], "&addr=")+patience,
		strings.Replace(unlimited[0], "reset=1000000/60s", "reset=2/3600s", 1))
	admin, buyer, nobody := s.admin(t), s.guest(t), visitor{store: s}
	felt := admin.slipper(t, "Felt slipper", "129000.50", 5)
	cached := func() answer { return nobody.must(t, "GET /slippers/"+felt, "") }
	for n := range 20 {
		price := []string{"1000", "2000"}[n%2]
		admin.must(t, "PUT /slippers/"+felt, `{"name":"Felt slipper","size":"38-39","price":`+price+`,"quantity":5}`)
		if got := cached().text(t, "price"); got != price+".00" {
			t.Fatalf("after it cost %s it costs %s", price, got)
		}
		if got := cached().header.Get("Cache-Status"); !strings.Contains(got, "; hit") {
			t.Fatalf("the second look is %s", got)
		}
	}
	other := s.second(t)
	if got := other.must(t, "GET /slippers/"+felt, "").text(t, "price"); got != "2000.00" {
		t.Errorf("at another gateway it costs %s", got)
	}
	for i, want := range []int{202, 202, 429} { // at two gateways by turns
		if got := []visitor{nobody, other, nobody}[i].call(t, "POST /auth/forgot-password", `{"phone_number":"+998900000000"}`).status; got != want {
			t.Errorf("request %d of two = %d", i+1, got)
		}
	}
	buyer.order(t, felt, 1)
	if got := cached().text(t, "quantity"); got != "4" {
		t.Errorf("%s pairs are left of 5 after one was ordered", got)
	}
	buyer.must(t, "POST /auth/logout", "")
	other.token = buyer.token
	for _, v := range []visitor{buyer, other} {
		if a := v.call(t, "GET /orders/", ""); a.status != http.StatusUnauthorized {
			t.Errorf("after the logout = %d", a.status)
		}
	}
}
