package journey_test

import "testing"

// balanced is what must hold after everything: of stock, money and keys. Each query counts what must not be.
func (s *store) balanced(t *testing.T) {
	t.Helper()
	for what, query := range map[string]string{
		"negative stock": `SELECT count(*) FROM catalog.slippers WHERE quantity < 0`,
		"stock that its history does not explain": `SELECT count(*) FROM catalog.slippers s
			WHERE s.quantity <> coalesce((SELECT sum(m.quantity) FROM catalog.stock_movements m WHERE m.slipper_id = s.id), 0)
				- coalesce((SELECT sum(l.quantity) FROM catalog.reservation_lines l JOIN catalog.reservations r ON r.id = l.reservation_id
					WHERE l.slipper_id = s.id AND r.state IN ('held', 'sold')), 0)`,
		"the ledger is not zero":               `SELECT coalesce(sum(amount), 0) FROM orders.ledger_entries`,
		"a payment without its booking":        `SELECT count(*) FROM orders.payments p WHERE (p.state = 'paid') <> EXISTS (SELECT FROM orders.ledger_entries e WHERE e.payment_id = p.id)`,
		"a refund without its booking":         `SELECT count(*) FROM orders.refunds r WHERE (r.state = 'succeeded') <> EXISTS (SELECT FROM orders.ledger_entries e WHERE e.refund_id = r.id)`,
		"more went back than was paid":         `SELECT count(*) FROM orders.payments p WHERE p.amount < (SELECT coalesce(sum(r.amount), 0) FROM orders.refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')`,
		"a sum that no refund gives back":      `SELECT count(*) FROM orders.payments p WHERE p.refunded <> (SELECT coalesce(sum(r.amount), 0) FROM orders.refunds r WHERE r.payment_id = p.id AND r.state <> 'failed')`,
		"an order that two payments paid":      `SELECT count(*) FROM (SELECT order_id FROM orders.payments WHERE state = 'paid' AND refunded < amount GROUP BY order_id HAVING count(*) > 1) x`,
		"a paid order without its payment":     `SELECT count(*) FROM orders.orders o WHERE o.status = 'PAID' AND NOT EXISTS (SELECT FROM orders.payments p WHERE p.id = o.payment_id AND p.state = 'paid')`,
		"a key that is locked for too long":    `SELECT count(*) FROM orders.idempotency_keys WHERE finished_at IS NULL AND locked_until > now() + interval '90 seconds'`,
		"a paid order whose stock is not sold": `SELECT count(*) FROM orders.orders o JOIN catalog.reservations r ON r.id = o.reservation_id WHERE o.status IN ('PAID', 'REFUNDED') AND r.state <> 'sold'`,
	} {
		var n int64
		if err := s.db.QueryRow(t.Context(), query).Scan(&n); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", what, n, err)
		}
	}
}
