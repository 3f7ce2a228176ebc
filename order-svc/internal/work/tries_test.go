package work_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"

	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

// book is the store of one payment, which says when it was asked for it.
type book struct {
	payment.Books // what a test does not need

	payment payment.Payment
	err     error
	asked   chan struct{}
}

func (b book) Payment(context.Context, int64) (payment.Payment, error) {
	b.asked <- struct{}{}
	return b.payment, b.err
}

func (b book) MayRead(context.Context, int64) (bool, error) { return true, nil }

func (b book) Observe(context.Context, int64, payment.Report, payment.Source) (payment.Payment, error) {
	return b.payment, nil
}

// teller is a provider that knows no more than we do, or does not answer.
type teller struct {
	payment.Provider

	err error
}

func (p teller) Read(context.Context, uuid.UUID) (payment.Report, error) {
	return payment.Report{State: payment.Cancelled, Status: "canceled"}, p.err
}

// tried keeps a job that is so old and was tried so often, lets it be tried once, and returns where it stands then: its state,
// in how many seconds it is tried again, and how many tries are spent.
func tried(t *testing.T, db *pgxpool.Pool, s payment.Settling, asked chan struct{}, args river.JobArgs, age time.Duration, before int) (state string, in float64, tries int) {
	t.Helper()
	jobs, err := work.NewKeeper(db, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var id int64
	err = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		kept, err := jobs.InsertTx(t.Context(), tx, args, nil)
		if err != nil {
			return err
		}
		id = kept.Job.ID
		_, err = tx.Exec(t.Context(), `UPDATE orders.river_job SET created_at = now() - $2::interval, attempt = $3 WHERE id = $1`, id, age, before)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	doer, err := work.NewDoer(db, s, nil, quiet)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- work.Run(ctx, doer, 10*time.Second) }()
	<-asked
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	const query = `SELECT state::text, extract(epoch FROM scheduled_at - now())::float8, attempt FROM orders.river_job WHERE id = $1`
	if err := db.QueryRow(t.Context(), query, id).Scan(&state, &in, &tries); err != nil {
		t.Fatal(err)
	}
	return state, in, tries
}

// The catalogue may be away for longer than a few tries, and keeps stock for minutes.
func TestAClaimIsTriedOftenAtFirst(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		age         time.Duration
		before      int
		least, most float64
		spent       int
	}{
		"the second time": {time.Minute, 1, 10, 16, 1},
		"an hour later":   {2 * time.Hour, 5, 0, 2, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := make(chan struct{}, 9)
			s := payment.Settling{Books: book{err: errors.New("nobody answers"), asked: asked}}
			state, in, spent := tried(t, testkit.Postgres(t), s, asked, payment.ClaimJob{PaymentID: 7}, tt.age, tt.before)
			if in < tt.least || in > tt.most || spent != tt.spent {
				t.Errorf("it is %s, and tried again in %v s after %d tries", state, in, spent)
			}
		})
	}
}

// What the provider said of a payment is not forgotten before the payment is read.
func TestAHintWaitsForItsRead(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{}, 9)
	known := payment.Payment{State: payment.Cancelled, ExpiresAt: time.Now().AddDate(0, 0, -3)}
	b := book{payment: known, asked: asked}
	hint := payment.HeardJob{PaymentID: 7, Said: "succeeded"}
	away := payment.Settling{Books: b, Provider: teller{err: payment.ErrNoAnswer}, Log: quiet}
	if state, in, _ := tried(t, testkit.Postgres(t), away, asked, hint, 0, 0); state != "scheduled" || in < 50 || in > 61 {
		t.Errorf("without an answer it is %s, and tried again in %v s", state, in)
	}
	well := payment.Settling{Books: b, Provider: teller{}, Log: quiet}
	if state, _, _ := tried(t, testkit.Postgres(t), well, asked, hint, 0, 0); state != "completed" {
		t.Errorf("with an answer it is %s", state)
	}
}
