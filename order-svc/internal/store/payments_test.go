package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/store"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

// payments returns the payments of a desk, whose jobs are kept and not done.
func (d desk) payments(t *testing.T) *store.Payments {
	t.Helper()
	jobs, err := work.NewKeeper(d.db, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return store.NewPayments(d.db, jobs, d.outbox, nil)
}

// ordered places an order, and opens its payment.
func (d desk) ordered(t *testing.T, p *store.Payments) (order.Order, payment.Payment) {
	t.Helper()
	placed, _, err := d.Place(t.Context(), request(t, "", 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	opened, err := p.Open(t.Context(), placed, *placed.ExpiresAt)
	if err != nil {
		t.Fatal(err)
	}
	return placed, opened
}

func (d desk) pay(t *testing.T, p *store.Payments) (order.Order, payment.Payment) {
	t.Helper()
	o, opened := d.ordered(t, p)
	paid, err := p.Observe(t.Context(), opened.ID, payment.Report{State: payment.Paid, Status: "succeeded", UUID: new(uuid.New())}, payment.FromRead)
	if err != nil || paid.State != payment.Paid {
		t.Fatalf("got %+v, %v", paid, err)
	}
	if _, err := d.orders.Change(t.Context(), order.Change{OrderID: o.ID, From: order.Pending, To: order.Paid, PaymentID: &paid.ID}); err != nil {
		t.Fatal(err)
	}
	return o, paid
}

// sound fails the test unless the books are.
func (d desk) sound(t *testing.T, p *store.Payments) {
	t.Helper()
	var sum int64
	if err := d.db.QueryRow(t.Context(), `SELECT coalesce(sum(amount), 0) FROM orders.ledger_entries`).Scan(&sum); err != nil || sum != 0 {
		t.Errorf("the ledger sums to %d, %v", sum, err)
	}
	if off, err := p.Unexplained(t.Context()); err != nil || off != 0 {
		t.Errorf("%d are unexplained, %v", off, err)
	}
}

// jobs counts those of a kind.
func (d desk) jobs(t *testing.T, kind string) (n int) {
	t.Helper()
	if err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM orders.river_job WHERE kind = $1`, kind).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAnOrderHasOneOpenPayment(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	placed, _, err := d.Place(t.Context(), request(t, "", 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	var g sync.WaitGroup
	got := make([]uuid.UUID, 20)
	for i := range got {
		g.Go(func() {
			opened, err := p.Open(t.Context(), placed, *placed.ExpiresAt)
			if err != nil {
				t.Error(err)
			}
			got[i] = opened.TransactionID
		})
	}
	g.Wait()
	if len(slices.Compact(slices.Clone(got))) != 1 || d.rows(t, "payments") != 1 || d.jobs(t, "payment_confirm") != 1 {
		t.Errorf("%d payments and %d jobs, under %v", d.rows(t, "payments"), d.jobs(t, "payment_confirm"), got)
	}

	// One that ended makes room for another; an order that ended does not.
	first, _, _ := p.Find(t.Context(), placed.ID)
	if _, err := p.Observe(t.Context(), first[0].ID, payment.Report{State: payment.Cancelled, Status: "canceled"}, payment.FromRead); err != nil {
		t.Fatal(err)
	}
	second, err := p.Open(t.Context(), placed, *placed.ExpiresAt)
	if err != nil || second.TransactionID == got[0] {
		t.Errorf("the second is %v, %v", second, err)
	}
	_, _ = p.Observe(t.Context(), second.ID, payment.Report{State: payment.Cancelled, Status: "canceled"}, payment.FromRead)
	if _, err := d.Cancel(t.Context(), buyer, placed.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Open(t.Context(), placed, *placed.ExpiresAt); !errors.Is(err, payment.ErrNotPayable) {
		t.Errorf("a cancelled order: got %v", err)
	}
}

// Whatever is heard, in whatever order and how often: the state never falls, money is booked once, and one job follows.
func TestAPaymentOnlyMovesForward(t *testing.T) {
	t.Parallel()
	d := open(t, 1_000_000)
	p := d.payments(t)
	known := map[string]payment.State{
		"created": payment.Registered, "wait_user_action": payment.Pending, "waiting_for_capture": payment.Held,
		"succeeded": payment.Paid, "canceled": payment.Cancelled, "refunded": "", "no such word": "",
	}
	words := []string{"created", "wait_user_action", "waiting_for_capture", "succeeded", "canceled", "refunded", "no such word"}
	rapid.Check(t, func(r *rapid.T) {
		_, opened := d.ordered(t, p)
		state := opened.State
		for _, word := range rapid.SliceOfN(rapid.SampledFrom(words), 1, 8).Draw(r, "words") {
			source := rapid.SampledFrom([]payment.Source{payment.FromRead, payment.FromCreate}).Draw(r, "source")
			got, err := p.Observe(t.Context(), opened.ID, payment.Report{State: known[word], Status: word}, source)
			if err != nil {
				r.Fatal(err)
			}
			want := state
			if known[word] != "" && state.Before(known[word]) {
				want = known[word]
			}
			if got.State != want {
				r.Fatalf("%s after %s: got %s, want %s", word, state, got.State, want)
			}
			if state = got.State; rapid.Bool().Draw(r, "callback") {
				if err := p.Hear(t.Context(), opened.TransactionID, word, payment.FromCallback); err != nil {
					r.Fatal(err)
				}
				if after, _ := p.Payment(t.Context(), opened.ID); after.State != state {
					r.Fatalf("a callback moved it to %s", after.State)
				}
			}
		}
		var entries, claims, twice int
		err := d.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM orders.ledger_entries WHERE payment_id = $1),
			(SELECT count(*) FROM orders.river_job WHERE kind = 'order_claim' AND (args->>'payment_id')::bigint = $1),
			(SELECT count(*) - count(DISTINCT args->>'said') FROM orders.river_job WHERE kind = 'payment_heard' AND (args->>'payment_id')::bigint = $1)`, opened.ID).Scan(&entries, &claims, &twice)
		if err != nil {
			r.Fatal(err)
		}
		if paid := state == payment.Paid; paid != (entries == 2) || paid != (claims == 1) || twice > 0 {
			r.Fatalf("%s with %d entries, %d claims and %d reads too many", state, entries, claims, twice)
		}
	})
	d.sound(t, p)
}

// A read may come before the answer of the call that made the payment: only that answer has its page.
func TestAPaymentHasItsPageHoweverLateItIsHeard(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, opened := d.ordered(t, p)
	known := new(uuid.New())
	for _, heard := range []payment.Report{
		{State: payment.Pending, Status: "wait_user_action", UUID: known},
		{State: payment.Registered, Status: "created", UUID: known, PayURL: "https://pay.octo.uz/1"},
		{State: payment.Registered, Status: "created", UUID: known, PayURL: "https://pay.octo.uz/2"},
	} {
		if _, err := p.Observe(t.Context(), opened.ID, heard, payment.FromCreate); err != nil {
			t.Fatal(err)
		}
	}
	got, err := p.Payment(t.Context(), opened.ID)
	if err != nil || got.State != payment.Pending || got.PayURL == nil || *got.PayURL != "https://pay.octo.uz/1" || *got.ProviderUUID != *known {
		t.Errorf("got %+v, %v", got, err)
	}
}

// parts are refunds that nobody has asked for before.
// The answer to the call that made it, and what is read back, may tell the provider's name of a payment at once.
func TestWhatIsHeardAtOnceMovesAPaymentOnce(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	for range 20 {
		_, opened := d.ordered(t, p)
		report := payment.Report{State: payment.Registered, Status: "created", UUID: new(uuid.New()), PayURL: "https://pay.example/" + opened.TransactionID.String()}
		begin := make(chan struct{})
		var g sync.WaitGroup
		for _, source := range []payment.Source{payment.FromCreate, payment.FromRead, payment.FromOperator} {
			g.Go(func() {
				<-begin
				known, err := p.Observe(t.Context(), opened.ID, report, source)
				if err != nil || known.State != payment.Registered || known.ProviderUUID == nil || *known.ProviderUUID != *report.UUID || known.PayURL == nil {
					t.Errorf("from %s: %+v, %v", source, known, err)
				}
			})
		}
		close(begin)
		g.Wait()
	}
	if n := d.rows(t, "payment_events"); n != 60 {
		t.Errorf("%d events were kept, want 60", n)
	}
}

func parts(amounts ...money.Amount) (all []payment.Part) {
	for _, amount := range amounts {
		all = append(all, payment.Part{ID: uuid.New(), Amount: amount})
	}
	return all
}

func TestNoMoreGoesBackThanWasPaid(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	o, paid := d.pay(t, p)

	// Twenty ask at once for more than half of it: one gets it.
	half := paid.Amount/2 + 1
	var g sync.WaitGroup
	var mu sync.Mutex
	var given []payment.Refund
	for range 20 {
		g.Go(func() {
			refunds, err := p.GiveBack(t.Context(), paid.ID, parts(half-1, 1), nil, "test")
			if err != nil && !errors.Is(err, payment.ErrRefund) {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			given = append(given, refunds...)
		})
	}
	g.Wait()
	if len(given) != 2 || d.rows(t, "refunds") != 2 || d.jobs(t, "refund_send") != 2 {
		t.Fatalf("%d refunds are given, %d stored with %d jobs: want 2", len(given), d.rows(t, "refunds"), d.jobs(t, "refund_send"))
	}

	// One fails and can be given again; the order ends when all of it has arrived, and only then.
	move := func(id int64, to payment.RefundState) {
		t.Helper()
		for range 2 { // again is harmless
			if err := p.Move(t.Context(), id, to); err != nil {
				t.Fatal(err)
			}
		}
	}
	move(given[0].ID, payment.RefundFailed)
	move(given[1].ID, payment.RefundSucceeded)
	again := []payment.Part{{ID: given[1].RefundID, Amount: 1}}
	if _, err := p.GiveBack(t.Context(), paid.ID, again, nil, "test"); !errors.Is(err, order.ErrInProgress) || d.rows(t, "refunds") != 2 {
		t.Errorf("a refund that is there already: got %v", err)
	}
	rest, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount-1), nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := d.orders.Get(t.Context(), o.ID); got.Status != order.Paid {
		t.Errorf("before all arrived it is %s", got.Status)
	}
	move(rest[0].ID, payment.RefundPending)
	move(rest[0].ID, payment.RefundSucceeded)
	if got, _ := d.orders.Get(t.Context(), o.ID); got.Status != order.Refunded {
		t.Errorf("after all arrived it is %s", got.Status)
	}
	d.sound(t, p)

	// The table itself holds the bound, whatever the code does.
	if _, err := d.db.Exec(t.Context(), `UPDATE orders.payments SET refunded = amount + 1`); err == nil {
		t.Error("more than was paid went back")
	}
}

func TestTheProviderIsAskedOnceASecond(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, opened := d.ordered(t, p)
	var g sync.WaitGroup
	var mu sync.Mutex
	allowed := 0
	for range 10 {
		g.Go(func() {
			may, err := p.MayRead(t.Context(), opened.ID)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if may {
				allowed++
			}
		})
	}
	g.Wait()
	if allowed != 1 {
		t.Errorf("%d may ask at once", allowed)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE orders.payments SET read_at = read_at - interval '2 seconds'`); err != nil {
		t.Fatal(err)
	}
	if may, err := p.MayRead(t.Context(), opened.ID); err != nil || !may {
		t.Errorf("after two seconds: %t, %v", may, err)
	}
}

// Asking is no answer: how long a payment is unread is counted from what the provider has said.
func TestAPaymentIsReadWhenTheProviderHasAnswered(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, opened := d.ordered(t, p)
	if _, err := testkit.Superuser(t, d.db).Exec(t.Context(), `UPDATE orders.payments SET created_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	unread := func() float64 {
		t.Helper()
		reg := prometheus.NewRegistry()
		if err := work.NewWatcher(d.db, p.Unexplained, store.Patience, reg).Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "payments_oldest_unread_seconds" {
				return f.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("it is not told")
		return 0
	}
	if s := unread(); s != 0 {
		t.Errorf("the provider does not know it yet, so nobody can pay it, and it is unread for %v s", s)
	}
	if _, err := p.Observe(t.Context(), opened.ID, payment.Report{State: payment.Registered, Status: "created"}, payment.FromCreate); err != nil {
		t.Fatal(err)
	}
	if may, err := p.MayRead(t.Context(), opened.ID); err != nil || !may {
		t.Fatalf("it may not be read: %v", err)
	}
	if err := p.Hear(t.Context(), opened.TransactionID, "wait_user_action", payment.FromCallback); err != nil {
		t.Fatal(err)
	}
	if s := unread(); s < 3600 || s > 3700 {
		t.Errorf("asked for and not answered, it is unread for %v s", s)
	}
	if _, err := p.Observe(t.Context(), opened.ID, payment.Report{Status: "no such word"}, payment.FromRead); err != nil {
		t.Fatal(err)
	}
	if s := unread(); s > 100 {
		t.Errorf("answered just now, it is unread for %v s", s)
	}
}

func TestTheLedgerSaysWhatIsNotExplained(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, paid := d.pay(t, p)
	d.sound(t, p)
	entries, err := p.Statement(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil || len(entries) != 2 || entries[0].Amount+entries[1].Amount != 0 || entries[0].OrderID != paid.OrderID {
		t.Errorf("the statement is %+v, %v", entries, err)
	}
	if later, err := p.Statement(t.Context(), time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)); err != nil || len(later) != 0 {
		t.Errorf("later it is %+v, %v", later, err)
	}
	super := testkit.Superuser(t, d.db)
	if _, err := super.Exec(t.Context(), `DELETE FROM orders.ledger_entries WHERE account = 'provider'`); err != nil {
		t.Fatal(err)
	}
	if off, err := p.Unexplained(t.Context()); err != nil || off != 2*int64(paid.Amount) {
		t.Errorf("%d are unexplained, %v: want %d twice", off, err, paid.Amount)
	}
}

// The page of the ledger says how it is corrected: its two queries do what they say, whatever is missing.
func TestTheLedgerIsCorrectedAsItsPageSays(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../docs/runbooks/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	var sql []string
	for _, block := range strings.Split(string(page), "```sql\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		sql = append(sql, text)
	}
	if len(sql) != 2 {
		t.Fatalf("the page has %d queries", len(sql))
	}
	for name, harm := range map[string]string{
		"no entries":         `DELETE FROM orders.ledger_entries`,
		"one side is gone":   `DELETE FROM orders.ledger_entries WHERE account = 'provider'`,
		"the other is gone":  `DELETE FROM orders.ledger_entries WHERE account = 'sales'`,
		"no refund":          `DELETE FROM orders.ledger_entries WHERE refund_id IS NOT NULL`,
		"too much":           `UPDATE orders.ledger_entries SET amount = amount * 3`,
		"one side too much":  `UPDATE orders.ledger_entries SET amount = amount * 3 WHERE account = 'sales'`,
		"money without rows": `UPDATE orders.refunds SET state = 'failed'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 100)
			p := d.payments(t)
			_, paid := d.pay(t, p)
			refunds, err := p.GiveBack(t.Context(), paid.ID, parts(700), nil, "test")
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Move(t.Context(), refunds[0].ID, payment.RefundSucceeded); err != nil {
				t.Fatal(err)
			}
			owner := testkit.Superuser(t, d.db)
			if _, err := owner.Exec(t.Context(), harm); err != nil {
				t.Fatal(err)
			}
			if off, err := p.Unexplained(t.Context()); err != nil || off == 0 {
				t.Fatalf("%d are unexplained, %v", off, err)
			}
			type line struct{ Payment, Refund, Booked, Known, Rest *int64 }
			rows, err := owner.Query(t.Context(), sql[0])
			if err != nil {
				t.Fatal(err)
			}
			wrong, err := pgx.CollectRows(rows, pgx.RowToStructByName[line])
			if err != nil || len(wrong) == 0 {
				t.Fatalf("the page finds %v, %v", wrong, err)
			}
			said := func(n *int64, empty string) string {
				if n == nil {
					return empty
				}
				return "(" + strconv.FormatInt(*n, 10) + ")"
			}
			for _, l := range wrong {
				insert := strings.NewReplacer(":payment", said(l.Payment, ""), ":refund", said(l.Refund, "NULL::bigint"),
					":booked", said(l.Booked, "0"), ":known", said(l.Known, "0"), ":rest", said(l.Rest, "0")).Replace(sql[1])
				if _, err := owner.Exec(t.Context(), insert); err != nil {
					t.Fatalf("%s: %v", insert, err)
				}
				if _, err := d.db.Exec(t.Context(), insert); err == nil {
					t.Error("the service corrects its own books")
				}
			}
			if off, err := p.Unexplained(t.Context()); err != nil || off != 0 {
				t.Errorf("%d are unexplained after it was corrected, %v", off, err)
			}
			entries, err := p.Statement(t.Context(), time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
			var sum, provider money.Amount
			ids := map[int64]bool{}
			for _, e := range entries {
				if sum += e.Amount; e.Account == "provider" {
					provider += e.Amount
				}
				ids[e.ID] = true
			}
			want := paid.Amount - 700
			if name == "money without rows" {
				want = paid.Amount
			}
			if err != nil || sum != 0 || provider != want || len(ids) != len(entries) {
				t.Errorf("the statement sums to %d, and OCTO owes %d of %d: %+v, %v", sum, provider, want, entries, err)
			}
		})
	}
}

// It takes as long as it takes, which may be longer than a request's statement may.
func TestTheWholeLedgerIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	cfg := d.db.Config()
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "200ms"
	impatient, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer impatient.Close()
	super := testkit.Superuser(t, d.db)
	busy, err := super.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := busy.Exec(t.Context(), `LOCK TABLE orders.ledger_entries IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	compared := make(chan error, 1)
	go func() {
		_, err := store.NewPayments(impatient, nil, d.outbox, nil).Unexplained(context.WithoutCancel(t.Context()))
		compared <- err
	}()
	for waits := 0; waits == 0; {
		select {
		case err := <-compared:
			t.Fatalf("it did not wait: %v", err)
		default:
		}
		const long = `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND now() - query_start > interval '400 ms'`
		if err := super.QueryRow(t.Context(), long).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	if err := busy.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-compared; err != nil {
		t.Errorf("then it is %v", err)
	}
}

func TestACallWithAKeyIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	d := open(t, 1)
	key := order.Key{Value: "k", Fingerprint: []byte("a")}
	first, second := uuid.New(), uuid.New()
	if got, _, err := d.keys.BeginCall(t.Context(), 7, key, first); got != nil || err != nil {
		t.Fatalf("the first: %s, %v", got, err)
	}
	if _, _, err := d.keys.BeginCall(t.Context(), 7, key, second); !errors.Is(err, order.ErrInProgress) {
		t.Errorf("while it runs: %v", err)
	}
	if err := d.keys.EndCall(t.Context(), 7, key, first, nil); err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.keys.BeginCall(t.Context(), 7, key, second); got != nil || err != nil {
		t.Fatalf("after it failed: %s, %v", got, err)
	}
	if err := d.keys.EndCall(t.Context(), 7, key, first, []byte(`{"late":1}`)); err != nil { // its time is over
		t.Fatal(err)
	}
	if err := d.keys.EndCall(t.Context(), 7, key, second, []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if got, _, err := d.keys.BeginCall(t.Context(), 7, key, uuid.New()); string(got) != `{"a":1}` || err != nil {
		t.Errorf("again: %s, %v", got, err)
	}
	other := order.Key{Value: "k", Fingerprint: []byte("b")}
	if _, _, err := d.keys.BeginCall(t.Context(), 7, other, uuid.New()); !errors.Is(err, order.ErrKeyReused) {
		t.Errorf("another request: %v", err)
	}
}

// A process dies between cancelling an order and keeping the answer: who asks again under the key is told what was done.
func TestACancellationThatBrokeOffIsAnswered(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	placed, _, err := d.Place(t.Context(), request(t, "", 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	cancel := func(name string) (order.Order, error) {
		t.Helper()
		_, began, err := d.keys.BeginCall(t.Context(), buyer.ID, order.Key{Value: name, Fingerprint: []byte("a")}, uuid.New())
		if err != nil {
			t.Fatal(err)
		}
		return d.CancelSince(t.Context(), buyer, placed.ID, began)
	}
	for i := range 3 {
		if got, err := cancel("k"); err != nil || got.Status != order.Cancelled {
			t.Errorf("attempt %d: %s, %v", i, got.Status, err)
		}
		d.later(t, 2*time.Minute) // none of them says that it ended
	}
	if _, err := cancel("another"); !errors.Is(err, order.ErrTransition) {
		t.Errorf("under another key: %v", err)
	}
	if n := d.rows(t, "order_history WHERE to_status = 'CANCELLED'"); n != 1 || d.stock.held() != 0 {
		t.Errorf("cancelled %d times, %d reservations held", n, d.stock.held())
	}
}

// The stock of an order that ended comes back, also when nobody could be told at once.
func TestAReturnIsAJobToo(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	placed, _, err := d.Place(t.Context(), request(t, "", 3, 2))
	if err != nil {
		t.Fatal(err)
	}
	d.stock.deaf = true
	if _, err := d.Cancel(t.Context(), buyer, placed.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Cancel(t.Context(), buyer, placed.ID); !errors.Is(err, order.ErrTransition) {
		t.Errorf("again: %v", err)
	}
	if n := d.jobs(t, "stock_return"); n != 1 || d.stock.held() != 1 {
		t.Errorf("%d jobs, %d reservations held", n, d.stock.held())
	}
}
