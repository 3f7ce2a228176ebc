package journey_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// try is call for a request whose answer may be lost.
func (v visitor) try(t *testing.T, request, body string, headers ...string) (answer, error) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, v.store.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(b)}, err
}

// insist repeats a request, at one replica after the other, until it is answered well.
func (v visitor) insist(t *testing.T, replicas []string, request, body string, headers ...string) (answer, bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var last answer
	for n := range 2400 { // a key is free a minute after its attempt died
		a, err := v.through(replicas[n%len(replicas)]).try(t, request, body, headers...)
		if err == nil && a.status < 300 {
			return a, true
		}
		if err == nil && a.status < 502 && !strings.Contains(a.body, "idempotency-in-progress") {
			t.Errorf("%s = %d %s", request, a.status, a.body)
			return a, false
		}
		last = a
		<-tick.C
	}
	t.Errorf("%s is never answered: %d %s", request, last.status, last.body)
	return last, false
}

// A replica that is killed in the middle of placing and paying orders loses and doubles nothing: whoever repeats what they
// asked, with the same key, has one order that is paid once.
func TestAKilledReplicaLosesNothing(t *testing.T) {
	t.Parallel()
	alone(t)
	s := open(t, patient...)
	felt := s.admin(t).slipper(t, "Felt slipper", "129000", 1000)
	kills := (rounds(t) + 1) / 2
	for round := range kills {
		address, victim := s.mortal(t, "order-svc")
		replicas := []string{address, s.own()}
		buyers := make([]visitor, 10)
		var g sync.WaitGroup
		for i := range buyers {
			g.Go(func() { buyers[i] = s.guest(t) })
		}
		g.Wait()
		orders := make([]string, len(buyers))
		for i, b := range buyers {
			g.Go(func() {
				key := fmt.Sprintf("Idempotency-Key: %d-%d", round, i)
				placed, ok := b.insist(t, replicas, "POST /orders", `{"items":[{"slipper_id":`+felt+`,"quantity":1}]}`, key)
				if !ok {
					return
				}
				orders[i] = placed.text(t, "id")
				at, ok := b.insist(t, replicas, "POST /payments/octo/create", `{"order_id":`+orders[i]+`}`, key+"-pay")
				if ok {
					s.click(t, at.text(t, "redirect_url"), "pay")
				}
			})
		}
		time.AfterFunc(time.Duration(rand.IntN(300))*time.Millisecond, func() { // at any moment
			_ = syscall.Kill(victim.PID(), syscall.SIGKILL)
		})
		g.Wait()
		<-victim.Ended()
		if t.Failed() {
			t.FailNow()
		}
		// Jobs that the dead had begun are begun again by the others, after a while that is not this test's to wait for.
		if _, err := s.db.Exec(t.Context(), `UPDATE orders.river_job SET state = 'available', scheduled_at = now() WHERE state = 'running'
			AND attempted_at < now() - interval '2 seconds'`); err != nil {
			t.Fatal(err)
		}
		s.readBack(t)
		for i, b := range buyers {
			b.becomes(t, orders[i], "PAID")
			if a := b.must(t, "GET /orders/", ""); a.text(t, "total") != "1" {
				t.Errorf("a buyer has %s orders", a.text(t, "total"))
			}
		}
	}
	payments := s.octo(t, "GET /control/payments", "").body
	if n, want := strings.Count(payments, `"status":"succeeded"`), 10*kills; n != want || strings.Count(payments, `"shop_transaction_id"`) != want {
		t.Errorf("octo knows %d payments, %d of them paid, want %d", strings.Count(payments, `"shop_transaction_id"`), n, want)
	}
	s.balanced(t)
}
