package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// Patience is how long it may take to compare the whole ledger with the payments.
const Patience = 30 * time.Second

// Statement returns what moved from one moment until before another, corrections among it, oldest first. It returns payment.ErrTooLong.
func (s *Payments) Statement(ctx context.Context, from, to time.Time) ([]payment.Entry, error) {
	const query = `
		SELECT e.id, e.created_at, e.account, e.amount, p.order_id, e.payment_id, e.refund_id
		FROM (
			SELECT id, created_at, account, amount, payment_id, refund_id FROM orders.ledger_entries
			UNION ALL SELECT id, created_at, account, amount, payment_id, refund_id FROM orders.ledger_corrections
		) AS e JOIN orders.payments p ON p.id = e.payment_id
		WHERE e.created_at >= @from AND e.created_at < @to ORDER BY e.created_at, e.id LIMIT @most`

	entries, err := postgres.All[payment.Entry](ctx, s.db, "reading the ledger", query, pgx.StrictNamedArgs{"from": from, "to": to, "most": payment.MostEntries + 1})
	if len(entries) > payment.MostEntries {
		return nil, payment.ErrTooLong
	}
	return entries, err
}

// Unexplained returns how much money, in minor units, the ledger and the payments tell differently: payments that are not
// booked with their amount, refunds likewise, and entries that do not sum to zero. It is zero, or somebody must look. It reads
// all of both, for at most Patience: not for a request.
func (s *Payments) Unexplained(ctx context.Context) (int64, error) {
	const query = `
		WITH booked AS (
			SELECT payment_id, refund_id, sum(amount) FILTER (WHERE account = 'provider') AS moved, sum(amount) AS rest
			FROM (
				SELECT payment_id, refund_id, account, amount FROM orders.ledger_entries
				UNION ALL SELECT payment_id, refund_id, account, amount FROM orders.ledger_corrections
			) AS entries GROUP BY payment_id, refund_id
		), known AS (
			SELECT id AS payment_id, NULL::bigint AS refund_id, amount AS moved FROM orders.payments WHERE state = 'paid'
			UNION ALL SELECT payment_id, id, -amount FROM orders.refunds WHERE state = 'succeeded'
		)
		SELECT coalesce(sum(abs(coalesce(b.moved, 0) - coalesce(k.moved, 0)) + abs(coalesce(b.rest, 0))), 0)::bigint
		FROM booked b FULL JOIN known k ON k.payment_id = b.payment_id AND k.refund_id IS NOT DISTINCT FROM b.refund_id`

	var sum int64
	err := postgres.Patiently(ctx, s.db, Patience, func(tx pgx.Tx) error { return tx.QueryRow(ctx, query).Scan(&sum) })
	if err != nil {
		return 0, fmt.Errorf("comparing the ledger with the payments: %w", err)
	}
	return sum, nil
}
