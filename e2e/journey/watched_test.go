package journey_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
	"github.com/slippers-api/slippers/e2e/process"
)

// watched starts a Prometheus that watches the store.
func (s *store) watched(t *testing.T, every time.Duration, more ...monitor.Target) *monitor.Monitor {
	t.Helper()
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	rules, err := observe.RulesFile("")
	if err != nil {
		t.Fatal(err)
	}
	log := &logs{}
	m, err := monitor.Start(t.Context(), monitor.Options{
		Dir: t.TempDir(), Rules: rules, Targets: append(monitor.Targets(s.Ports.Ops()), more...), Every: every, Prometheus: port, Out: log,
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := m.Stop(); err != nil {
			t.Errorf("stopping: %v\n%s", err, log)
		}
	})
	eventually(t, "all are scraped", func() bool {
		v, err := m.Query(t.Context(), "count(up == 1)")
		return err == nil && len(v) == 1 && int(v[0].Value) == len(s.Ports.Ops())+len(more)
	})
	return m
}

// everything goes through all that people do in a store, good and bad.
func (s *store) everything(t *testing.T, r *ownRedis) {
	t.Helper()
	admin, buyer, nobody := s.admin(t), s.guest(t), visitor{store: s}
	felt := admin.slipper(t, "Felt slipper", "129000.50", 9)
	category := admin.must(t, "POST /categories/", `{"name":"Warm ones like `+felt+`"}`).text(t, "id")
	for range 3 {
		for _, look := range []string{"/slippers/", "/slippers/?search=felt", "/slippers/" + felt, "/slippers/" + felt + "/images", "/categories/", "/categories/" + category, "/health", "/"} {
			nobody.must(t, "GET "+look, "")
		}
	}
	nobody.call(t, "GET /slippers/999999", "")
	nobody.call(t, "GET /nowhere", "")
	nobody.call(t, "POST /slippers/", `{}`)

	// Getting in, and not.
	nobody.call(t, "POST /auth/login", `{"phone_number":"`+buyer.phone+`","password":"wrong"}`)
	bundle := nobody.must(t, "POST /auth/login", `{"phone_number":"`+buyer.phone+`","password":"`+password+`"}`)
	spent := `{"refresh_token":"` + bundle.text(t, "refresh_token") + `"}`
	nobody.must(t, "POST /auth/refresh", spent)
	if a := nobody.call(t, "POST /auth/refresh", spent); a.status != http.StatusUnauthorized {
		t.Errorf("a spent refresh token = %d", a.status)
	}
	for range 2 { // one is allowed
		nobody.call(t, "POST /auth/forgot-password", `{"phone_number":"`+buyer.phone+`"}`)
	}
	buyer = buyer.login(t)

	// Carts and orders.
	nobody.must(t, "POST /cart/items", `{"slipper_id":`+felt+`,"quantity":1}`)
	buyer.must(t, "POST /cart/items", `{"slipper_id":`+felt+`,"quantity":1}`)
	buyer.must(t, "GET /cart", "")
	buyer.must(t, "POST /orders/from-cart?clear_cart=true", "")
	buyer.must(t, "POST /orders/"+buyer.order(t, felt, 1)+"/cancel", "")
	if a := buyer.call(t, "POST /orders/", `{"items":[{"slipper_id":`+felt+`,"quantity":400}]}`); a.status != http.StatusConflict {
		t.Errorf("400 pairs of a few = %d %s", a.status, a.body)
	}
	buyer.must(t, "GET /orders/", "")
	admin.must(t, "GET /users/", "")

	// Money.
	paid := buyer.order(t, felt, 1)
	pay := buyer.must(t, "POST /payments/octo/create", `{"order_id":`+paid+`}`).text(t, "redirect_url")
	s.click(t, pay, "pay")
	buyer.becomes(t, paid, "PAID")
	buyer.must(t, "GET /payments/"+paid, "")
	admin.must(t, "POST /payments/octo/refund", `{"order_id":`+paid+`}`)
	buyer.becomes(t, paid, "REFUNDED")

	// Operators.
	admin.must(t, "POST /admin/cache/invalidate", `{"pattern":"slippers:*"}`)
	for _, look := range []string{"db-pool-status", "jobs", "payments", "cache", "slow-queries", "missing-indexes"} {
		admin.must(t, "GET /admin/"+look, "")
	}

	// Redis goes, and comes back.
	if err := r.p.Stop(); err != nil {
		t.Fatal(err)
	}
	nobody.must(t, "GET /slippers/"+felt, "")
	admin.must(t, "PUT /slippers/"+felt, `{"name":"Felt slipper","size":"38-39","price":130000,"quantity":7}`)
	r.start(t)
	eventually(t, "the store knows its Redis again", func() bool {
		return strings.Contains(nobody.must(t, "GET /health", "").body, `"status":"healthy"`)
	})
	buyer.must(t, "POST /auth/logout", "")
}

// forPictures is how long the store lives for pictures that somebody will look at.
const forPictures = 4 * time.Minute

// window is what rates are over.
const window = "1m"

// shown are the panels that must have something to show.
func shown(d observe.Dashboard) (all []observe.Panel) {
	for _, row := range d.Rows {
		for _, p := range row.Panels {
			if !p.NeedsCluster && p.Absent == "" {
				all = append(all, p)
			}
		}
	}
	return all
}

// Every panel has something to show and every alert something to judge, after a day in the life of a store.
func TestNothingThatIsWatchedIsEmpty(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("prometheus"); err != nil {
		t.Skip("no prometheus on PATH, which this test asks: apt-get install prometheus")
	}
	r := newOwnRedis(t)
	s := open(t, "REDIS_URL="+fmt.Sprintf("redis://127.0.0.1:%d/0", r.port), "WATCH_INTERVAL=500ms", "STOCK_BALANCE_INTERVAL=1s", "CACHE_STALE_IF_ERROR=1s",
		strings.Replace(unlimited[0], "reset=1000000/60s", "reset=1/60s", 1))
	m := s.watched(t, time.Second)
	began := time.Now()
	for n := range 1000 { // what is counted for the first time begins with one: only then can it be seen to rise
		s.everything(t, r)
		eventually(t, "that is scraped", func() bool {
			v, err := m.Query(t.Context(), fmt.Sprintf(`sum(http_request_duration_seconds_count{route="/auth/logout"}) >= %d`, 2*(n+1)))
			return err == nil && len(v) == 1
		})
		if n > 0 && (os.Getenv("UPDATE") == "" || time.Since(began) > forPictures) {
			break
		}
	}

	var empty []string
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("nothing to see:\n%s", strings.Join(empty, "\n"))
		}
	})
	ask := func(where, expr string) {
		if v, err := m.Query(t.Context(), expr); err != nil {
			t.Errorf("%s: %v", where, err)
		} else if !monitor.Shown(v) {
			empty = append(empty, where+": "+expr)
		}
	}
	eventually(t, "all have something to show", func() bool {
		empty = nil
		for _, d := range observe.Dashboards() {
			for _, p := range shown(d) {
				for _, q := range p.Queries {
					ask(d.Title+", "+p.Title, q.Plain(window))
				}
			}
		}
		for _, a := range observe.Alerts() {
			for _, c := range a.When {
				if c.Absent == "" {
					ask("alert "+a.Name, c.Left)
				}
			}
		}
		return len(empty) == 0 || t.Failed()
	})
	s.counted(t)
	s.documented(t)
	pictured(t, m, began)
}
