package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// GiveBack reserves an amount of a payment for refunds, with their jobs: more than was paid is never given, however many
// ask at once. It returns payment.ErrRefund, or order.ErrInProgress when one of the parts is there already.
func (s *Payments) GiveBack(
	ctx context.Context, paymentID int64, parts []payment.Part, actor *int64, reason string,
) (refunds []payment.Refund, err error) {
	const reserve = `
		UPDATE orders.payments SET refunded = refunded + $2, updated_at = now()
		WHERE id = $1 AND state = 'paid' AND refunded + $2 <= amount`
	const insert = `
		INSERT INTO orders.refunds (payment_id, refund_id, amount, actor_id, reason) VALUES (@payment, @refund, @amount, @actor, @reason)
		RETURNING id, payment_id, refund_id, amount, state, unclear, reason, created_at`

	var sum money.Amount
	for _, part := range parts {
		sum += part.Amount
	}
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		refunds = nil
		tag, err := tx.Exec(ctx, reserve, paymentID, sum)
		if err != nil {
			return fmt.Errorf("reserving a refund of payment %d: %w", paymentID, err)
		}
		if tag.RowsAffected() == 0 {
			return payment.ErrRefund.WithDetail("Less than that is left of what was paid.")
		}
		for _, part := range parts {
			made, err := postgres.One[payment.Refund](ctx, tx, "storing a refund", pgx.ErrNoRows, insert, pgx.StrictNamedArgs{
				"payment": paymentID, "refund": part.ID, "amount": part.Amount, "actor": actor, "reason": reason,
			})
			if err != nil {
				return err
			}
			if err := later(ctx, tx, s.jobs, payment.RefundJob{RefundID: made.ID}, time.Time{}); err != nil {
				return err
			}
			refunds = append(refunds, made)
		}
		return nil
	})
	if postgres.Violates(err, "refunds_refund_key") {
		return nil, order.ErrInProgress // another attempt was faster: its answer is there the next time
	}
	if err == nil {
		s.counts.refund(payment.RefundNew, len(refunds))
	}
	return refunds, err
}

// Refund returns the refund with its payment, or payment.ErrNotFound.
func (s *Payments) Refund(ctx context.Context, id int64) (payment.Refund, payment.Payment, error) {
	const query = `SELECT id, payment_id, refund_id, amount, state, unclear, reason, created_at FROM orders.refunds WHERE id = @id`
	r, err := postgres.One[payment.Refund](ctx, s.db, fmt.Sprintf("reading refund %d", id), payment.ErrNotFound, query, pgx.StrictNamedArgs{"id": id})
	if err != nil {
		return r, payment.Payment{}, err
	}
	p, err := s.Payment(ctx, r.PaymentID)
	return r, p, err
}

// Lost notes whether an answer about a refund was lost, or will be if the process dies now.
func (s *Payments) Lost(ctx context.Context, id int64, lost bool) error {
	return s.exec(ctx, "noting a lost answer", `UPDATE orders.refunds SET unclear = $2, updated_at = now() WHERE id = $1`, id, lost)
}

// Move sets the state of a refund that is not final. What succeeded goes into the ledger, and an order of which nothing is
// left becomes REFUNDED; what failed can be given back again.
func (s *Payments) Move(ctx context.Context, id int64, to payment.RefundState) error {
	var outdated invalidation.Pending
	moved := false
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		moved, outdated, err = s.move(ctx, tx, id, to)
		return err
	})
	if err == nil && moved {
		s.told(ctx, to, outdated)
	}
	return err
}

// told tells of a refund that has moved, once that is committed.
func (s *Payments) told(ctx context.Context, to payment.RefundState, outdated invalidation.Pending) {
	s.counts.refund(to, 1)
	if outdated.ID != 0 {
		s.counts.order(order.Refunded, 1)
		s.outbox.Publish(ctx, outdated)
	}
}

func (s *Payments) move(ctx context.Context, tx pgx.Tx, id int64, to payment.RefundState) (moved bool, outdated invalidation.Pending, err error) {
	const move = `
		UPDATE orders.refunds SET state = $2, unclear = false, updated_at = now()
		WHERE id = $1 AND state IN ('new', 'pending') AND state <> $2 RETURNING payment_id, amount`
	const free = `UPDATE orders.payments SET refunded = refunded - $2, updated_at = now() WHERE id = $1`

	var paymentID int64
	var amount money.Amount
	err = tx.QueryRow(ctx, move, id, to).Scan(&paymentID, &amount)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, outdated, nil // it is there already
	case err != nil:
		return false, outdated, fmt.Errorf("moving refund %d: %w", id, err)
	}
	switch to {
	case payment.RefundFailed:
		_, err = tx.Exec(ctx, free, paymentID, amount)
	case payment.RefundSucceeded:
		outdated, err = s.returned(ctx, tx, id, paymentID, amount)
	case payment.RefundNew, payment.RefundPending:
	}
	return true, outdated, err
}

// returned books a refund, and ends the order when nothing is left of its payment.
func (s *Payments) returned(ctx context.Context, tx pgx.Tx, id, paymentID int64, amount money.Amount) (invalidation.Pending, error) {
	const book = `
		INSERT INTO orders.ledger_entries (payment_id, refund_id, account, amount)
		VALUES ($1, $2, 'provider', -$3::bigint), ($1, $2, 'sales', $3::bigint)`
	const end = `
		WITH whole AS (
			SELECT p.id, p.order_id FROM orders.payments p WHERE p.id = $1 AND p.amount = (
				SELECT sum(r.amount) FROM orders.refunds r WHERE r.payment_id = p.id AND r.state = 'succeeded')
		), ended AS (
			UPDATE orders.orders o SET status = 'REFUNDED', updated_at = now() FROM whole
			WHERE o.id = whole.order_id AND o.status = 'PAID' AND coalesce(o.payment_id, whole.id) = whole.id RETURNING o.id, o.user_id
		), kept AS (
			INSERT INTO orders.order_history (order_id, from_status, to_status, reason) SELECT id, 'PAID', 'REFUNDED', 'all of it was given back' FROM ended
		)
		INSERT INTO orders.invalidations (tags) SELECT ARRAY['` + allTag + `', '` + userTag + `' || user_id] FROM ended RETURNING id, tags`

	// Nobody needs to look any more when none is under way, and either all of the payment has gone back, or, since the provider
	// declined one last, as much as in any request that it declined. The refunds of a request are as old as each other.
	const heal = `
		UPDATE orders.payments p SET attention = NULL, updated_at = now() FROM (
			SELECT count(*) FILTER (WHERE state IN ('new', 'pending')) AS open, sum(amount) FILTER (WHERE state = 'succeeded') AS whole,
				max(updated_at) FILTER (WHERE state = 'failed') AS declined
			FROM orders.refunds WHERE payment_id = $1
		) AS all_of, LATERAL (
			SELECT sum(amount) AS amount FROM orders.refunds WHERE payment_id = $1 AND state = 'succeeded' AND created_at > all_of.declined
		) AS since, LATERAL (
			SELECT max(amount) AS amount FROM (
				SELECT sum(amount) AS amount FROM orders.refunds WHERE payment_id = $1 AND state = 'failed' GROUP BY created_at
			) AS request
		) AS declined
		WHERE p.id = $1 AND p.attention IS NOT NULL AND all_of.open = 0 AND (all_of.whole = p.amount OR since.amount >= declined.amount)`

	var outdated invalidation.Pending
	// Two refunds that end at once must see each other: the payment's row makes them wait, but not those who only name it.
	if _, err := tx.Exec(ctx, `SELECT FROM orders.payments WHERE id = $1 FOR NO KEY UPDATE`, paymentID); err != nil {
		return outdated, fmt.Errorf("locking payment %d: %w", paymentID, err)
	}
	if _, err := tx.Exec(ctx, book, paymentID, id, amount); err != nil {
		return outdated, fmt.Errorf("booking refund %d: %w", id, err)
	}
	if _, err := tx.Exec(ctx, heal, paymentID); err != nil {
		return outdated, fmt.Errorf("looking whether payment %d needs a person: %w", paymentID, err)
	}
	err := tx.QueryRow(ctx, end, paymentID).Scan(&outdated.ID, &outdated.Tags)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return outdated, fmt.Errorf("ending the order of payment %d: %w", paymentID, err)
	}
	return outdated, nil
}
