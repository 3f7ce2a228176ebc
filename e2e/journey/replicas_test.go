package journey_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/slippers-api/slippers/e2e/process"
	"github.com/slippers-api/slippers/e2e/shop"
)

// replica starts another process of a service, and returns the address of its API.
func (s *store) replica(t *testing.T, name string, env ...string) string {
	t.Helper()
	address, p := s.mortal(t, name, env...)
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return address
}

// mortal starts a process that the test itself ends.
func (s *store) mortal(t *testing.T, name string, env ...string) (string, *process.Process) {
	t.Helper()
	api, apiErr := process.FreePort()
	ops, opsErr := process.FreePort()
	if apiErr != nil || opsErr != nil {
		t.Fatal(apiErr, opsErr)
	}
	base := func(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
	p, err := s.boot(t.Context(), filepath.Join(s.Bin, name), ops, append([]string{"HTTP_ADDR=" + base(api), "OPS_ADDR=" + base(ops)}, env...)...)
	if err != nil {
		t.Fatalf("%v\n%s", err, s.log)
	}
	return "http://" + base(api), p
}

// boot starts a program with the environment of its service, and waits until it says at its port ops that it is ready.
func (s *store) boot(ctx context.Context, program string, ops int, env ...string) (*process.Process, error) {
	own, err := s.Environment(filepath.Base(program))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), own...), env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	p, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	return p, p.Answers(ctx, func(ctx context.Context) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+strconv.Itoa(ops)+"/readyz", nil)
		if err != nil {
			return err
		}
		a, err := client.Do(r)
		if err != nil {
			return err
		}
		defer a.Body.Close()
		if a.StatusCode != http.StatusOK {
			return fmt.Errorf("%s is not ready: %s", p.Name(), a.Status)
		}
		return nil
	})
}

// through is a visitor whose requests go to one replica of order-svc.
func (v visitor) through(address string) visitor {
	return visitor{&store{Shop: &shop.Shop{URL: address}, Options: v.store.Options, db: v.store.db, log: v.store.log}, v.token, v.id, v.phone}
}

// pair is two processes each of catalog-svc and order-svc over one database. It returns those of order-svc.
func (s *store) pair(t *testing.T) []string {
	t.Helper()
	second := s.replica(t, "order-svc", "CATALOG_URL="+s.replica(t, "catalog-svc"))
	return []string{s.own(), second}
}

// own is the address of the store's own order-svc.
func (s *store) own() string { return "http://127.0.0.1:" + strconv.Itoa(s.Ports.Order.API) }

// patient gives everything its time: here it is not about that.
var patient = []string{"DB_POOL_SIZE=12", "DB_MAX_OVERFLOW=0", "CATALOG_TIMEOUT=40s", "HTTP_REQUEST_TIMEOUT=45s", "UPSTREAM_TIMEOUT=50s"}

// rounds is how often a race is run; ROUNDS=20 for long.
func rounds(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv("ROUNDS"))
	if err != nil {
		return 2
	}
	return n
}

// Two hundred buyers at two replicas for ten pairs each of two slippers: some name one twice, some name both, in one order
// or the other. Every pair is sold once, also where no constraint helps.
func TestReplicasDoNotOversell(t *testing.T) {
	t.Parallel()
	alone(t)
	s := open(t, patient...)
	replicas, admin := s.pair(t), s.admin(t)
	buyers := make([]visitor, 200)
	var g sync.WaitGroup
	for i := range buyers {
		g.Go(func() { buyers[i] = s.guest(t) })
	}
	g.Wait()
	for round := range rounds(t) {
		if round == 1 {
			if _, err := s.db.Exec(t.Context(), `ALTER TABLE catalog.slippers DROP CONSTRAINT slippers_quantity_not_negative`); err != nil {
				t.Fatal(err)
			}
		}
		left, right := admin.slipper(t, fmt.Sprintf("Left %d", round), "129000", 10), admin.slipper(t, fmt.Sprintf("Right %d", round), "129000", 10)
		items := []string{
			`{"slipper_id":` + left + `,"quantity":1},{"slipper_id":` + left + `,"quantity":1}`,
			`{"slipper_id":` + left + `,"quantity":1},{"slipper_id":` + right + `,"quantity":1}`,
			`{"slipper_id":` + right + `,"quantity":1},{"slipper_id":` + left + `,"quantity":1}`,
			`{"slipper_id":` + right + `,"quantity":1}`,
		}
		start := make(chan struct{})
		answers := make([]answer, len(buyers))
		for i, b := range buyers {
			g.Go(func() {
				<-start
				b = b.through(replicas[rand.IntN(2)])
				again := time.NewTicker(time.Second)
				defer again.Stop()
				for range 150 { // on a machine this busy an attempt may break off, and then its key is free after a minute
					answers[i] = b.call(t, "POST /orders", `{"items":[`+items[i%4]+`]}`, fmt.Sprintf("Idempotency-Key: %d-%d", round, i))
					if !strings.Contains(answers[i].body, "idempotency-in-progress") {
						return
					}
					<-again.C
				}
			})
		}
		close(start)
		g.Wait()
		placed := 0
		for _, a := range answers {
			switch {
			case a.status == 201:
				placed++
			case a.status != 409 || !strings.Contains(a.body, "out-of-stock"):
				t.Errorf("a buyer reads %d %s", a.status, a.body)
			}
		}
		var ordered, kept int64
		err := s.db.QueryRow(t.Context(), `
			SELECT (SELECT coalesce(sum(quantity), 0) FROM orders.order_items WHERE slipper_id IN ($1, $2)),
				(SELECT sum(quantity) FROM catalog.slippers WHERE id IN ($1, $2))`, number(t, left), number(t, right)).Scan(&ordered, &kept)
		if err != nil || ordered+kept != 20 || ordered < 19 { // one pair of the left may be left to those who want two of it
			t.Errorf("round %d: %d orders with %d pairs, and %d are left of 20 (%v)", round, placed, ordered, kept, err)
		}
	}
	s.balanced(t)
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// taking is an operation on the stock of one slipper.
type taking struct {
	pairs int // wanted; below zero they come back
}

// shelf is how stock behaves if only one asks at a time.
var shelf = porcupine.Model{
	Init: func() any { return 10 },
	Step: func(state, input, output any) (bool, any) {
		left, in, placed := state.(int), input.(taking), output.(bool)
		switch {
		case in.pairs < 0 || placed:
			return left >= in.pairs, left - in.pairs
		default:
			return left < in.pairs, left
		}
	},
}

// decided orders until the answer is yes or no; under the key all tries are one.
func (v visitor) decided(t *testing.T, body, key string) (answer, bool) {
	t.Helper()
	again := time.NewTicker(time.Second)
	defer again.Stop()
	var a answer
	for range 150 {
		a = v.call(t, "POST /orders", body, key)
		if a.status == 201 || strings.Contains(a.body, "out-of-stock") {
			return a, true
		}
		<-again.C
	}
	t.Errorf("a buyer reads %d %s", a.status, a.body)
	return a, false
}

// crowds is held by a test with so many visitors that it leaves nothing of a small machine to another one like it.
var crowds sync.Mutex

func alone(t *testing.T) {
	t.Helper()
	crowds.Lock()
	t.Cleanup(crowds.Unlock)
}

// What buyers and cancellers at two replicas read of one slipper is what they could have read one after the other.
func TestStockIsLinearizable(t *testing.T) {
	t.Parallel()
	alone(t)
	s := open(t, patient...)
	replicas := s.pair(t)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 10)
	began := time.Now()
	var mu sync.Mutex
	var seen []porcupine.Operation
	note := func(client int, pairs int, placed bool, call time.Time) {
		mu.Lock()
		defer mu.Unlock()
		done := time.Since(began)
		if pairs < 0 {
			done, client = time.Hour, 1000+len(seen) // stock may come back later than the answer: a job sees to it
		}
		seen = append(seen, porcupine.Operation{
			ClientId: client, Input: taking{pairs: pairs}, Output: placed, Call: call.Sub(began).Nanoseconds(), Return: done.Nanoseconds(),
		})
	}
	var g sync.WaitGroup
	for c := range 8 {
		buyer := s.guest(t).through(replicas[c%2])
		g.Go(func() {
			for n := range 15 {
				pairs, call := 1+(c+n)%4, time.Now()
				a, ok := buyer.decided(t, fmt.Sprintf(`{"items":[{"slipper_id":%s,"quantity":%d}]}`, felt, pairs), fmt.Sprintf("Idempotency-Key: %d-%d", c, n))
				if !ok {
					return
				}
				note(c, pairs, a.status == 201, call)
				if a.status == 201 {
					call = time.Now()
					buyer.must(t, "POST /orders/"+a.text(t, "id")+"/cancel", "")
					note(c, -pairs, true, call)
				}
			}
		})
	}
	g.Wait()
	if len(seen) < 100 {
		t.Fatalf("only %d operations were seen", len(seen))
	}
	if got := porcupine.CheckOperationsTimeout(shelf, seen, time.Minute); got != porcupine.Ok {
		t.Errorf("%d operations: %s", len(seen), got)
	}
	s.balanced(t)
}
