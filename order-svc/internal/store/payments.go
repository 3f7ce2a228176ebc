package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// Payments keeps payments, refunds, and the ledger of both.
type Payments struct {
	db     *pgxpool.Pool
	jobs   Jobs
	outbox *invalidation.Outbox
	counts *Counts
}

// NewPayments returns the payments of db. c may be nil.
func NewPayments(db *pgxpool.Pool, jobs Jobs, o *invalidation.Outbox, c *Counts) *Payments {
	return &Payments{db, jobs, o, c}
}

// firstRead is how long after its making a payment is read back the first time, if nobody says anything before.
const firstRead = time.Minute

const paymentColumns = `id, order_id, transaction_id, amount, state, provider_uuid, pay_url, unclear, refunded, attention, expires_at, created_at`

// Open returns the open payment of the order, made now if there is none, with the job that reads it back. It returns
// payment.ErrNotPayable when the order is not what o says any more, or its money is here already.
func (s *Payments) Open(ctx context.Context, o order.Order, expires time.Time) (p payment.Payment, err error) {
	const insert = `
		INSERT INTO orders.payments (order_id, transaction_id, amount, expires_at)
		SELECT o.id, @transaction, o.total_amount, @expires FROM orders.orders o WHERE o.id = @order AND o.status = 'PENDING'
		ON CONFLICT (order_id) WHERE state IN ('new', 'registered', 'pending', 'held') DO NOTHING
		RETURNING ` + paymentColumns
	const open = `
		SELECT ` + paymentColumns + ` FROM orders.payments
		WHERE order_id = @order AND state IN ('new', 'registered', 'pending', 'held')`
	// After the insert, which has waited for an open payment that was just being paid.
	const here = `SELECT EXISTS (SELECT FROM orders.payments WHERE order_id = $1 AND state = 'paid' AND refunded < amount)`

	transaction, err := uuid.NewV7()
	if err != nil {
		return p, fmt.Errorf("naming a payment: %w", err)
	}
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		p, err = postgres.One[payment.Payment](ctx, tx, "opening a payment", pgx.ErrNoRows, insert, pgx.StrictNamedArgs{
			"order": o.ID, "transaction": transaction, "expires": expires,
		})
		if err != nil {
			return err
		}
		paid := false
		if err := tx.QueryRow(ctx, here, o.ID).Scan(&paid); err != nil {
			return fmt.Errorf("looking for the money of order %d: %w", o.ID, err)
		}
		if paid {
			return payment.ErrNotPayable.WithDetail("Its money is here already: the order follows.")
		}
		return later(ctx, tx, s.jobs, payment.ConfirmJob{PaymentID: p.ID}, time.Now().Add(firstRead))
	})
	if err == nil {
		s.counts.payment(payment.New)
	}
	if errors.Is(err, pgx.ErrNoRows) {
		what := fmt.Sprintf("finding the open payment of order %d", o.ID)
		return postgres.One[payment.Payment](ctx, s.db, what, payment.ErrNotPayable, open, pgx.StrictNamedArgs{"order": o.ID})
	}
	return p, err
}

// Payment returns the payment, or payment.ErrNotFound.
func (s *Payments) Payment(ctx context.Context, id int64) (payment.Payment, error) {
	const query = `SELECT ` + paymentColumns + ` FROM orders.payments WHERE id = @id`
	return postgres.One[payment.Payment](ctx, s.db, fmt.Sprintf("reading payment %d", id), payment.ErrNotFound, query, pgx.StrictNamedArgs{"id": id})
}

// Find returns the payments of an order, oldest first, and their refunds.
func (s *Payments) Find(ctx context.Context, orderID int64) ([]payment.Payment, []payment.Refund, error) {
	const payments = `SELECT ` + paymentColumns + ` FROM orders.payments WHERE order_id = @order ORDER BY id`
	const refunds = `
		SELECT r.id, r.payment_id, r.refund_id, r.amount, r.state, r.unclear, r.reason, r.created_at
		FROM orders.refunds r JOIN orders.payments p ON p.id = r.payment_id WHERE p.order_id = @order ORDER BY r.id`

	args := pgx.StrictNamedArgs{"order": orderID}
	all, err := postgres.All[payment.Payment](ctx, s.db, fmt.Sprintf("reading the payments of order %d", orderID), payments, args)
	if err != nil {
		return nil, nil, err
	}
	back, err := postgres.All[payment.Refund](ctx, s.db, fmt.Sprintf("reading the refunds of order %d", orderID), refunds, args)
	return all, back, err
}

// attentionAtOnce is how many payments are shown that a person must look at.
const attentionAtOnce = 100

// Attention returns the payments that a person must look at, the newest first.
func (s *Payments) Attention(ctx context.Context) ([]payment.Payment, error) {
	const query = `SELECT ` + paymentColumns + ` FROM orders.payments WHERE attention IS NOT NULL ORDER BY id DESC LIMIT @most`
	return postgres.All[payment.Payment](ctx, s.db, "reading payments that need attention", query, pgx.StrictNamedArgs{"most": attentionAtOnce})
}

// Unclear notes that an answer was lost.
func (s *Payments) Unclear(ctx context.Context, id int64) error {
	return s.exec(ctx, "noting a lost answer", `UPDATE orders.payments SET unclear = true, updated_at = now() WHERE id = $1`, id)
}

// Watch marks a payment that a person must look at.
func (s *Payments) Watch(ctx context.Context, id int64, why string) error {
	return s.exec(ctx, "marking a payment", `UPDATE orders.payments SET attention = $2, updated_at = now() WHERE id = $1`, id, why)
}

// Adopt makes a payment that of its order, if that is paid and by none yet, and marks it for a person to look at.
func (s *Payments) Adopt(ctx context.Context, id int64, why string) error {
	const query = `
		WITH adopted AS (
			UPDATE orders.orders o SET payment_id = p.id FROM orders.payments p
			WHERE p.id = $1 AND o.id = p.order_id AND o.status IN ('PAID', 'REFUNDED') AND o.payment_id IS NULL RETURNING p.id
		)
		UPDATE orders.payments p SET attention = $2, updated_at = now() FROM adopted WHERE p.id = adopted.id`
	return s.exec(ctx, "adopting a payment", query, id, why)
}

func (s *Payments) exec(ctx context.Context, what, query string, args ...any) error {
	if _, err := s.db.Exec(ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// MayRead says whether the provider may be asked again, which it allows once a second, and notes that it is asked now.
func (s *Payments) MayRead(ctx context.Context, id int64) (bool, error) {
	const query = `
		UPDATE orders.payments SET read_at = now()
		WHERE id = $1 AND (read_at IS NULL OR read_at < now() - interval '1100 milliseconds')`

	tag, err := s.db.Exec(ctx, query, id)
	if err != nil {
		return false, fmt.Errorf("noting a read of payment %d: %w", id, err)
	}
	return tag.RowsAffected() > 0, nil
}

// Hear keeps what was said of a payment and sees to it that it is read back soon. It returns payment.ErrNotFound.
func (s *Payments) Hear(ctx context.Context, transaction uuid.UUID, status string, source payment.Source) error {
	const query = `
		WITH known AS (SELECT id, state FROM orders.payments WHERE transaction_id = $1), heard AS (
			INSERT INTO orders.payment_events (payment_id, status, source) SELECT id, $2, $3 FROM known ON CONFLICT DO NOTHING
		)
		SELECT id, state FROM known`

	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		var id int64
		var state payment.State
		if err := tx.QueryRow(ctx, query, transaction, status, source).Scan(&id, &state); err != nil {
			return err //nolint:wrapcheck // below
		}
		if state == payment.Paid {
			return nil // nothing leads on from there
		}
		return later(ctx, tx, s.jobs, payment.HeardJob{PaymentID: id, Said: status}, time.Time{})
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return payment.ErrNotFound
	case err != nil:
		return fmt.Errorf("keeping what was said of a payment: %w", err)
	}
	return nil
}

// Observe keeps what was heard, and moves the payment on if that leads on: money that came goes into the ledger, and its
// order is claimed. It returns the payment as it is then.
func (s *Payments) Observe(ctx context.Context, id int64, r payment.Report, source payment.Source) (p payment.Payment, err error) {
	// First of all, because an event shares the payment's row, and the move, which may set a unique column, wants it alone: two that
	// hold it both would wait for each other.
	const lock = `SELECT FROM orders.payments WHERE id = $1 FOR UPDATE`
	const answered = `UPDATE orders.payments SET answered_at = now() WHERE id = $1`
	const event = `INSERT INTO orders.payment_events (payment_id, status, source) VALUES (@id, left(@status, 40), @source) ON CONFLICT DO NOTHING`
	// On its own, because a payment may have been read back before the call that made it is answered: it has no page yet.
	const learn = `
		UPDATE orders.payments SET pay_url = @url
		WHERE id = @id AND pay_url IS NULL AND state IN ('new', 'registered', 'pending', 'held')`
	const move = `
		UPDATE orders.payments SET state = @to, attention = NULL, provider_uuid = coalesce(provider_uuid, @uuid), updated_at = now()
		WHERE id = @id AND state = ANY(@before)`
	const book = `
		INSERT INTO orders.ledger_entries (payment_id, account, amount)
		SELECT p.id, e.account, e.sign * p.amount FROM orders.payments p, (VALUES ('provider', 1), ('sales', -1)) AS e (account, sign)
		WHERE p.id = $1`

	moved := false
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, lock, id); err != nil {
			return fmt.Errorf("locking payment %d: %w", id, err)
		}
		if _, err := tx.Exec(ctx, event, pgx.StrictNamedArgs{"id": id, "status": r.Status, "source": source}); err != nil {
			return fmt.Errorf("keeping an event of payment %d: %w", id, err)
		}
		if source == payment.FromRead { // whatever it said
			if _, err := tx.Exec(ctx, answered, id); err != nil {
				return fmt.Errorf("noting an answer about payment %d: %w", id, err)
			}
		}
		if r.State == "" {
			return nil
		}
		if r.PayURL != "" {
			if _, err := tx.Exec(ctx, learn, pgx.StrictNamedArgs{"id": id, "url": r.PayURL}); err != nil {
				return fmt.Errorf("keeping the page of payment %d: %w", id, err)
			}
		}
		var before []string
		for _, st := range payment.States {
			if st.Before(r.State) {
				before = append(before, string(st))
			}
		}
		tag, err := tx.Exec(ctx, move, pgx.StrictNamedArgs{"id": id, "to": r.State, "uuid": r.UUID, "before": before})
		if err != nil {
			return fmt.Errorf("moving payment %d to %s: %w", id, r.State, err)
		}
		if moved = tag.RowsAffected() > 0; !moved || r.State != payment.Paid {
			return nil
		}
		if _, err := tx.Exec(ctx, book, id); err != nil {
			return fmt.Errorf("booking payment %d: %w", id, err)
		}
		return later(ctx, tx, s.jobs, payment.ClaimJob{PaymentID: id}, time.Time{})
	})
	if err != nil {
		return p, err
	}
	if moved {
		s.counts.payment(r.State)
	}
	return s.Payment(ctx, id)
}
