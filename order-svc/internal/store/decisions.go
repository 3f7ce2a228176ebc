package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

const keepNote = `
	INSERT INTO orders.payment_notes (payment_id, refund_id, actor_id, decided, note) VALUES (@payment, @refund, @actor, @decided, @note)`

// Attended notes that somebody has looked after a payment, which needs nobody any more: one that the provider never tells the
// end of is cancelled then, and only a late proof leads on from there. It returns payment.ErrNotFound or
// payment.ErrNeedsNobody.
func (s *Payments) Attended(ctx context.Context, id int64, d payment.Decision) (p payment.Payment, err error) {
	const lock = `SELECT ` + paymentColumns + ` FROM orders.payments WHERE id = @id FOR UPDATE`
	const end = `
		UPDATE orders.payments SET attention = NULL, updated_at = now(),
			state = CASE WHEN state IN ('new', 'registered', 'pending') THEN 'cancelled' ELSE state END
		WHERE id = @id RETURNING ` + paymentColumns

	var before payment.Payment
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		what, args := fmt.Sprintf("noting that payment %d was looked after", id), pgx.StrictNamedArgs{"id": id}
		if before, err = postgres.One[payment.Payment](ctx, tx, what, payment.ErrNotFound, lock, args); err != nil {
			return err
		}
		if before.Attention == nil {
			return payment.ErrNeedsNobody
		}
		if _, err := tx.Exec(ctx, keepNote, pgx.StrictNamedArgs{
			"payment": id, "refund": nil, "actor": d.Actor, "decided": "needs nobody any more: " + *before.Attention, "note": d.Note,
		}); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		p, err = postgres.One[payment.Payment](ctx, tx, what, payment.ErrNotFound, end, args)
		return err
	})
	if err == nil && p.State != before.State {
		s.counts.payment(p.State)
	}
	return p, err
}

// Decide ends a refund that the provider declined when an answer was lost or it had begun: whether the money went, only a person can
// find out. It returns payment.ErrNotFound, or payment.ErrNotUnclear also while the refund's job goes on, which may still hear it.
func (s *Payments) Decide(ctx context.Context, id int64, to payment.RefundState, d payment.Decision) (payment.Refund, error) {
	const unclear = `
		SELECT r.payment_id, r.state IN ('new', 'pending') AND r.unclear AND NOT EXISTS (
			SELECT FROM orders.river_job j WHERE j.kind = 'refund_send' AND j.args @> jsonb_build_object('refund_id', r.id)
			AND j.state NOT IN ('completed', 'cancelled', 'discarded')) AS unclear
		FROM orders.refunds r WHERE r.id = @id FOR UPDATE OF r`
	// What was not sent must be asked for again. After what was, nobody needs to look unless something else is open.
	const attend = `
		UPDATE orders.payments p SET attention = CASE WHEN @failed THEN 'the provider declined a refund' END, updated_at = now()
		WHERE p.id = @payment AND (@failed OR NOT EXISTS (
			SELECT FROM orders.refunds r WHERE r.payment_id = p.id AND r.state IN ('new', 'pending', 'failed')))`
	type found struct {
		PaymentID int64
		Unclear   bool
	}

	var outdated invalidation.Pending
	what := fmt.Sprintf("deciding about refund %d", id)
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		f, err := postgres.One[found](ctx, tx, what, payment.ErrNotFound, unclear, pgx.StrictNamedArgs{"id": id})
		switch {
		case err != nil:
			return err
		case !f.Unclear:
			return payment.ErrNotUnclear
		}
		if _, err := tx.Exec(ctx, keepNote, pgx.StrictNamedArgs{
			"payment": f.PaymentID, "refund": id, "actor": d.Actor, "decided": "the refund has " + string(to), "note": d.Note,
		}); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if _, outdated, err = s.move(ctx, tx, id, to); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, attend, pgx.StrictNamedArgs{"payment": f.PaymentID, "failed": to == payment.RefundFailed}); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		return nil
	})
	if err != nil {
		return payment.Refund{}, err
	}
	s.told(ctx, to, outdated)
	r, _, err := s.Refund(ctx, id)
	return r, err
}
