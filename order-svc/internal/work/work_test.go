package work_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Migrate: migrations.Orders.Up, Role: migrations.Orders.Role})
}

var quiet = slog.New(slog.DiscardHandler)

// doing runs a client, as a replica would, until the test ends.
func doing(t *testing.T, db *pgxpool.Pool, rounds ...work.Routine) {
	t.Helper()
	doer, err := work.NewDoer(db, payment.Settling{}, rounds, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- work.Run(ctx, doer, time.Second) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
}

// Of several replicas one does a round at a time. A round goes on until nothing is left, and one that fails is tried again.
func TestRoutinesGoOn(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	var here atomic.Int32
	left := []int64{100, 3, 0 /* the next round */, -1, 5, 0}
	batches, turn := make(chan int64, len(left)), make(chan int, 1)
	turn <- 0
	r := work.Routine{Name: "sweep", Every: time.Second, Batch: func(context.Context) (int64, error) {
		if here.Add(1) > 1 {
			t.Error("two replicas do the same round")
		}
		defer here.Add(-1)
		i := <-turn
		turn <- i + 1
		if i >= len(left) {
			return 0, nil
		}
		batches <- left[i]
		if left[i] < 0 {
			return 0, errors.New("nobody answers")
		}
		return left[i], nil
	}}
	doing(t, db, r)
	doing(t, db, r)
	for i, want := range left {
		if got := <-batches; got != want {
			t.Fatalf("batch %d did %d, want %d", i, got, want)
		}
	}
}

// failed keeps a job that has failed for good.
func failed(t *testing.T, db *pgxpool.Pool, jobs *work.Client) int64 {
	t.Helper()
	var id int64
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		kept, err := jobs.InsertTx(t.Context(), tx, payment.ClaimJob{PaymentID: 7}, nil)
		if err != nil {
			return err
		}
		id = kept.Job.ID
		const fail = `UPDATE orders.river_job SET state = 'discarded', attempt = max_attempts, finalized_at = now(),
			errors = ARRAY[jsonb_build_object('at', now(), 'attempt', 15, 'error', 'nobody answers', 'trace', '')] WHERE id = $1`
		_, err = tx.Exec(t.Context(), fail, id)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestAdministratorsSeeWhatFailedAndTryItAgain(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	admin, id := work.Admin{Jobs: jobs}, failed(t, db, jobs)

	list, err := admin.List(t.Context(), "")
	if err != nil || len(list) != 1 || list[0].ID != id || list[0].Kind != "order_claim" || *list[0].LastError != "nobody answers" {
		t.Fatalf("the list is %+v, %v", list, err)
	}
	if j, err := admin.Retry(t.Context(), id); err != nil || j.State != "available" {
		t.Errorf("tried again: %+v, %v", j, err)
	}
	if list, err := admin.List(t.Context(), ""); err != nil || len(list) != 0 {
		t.Errorf("afterwards: %+v, %v", list, err)
	}
	if list, err := admin.List(t.Context(), "available"); err != nil || len(list) != 1 {
		t.Errorf("those to be done: %+v, %v", list, err)
	}
	if _, err := admin.Retry(t.Context(), id+1); !errors.Is(err, work.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if _, err := work.ParseState("lost"); err == nil {
		t.Error("a state that there is none of was read")
	}
}

// watched is a watcher, and what it tells.
type watched struct {
	*work.Watcher
	reg *prometheus.Registry
}

// value returns the sum of a metric's series of that label, or of all; false when there is none.
func (w watched) value(t *testing.T, name, label string) (sum float64, there bool) {
	t.Helper()
	all, err := w.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && (label == "" || m.GetLabel()[0].GetValue() == label) {
				sum, there = sum+m.GetGauge().GetValue(), true
			}
		}
	}
	return sum, there
}

func (w watched) look(t *testing.T, name string) float64 {
	t.Helper()
	if err := w.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, there := w.value(t, name, "")
	if !there {
		t.Fatalf("there is no %s", name)
	}
	return v
}

func watching(db *pgxpool.Pool, unexplained func(context.Context) (int64, error)) watched {
	reg := prometheus.NewRegistry()
	return watched{work.NewWatcher(db, unexplained, time.Second, reg), reg}
}

func explained(off int64) func(context.Context) (int64, error) {
	return func(context.Context) (int64, error) { return off, nil }
}

func TestWhatWaitsIsCounted(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	id := failed(t, db, jobs)
	w := watching(db, explained(42))
	if n := w.look(t, "jobs"); n != 1 || w.look(t, "ledger_unexplained_amount") != 42 || w.look(t, "jobs_oldest_waiting_seconds") != 0 {
		t.Errorf("%v jobs have failed", n)
	}
	for _, tt := range []struct {
		state string
		ago   time.Duration
		waits float64
	}{
		{"available", time.Hour, 3600},
		{"scheduled", 2 * time.Hour, 7200}, // nobody made it available
		{"retryable", 3 * time.Hour, 10800},
		{"scheduled", -time.Hour, 0}, // its time has not come
		{"running", time.Hour, 0},
	} {
		const put = `UPDATE orders.river_job SET state = $2, finalized_at = NULL, scheduled_at = now() - $3::interval WHERE id = $1`
		if _, err := db.Exec(t.Context(), put, id, tt.state, tt.ago); err != nil {
			t.Fatal(err)
		}
		if s := w.look(t, "jobs_oldest_waiting_seconds"); s < tt.waits || s > tt.waits+100*min(1, tt.waits) {
			t.Errorf("%s for %v: the oldest waits for %v s", tt.state, tt.ago, s)
		}
	}
	if _, err := db.Exec(t.Context(), `DELETE FROM orders.river_job`); err != nil {
		t.Fatal(err)
	}
	w.look(t, "payments_attention")
	if n := testutil.CollectAndCount(w.reg, "jobs"); n != 0 {
		t.Errorf("%d series of jobs that are gone", n)
	}
}

// A refund that the provider does not finish is asked for again and again, which no job counts as a failure.
func TestTheOldestOpenRefundIsTold(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	const refund = `
		WITH o AS (
			INSERT INTO orders.orders (user_id, user_name, status, total_amount, reservation_id) VALUES (7, 'Aziza', 'PAID', 900, gen_random_uuid()) RETURNING id
		), p AS (
			INSERT INTO orders.payments (order_id, transaction_id, amount, state, expires_at) SELECT id, gen_random_uuid(), 900, 'paid', now() FROM o RETURNING id
		)
		INSERT INTO orders.refunds (payment_id, refund_id, amount, state, reason, created_at)
		SELECT p.id, gen_random_uuid(), 1, r.state, 'test', now() - r.ago
		FROM p, (VALUES ('pending', interval '2 days'), ('new', interval '1 day'), ('succeeded', interval '9 days'), ('failed', interval '8 days')) AS r (state, ago)`
	w := watching(db, explained(0))
	if s := w.look(t, "refunds_oldest_open_seconds"); s != 0 {
		t.Errorf("without any it is there for %v s", s)
	}
	if _, err := testkit.Superuser(t, db).Exec(t.Context(), refund); err != nil {
		t.Fatal(err)
	}
	if s := w.look(t, "refunds_oldest_open_seconds"); s < 2*24*3600 || s > 2*24*3600+100 {
		t.Errorf("the oldest is there for %v s", s)
	}
}

// A job that was given up is remembered until somebody has surely seen it.
func TestWhatWasGivenUpIsRemembered(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	recent, old := failed(t, db, jobs), failed(t, db, jobs)
	for id, ago := range map[int64]time.Duration{recent: 60 * 24 * time.Hour, old: 100 * 24 * time.Hour} {
		if _, err := db.Exec(t.Context(), `UPDATE orders.river_job SET finalized_at = now() - $2::interval WHERE id = $1`, id, ago); err != nil {
			t.Fatal(err)
		}
	}
	doing(t, db)
	for left := []int64{recent, old}; len(left) != 1 || left[0] != recent; {
		rows, err := db.Query(t.Context(), `SELECT id FROM orders.river_job WHERE state = 'discarded'`)
		if err != nil {
			t.Fatal(err)
		}
		if left, err = pgx.CollectRows(rows, pgx.RowTo[int64]); err != nil || len(left) == 0 {
			t.Fatalf("left are %v, %v, want %d", left, err, recent)
		}
	}
}

// What cannot be counted is not told as zero, and hides nothing of what can.
func TestWhatIsCountedDoesNotWaitForTheRest(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	failed(t, db, jobs)
	if _, err := testkit.Superuser(t, db).Exec(t.Context(), `REVOKE SELECT ON orders.refunds FROM `+migrations.Orders.Role); err != nil {
		t.Fatal(err)
	}
	slow := errors.New("canceling statement due to statement timeout")
	w := watching(db, func(context.Context) (int64, error) { return 0, slow })
	err = w.Look(t.Context())
	if !errors.Is(err, slow) || !strings.Contains(err.Error(), "refunds: ") {
		t.Errorf("got %v", err)
	}
	for name, want := range map[string]bool{
		"jobs": true, "jobs_oldest_waiting_seconds": true, "payments_open": true, "payments_oldest_unread_seconds": true, "payments_attention": true,
		"orders_pending": true, "orders_overdue": true, "refunds_open": false, "ledger_unexplained_amount": false,
	} {
		if _, there := w.value(t, name, ""); there != want {
			t.Errorf("%s is told: %t", name, there)
		}
	}
	for check, want := range map[string]bool{"jobs": true, "payments": true, "orders": true, "refunds": false, "ledger": false} {
		if at, _ := w.value(t, "watch_last_success_timestamp_seconds", check); (at > 0) != want {
			t.Errorf("%s was read at %v", check, at)
		}
	}
}

// Whoever reads the metrics while they are counted anew misses nothing.
func TestCountingHidesNothing(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	failed(t, db, jobs)
	w := watching(db, explained(0))
	w.look(t, "jobs")
	counted := make(chan error, 1)
	go func() {
		var err error
		for range 50 {
			err = errors.Join(err, w.Look(context.WithoutCancel(t.Context())))
		}
		counted <- err
	}()
	for scrapes := 0; ; scrapes++ {
		if n, there := w.value(t, "jobs", ""); n != 1 {
			t.Fatalf("%v jobs, %t, in scrape %d", n, there, scrapes)
		}
		select {
		case err := <-counted:
			if err != nil {
				t.Error(err)
			}
			return
		default:
		}
	}
}
