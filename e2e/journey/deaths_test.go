package journey_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/process"
	"github.com/slippers-api/slippers/migrations"
)

// death is a place to die at: the service, what the customer does meanwhile, and what is sent there. A process dies just
// before that, and in another run just after it.
type death struct {
	where   string
	service string
	life    func(*testing.T, life)
	sent    string
}

// deaths are all places where a checkout, a payment, a refund or the end of an order is half done.
var deaths = []death{
	{"the key of an order", "order-svc", bought, "INSERT INTO orders.idempotency_keys"},
	{"reserving", "order-svc", bought, "PUT /internal/reservations/"},
	{"the order", "order-svc", bought, "INSERT INTO orders.orders ("},
	{"the reservation", "catalog-svc", bought, "INSERT INTO catalog.reservations (id, state, expires_at)"},

	{"the key of a payment", "order-svc", bought, "INSERT INTO orders.idempotency_keys#2"},
	{"the payment", "order-svc", bought, "INSERT INTO orders.payments ("},
	{"creating it at the provider", "order-svc", bought, "POST /prepare_payment"},
	{"what the provider made", "order-svc", bought, "UPDATE orders.payments SET state"},
	{"the answer of a payment", "order-svc", bought, "UPDATE orders.idempotency_keys SET finished_at#2"},
	{"a callback", "order-svc", bought, "), heard AS ("},
	{"the turn to read back", "order-svc", bought, "UPDATE orders.payments SET read_at"},
	{"reading back", "order-svc", bought, "POST /prepare_payment#2"},
	{"what was read back", "order-svc", bought, "UPDATE orders.payments SET state#2"},
	{"selling", "order-svc", bought, "/sell"},
	{"the sale", "catalog-svc", bought, "UPDATE catalog.reservations SET state = 'sold'"},
	{"the paid order", "order-svc", bought, "UPDATE orders.orders SET status = @to"},

	{"the key of a refund", "order-svc", bought, "INSERT INTO orders.idempotency_keys#3"},
	{"the refund", "order-svc", bought, "INSERT INTO orders.refunds ("},
	{"the answer of a refund", "order-svc", bought, "UPDATE orders.idempotency_keys SET finished_at#3"},
	{"that a refund is sent", "order-svc", bought, "UPDATE orders.refunds SET unclear"},
	{"refunding", "order-svc", bought, "POST /refund"},
	{"what became of the refund", "order-svc", bought, "UPDATE orders.refunds SET state"},

	{"the cancelled order", "order-svc", cancelled, "UPDATE orders.orders SET status = @to"},
	{"returning what was cancelled", "order-svc", cancelled, "/return"},
	{"the return", "catalog-svc", cancelled, "UPDATE catalog.reservations SET state = 'released'"},
	{"the expired order", "order-svc", expired, "SET status = 'EXPIRED'"},
	{"returning what expired", "order-svc", expired, "/return"},
}

// shares is over how many stores the deaths are spread.
const shares = 4

// Whatever a process is doing when it dies: once another has come, and whoever was not answered has asked again with the same
// key, everything was done once. Nothing is paid or given back twice, and the provider knows of nothing that we do not.
func TestADeathAnywhereLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	bin := mortals(t)
	for share := range shares {
		t.Run(fmt.Sprint(share), func(t *testing.T) {
			t.Parallel()
			s := open(t, "ORDER_EXPIRY_INTERVAL=200ms")
			for _, service := range []string{"order-svc", "catalog-svc"} {
				if err := s.Process(service).Stop(); err != nil {
					t.Fatal(err)
				}
			}
			heirs := map[string]*process.Process{}
			t.Cleanup(func() {
				for _, p := range heirs {
					if err := p.Stop(); err != nil {
						t.Error(err)
					}
				}
			})
			for _, service := range []string{"catalog-svc", "order-svc"} {
				var err error
				if heirs[service], err = s.boot(t.Context(), filepath.Join(bin, service), s.ops(service)); err != nil {
					t.Fatalf("%v\n%s", err, s.log)
				}
			}
			admin := s.admin(t)
			felt := admin.slipper(t, "Felt slipper", "129000.50", 1000)
			for i := share; i < len(deaths); i += shares {
				d := deaths[i]
				for _, when := range []string{"before", "after"} {
					t.Run(when+" "+d.where, func(t *testing.T) {
						if err := heirs[d.service].Stop(); err != nil {
							t.Fatal(err)
						}
						came := s.dies(t, filepath.Join(bin, d.service), when+" "+d.sent, s.timePasses)
						defer func() { heirs[d.service] = came() }()
						d.life(t, life{s, admin, s.guest(t), felt, fmt.Sprintf("Idempotency-Key: %d-%s", i, when)})
					})
					if t.Failed() {
						return // what comes next would only show the same
					}
				}
			}
			s.balanced(t)
			s.agreed(t)
		})
	}
}

// What a process leaves half done when it dies is taken up by the next one, by itself and in time: nobody helps here.
func TestWhatTheDeadLeaveIsTakenUpInTime(t *testing.T) {
	t.Parallel()
	program := filepath.Join(mortals(t), "order-svc")
	s := open(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 10)
	early, late := s.guest(t), s.guest(t)
	if err := s.Process("order-svc").Stop(); err != nil {
		t.Fatal(err)
	}
	item := `{"items":[{"slipper_id":` + felt + `,"quantity":1}]}`

	// One dies under a key, and one while it makes an order a paid one.
	first, err := s.boot(t.Context(), program, s.ops("order-svc"), "FAILPOINT=after INSERT INTO orders.idempotency_keys")
	if err != nil {
		t.Fatal(err)
	}
	if a, err := early.try(t, "POST /orders", item, "Idempotency-Key: early"); err != nil || a.status < 502 {
		t.Fatalf("the dead answer %d %s", a.status, a.body)
	}
	dead(t, first)
	came := s.dies(t, program, "after POST /internal/reservations/", func(*testing.T) {})
	ordered, ok := late.insist(t, []string{s.URL}, "POST /orders", item, "Idempotency-Key: late")
	if !ok {
		t.FailNow()
	}
	s.click(t, late.must(t, "POST /payments/octo/create", `{"order_id":`+ordered.text(t, "id")+`}`).text(t, "redirect_url"), "pay")
	heir := came()
	t.Cleanup(func() {
		if err := heir.Stop(); err != nil {
			t.Error(err)
		}
	})
	early.insist(t, []string{s.URL}, "POST /orders", item, "Idempotency-Key: early")
	late.comesTo(t, ordered.text(t, "id"), "PAID")
	if a := early.must(t, "GET /orders/", ""); a.text(t, "total") != "1" {
		t.Errorf("a buyer has %s orders", a.text(t, "total"))
	}
	s.balanced(t)
	s.agreed(t)
}

// mortals builds the services that can die where a test wants it, once, and returns their folder.
func mortals(t *testing.T) string {
	t.Helper()
	dir, err := buildMortals()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var buildMortals = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(common, "mortal")
	cmd := exec.Command("go", "build", "-tags", "failpoint", "-o", dir+"/", "./catalog-svc", "./order-svc")
	cmd.Dir = "../.."
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the services with failpoints: %w\n%s", err, out)
	}
	return dir, nil
})

// ops is the port at which a service says whether it is ready.
func (s *store) ops(service string) int {
	if service == "catalog-svc" {
		return s.Ports.Catalog.Ops
	}
	return s.Ports.Order.Ops
}

// dies starts a service that dies at a point, and again once it has. What it returns waits for that, and returns the heir.
func (s *store) dies(t *testing.T, program, at string, meanwhile func(*testing.T)) func() *process.Process {
	t.Helper()
	service := filepath.Base(program)
	victim, err := s.boot(t.Context(), program, s.ops(service), "FAILPOINT="+at)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	heirs := make(chan *process.Process, 1)
	go func() {
		<-victim.Ended()
		if service == "order-svc" {
			meanwhile(t)
		}
		heir, err := s.boot(t.Context(), program, s.ops(service))
		if err != nil {
			t.Errorf("after the death: %v", err)
		}
		heirs <- heir
	}()
	return func() *process.Process {
		select {
		case <-victim.Ended():
			dead(t, victim)
		case <-time.After(10 * time.Second):
			t.Errorf("%s never came to where it dies: %s", service, at)
			_ = victim.Stop()
		}
		return <-heirs
	}
}

// dead waits for the death of a process, and fails the test unless that is what it was.
func dead(t *testing.T, p *process.Process) {
	t.Helper()
	select {
	case <-p.Ended():
		if !strings.Contains(p.Err().Error(), "killed") {
			t.Errorf("it did not die where it should: %v", p.Err())
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%s is still alive", p.Name())
	}
}

// timePasses brings about what minutes would, while no order-svc is there: locks end, another one leads, and jobs of the dead
// are begun again. What the dead sent last may still be going on, so that comes first.
func (s *store) timePasses(t *testing.T) {
	t.Helper()
	const busy = `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = $1)`
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for going := true; going; <-tick.C {
		if err := s.db.QueryRow(t.Context(), busy, migrations.Orders.Role).Scan(&going); err != nil {
			t.Error(err)
			return
		}
	}
	for _, query := range []string{
		`UPDATE orders.river_leader SET expires_at = now()`,
		`UPDATE orders.idempotency_keys SET locked_until = now() WHERE finished_at IS NULL AND locked_until > now()`,
		`UPDATE orders.river_job SET state = 'available', scheduled_at = now() WHERE state = 'running' OR state = 'scheduled' AND kind = 'payment_confirm'`,
		`UPDATE orders.payments SET read_at = NULL`,
	} {
		if _, err := s.db.Exec(t.Context(), query); err != nil {
			t.Error(err)
		}
	}
}

// agreed fails the test unless the provider knows the payments and refunds that we know, and nothing else.
func (s *store) agreed(t *testing.T) {
	t.Helper()
	known := s.octo(t, "GET /control/payments", "")
	var ours, orders, refunds int
	err := s.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM orders.payments), (SELECT count(DISTINCT order_id) FROM orders.payments),
		(SELECT count(*) FROM orders.refunds)`).Scan(&ours, &orders, &refunds)
	if n := strings.Count(known.body, `"shop_transaction_id"`); err != nil || n != ours || ours != orders {
		t.Errorf("octo knows %d payments, we know %d of %d orders (%v)", n, ours, orders, err)
	}
	if n := strings.Count(s.octo(t, "GET /control/refunds", "").body, `"shop_refund_id"`); n != refunds {
		t.Errorf("octo knows %d refunds, we know %d", n, refunds)
	}
	for i := range ours {
		at := fmt.Sprintf("payments.%d.", i)
		status, refunded := known.text(t, at+"status"), known.text(t, at+"refunded_sum")
		var same bool
		err := s.db.QueryRow(t.Context(), `SELECT state = 'paid' AND $2 = 'succeeded' AND refunded = $3::numeric * 100 AND attention IS NULL
			FROM orders.payments WHERE transaction_id = $1`, known.text(t, at+"shop_transaction_id"), status, refunded).Scan(&same)
		if err != nil || !same {
			t.Errorf("octo says %s with %s given back of a payment that we see otherwise (%v)", status, refunded, err)
		}
	}
}
