package journey_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// send sends a signal to a service.
func (s *store) send(t *testing.T, service string, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(s.Process(service).PID(), sig); err != nil {
		t.Fatalf("sending %v to %s: %v", sig, service, err)
	}
}

// ended waits for the end of a service.
func (s *store) ended(t *testing.T, service string) {
	t.Helper()
	select {
	case <-s.Process(service).Ended():
	case <-time.After(20 * time.Second):
		t.Fatalf("%s does not end", service)
	}
}

func TestTheShopWithoutItsCatalogue(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(t *testing.T, s *store){
		"killed": func(t *testing.T, s *store) {
			t.Helper()
			s.send(t, "catalog-svc", syscall.SIGKILL)
			s.ended(t, "catalog-svc")
		},
		"hanging": func(t *testing.T, s *store) {
			t.Helper()
			s.send(t, "catalog-svc", syscall.SIGSTOP)
			t.Cleanup(func() { s.send(t, "catalog-svc", syscall.SIGCONT) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			slipper := s.admin(t).slipper(t, "Felt slipper", "129000", 5)
			buyer := s.guest(t)
			buyer.must(t, "POST /cart/items", `{"slipper_id":`+slipper+`,"quantity":2}`)
			fail(t, s)
			empty(t, s.RedisURL) // what the cart knows of the catalogue from before is not what this is about

			cart := buyer.must(t, "GET /cart", "")
			if cart.text(t, "items.0.slipper_id") != slipper || cart.text(t, "items.0.quantity") != "2" || cart.field(t, "items.0.price") != nil ||
				cart.field(t, "items.0.total_price") != nil || cart.field(t, "total_amount") != nil || cart.text(t, "total_quantity") != "2" {
				t.Errorf("the cart is %s", cart.body)
			}
			for request, body := range map[string]string{
				"POST /orders/from-cart": "", "POST /orders/": `{"items":[{"slipper_id":` + slipper + `,"quantity":1}]}`, "POST /cart/items": `{"slipper_id":` + slipper + `}`,
			} {
				for _, headers := range [][]string{nil, {"Idempotency-Key: " + strings.ReplaceAll(request, " ", "")}} {
					begun := time.Now()
					a := buyer.call(t, request, body, headers...)
					after, err := strconv.Atoi(a.header.Get("Retry-After"))
					if took := time.Since(begun); a.status != 503 || took > 2*time.Second || err != nil || after < 1 {
						t.Errorf("%s %v = %d %v %s after %v", request, headers, a.status, a.header, a.body, took)
					}
					a.problem(t, request)
				}
			}
			if a := buyer.call(t, "GET /slippers/", ""); a.status < 503 || a.status > 504 || a.header.Get("Retry-After") == "" {
				t.Errorf("the list = %d %v %s", a.status, a.header, a.body)
			}
			if a := buyer.call(t, "GET /health", ""); a.status != 503 || a.text(t, "status") != "unhealthy" || a.text(t, "cache") != "healthy" {
				t.Errorf("health = %d %s", a.status, a.body)
			}
			if a := buyer.must(t, "GET /orders/", ""); a.text(t, "total") != "0" {
				t.Errorf("orders were made: %s", a.body)
			}
		})
	}
}

func TestTheShopWithoutRedis(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	s := open(t, "REDIS_URL=redis://"+closed.Addr().String()+"/0", "GATEWAY_REPLICAS=9", "GATEWAY_PEERS=localhost", "AUTH_REPLICAS=9", "AUTH_PEERS=localhost")
	slipper := s.admin(t).slipper(t, "Felt slipper", "129000", 5)
	eventually(t, "of each there is one to share the limits", func() bool { return s.metrics(t)["rate_limit_replicas"].values[""] == 2 })
	buyer := s.guest(t).login(t)
	anyone := visitor{store: s}
	if a := anyone.must(t, "GET /health", ""); a.text(t, "status") != "degraded" || a.text(t, "cache") != "unhealthy" || a.text(t, "database") != "healthy" {
		t.Errorf("health = %s", a.body)
	}
	if a := anyone.must(t, "GET /slippers/?search=felt", ""); a.text(t, "items.0.id") != slipper {
		t.Errorf("the list is %s", a.body)
	}
	buyer.must(t, "POST /cart/items", `{"slipper_id":`+slipper+`,"quantity":2}`)
	order := buyer.must(t, "POST /orders/from-cart?clear_cart=true", "", "Idempotency-Key: one")
	if order.text(t, "total_amount") != "258000.00" {
		t.Errorf("the order is %s", order.body)
	}
	if a := anyone.must(t, "GET /slippers/"+slipper, ""); a.text(t, "quantity") != "3" {
		t.Errorf("afterwards the slipper is %s", a.body)
	}
	buyer.must(t, "POST /auth/logout", "")
	if a := buyer.call(t, "GET /cart", ""); a.status != 401 {
		t.Errorf("logged out, the cart = %d %s", a.status, a.body)
	}
}

// Each service is told to end while it has read half of a request: the answer still comes, and the end is in good order.
func TestWhoIsServedIsServedToTheEnd(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin := s.admin(t)
	slipper := admin.slipper(t, "Felt slipper", "129000", 5)
	buyer := s.guest(t)
	for _, tt := range []struct { // in the order in which they stop, so that none needs one that has ended
		service   string
		port, ops int
		request   string
		token     string
		body      string
		status    int
	}{
		{"gateway", s.Ports.Gateway.API, s.Ports.Gateway.Ops, "POST /cart/items", buyer.token, `{"slipper_id":` + slipper + `}`, 200},
		{"order-svc", s.Ports.Order.API, s.Ports.Order.Ops, "POST /orders", buyer.token, `{"items":[{"slipper_id":` + slipper + `,"quantity":1}]}`, 201},
		{"auth-svc", s.Ports.Auth.API, s.Ports.Auth.Ops, "POST /auth/register", "", person, 201},
		{"catalog-svc", s.Ports.Catalog.API, s.Ports.Catalog.Ops, "POST /slippers", admin.token, `{"name":"Clog","size":"38","price":1}`, 201},
	} {
		half := len(tt.body) / 2
		running := make([]wire, 5)
		for i := range running {
			running[i] = s.dial(t, tt.port).say(tt.request + " HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n" +
				"Authorization: Bearer " + tt.token + "\r\nContent-Length: " + strconv.Itoa(len(tt.body)) + "\r\n\r\n")
			if a := running[i].hear(t); a.status != 100 { // it is said when the body is read
				t.Fatalf("%s says %d %s", tt.service, a.status, a.body)
			}
			running[i].say(tt.body[:half])
		}
		s.send(t, tt.service, syscall.SIGTERM)
		s.draining(t, tt.service, tt.ops)
		for i, w := range running {
			a := w.say(tt.body[half:]).hear(t)
			if conflict := a.status == 409 && tt.service == "auth-svc" && i > 0; a.status != tt.status && !conflict {
				t.Errorf("%s, asked to end, answers %d %s", tt.service, a.status, a.body)
			}
		}
		s.ended(t, tt.service)
		if failed, ok := errors.AsType[*exec.ExitError](s.Process(tt.service).Err()); ok {
			t.Errorf("%s ends with %v", tt.service, failed)
		}
	}
}

// ready is what a service answers to a readiness probe.
func ready(t *testing.T, service string, ops int) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/readyz", ops), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s is not there to be probed: %v", service, err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// draining waits until a service says that it is not ready any more.
func (s *store) draining(t *testing.T, service string, ops int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if ready(t, service, ops) == http.StatusServiceUnavailable {
			return
		}
	}
	t.Fatalf("%s, asked to end, still says that it is ready", service)
}

// A service whose requests wait for each other is slow, and no worse: it stays where they find it.
func TestAFullPoolIsNoOutage(t *testing.T) {
	t.Parallel()
	s := open(t, "DB_POOL_SIZE=2", "DB_MAX_OVERFLOW=0")
	admin := s.admin(t)
	slipper := admin.slipper(t, "Felt slipper", "129000", 5)
	tx, err := s.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM catalog.slippers WHERE id = $1 FOR UPDATE", slipper); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			got := admin.call(t, "PUT /slippers/"+slipper, `{"quantity":7}`)
			if got.status != http.StatusOK && got.status != http.StatusServiceUnavailable {
				t.Errorf("a change that had to wait: %d %s", got.status, got.body)
			}
		})
	}
	eventually(t, "all connections wait for one row", func() bool {
		var n int
		err := s.db.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&n)
		return err == nil && n == 2
	})
	if status := ready(t, "catalog-svc", s.ops("catalog-svc")); status != http.StatusOK {
		t.Errorf("readiness is %d while all connections are taken", status)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

func TestADeadServiceIsReported(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.send(t, "auth-svc", syscall.SIGKILL)
	select {
	case err := <-s.Died():
		if !strings.Contains(err.Error(), "auth-svc") || !strings.Contains(err.Error(), "killed") {
			t.Errorf("it is reported as %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("nobody says that auth-svc died")
	}
}
