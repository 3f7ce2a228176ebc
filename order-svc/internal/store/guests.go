package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// touches is how often, within its time, looking at a guest's cart counts as coming back to it: each time is a write.
const touches = 30

// guests returns the cart of a guest, which is empty where there is none: looking makes none.
func (s *Carts) guests(ctx context.Context, who order.Holder) (order.Basket, error) {
	if who == (order.Holder{}) {
		return order.Basket{}, nil
	}
	where, owner := owned(who)
	query := `
		WITH touched AS (
			UPDATE orders.carts c SET updated_at = now() WHERE ` + where + ` AND updated_at < now() - @fresh::interval
		) ` + basket + where

	b, err := postgres.One[order.Basket](ctx, s.db, "reading a guest's cart", pgx.ErrNoRows, query, pgx.StrictNamedArgs{
		"owner": owner, "fresh": s.guestTTL / touches,
	})
	if err == pgx.ErrNoRows { //nolint:errorlint // it is this very value
		return order.Basket{}, nil
	}
	return b, err
}

// Open makes the cart of a new token, with its first line.
func (s *Carts) Open(ctx context.Context, token order.CartToken, slipper, quantity int64) error {
	return s.add(ctx, `INSERT INTO orders.carts (token_hash) VALUES (@owner)`, order.Holder{Token: token}, slipper, quantity)
}

// Merge moves the lines of a guest's cart, if there is one, into that of a user, in one transaction. Equal slippers are
// summed, up to what a line may hold. Of two at once the second finds nothing.
//
// No line is lost, so the user's cart may have more than order.MaxLines afterwards, at most twice as many. A guest's cart
// that meets such a one stays as it is, until there is room again.
func (s *Carts) Merge(ctx context.Context, user int64, token order.CartToken) error {
	// Three statements: what the last one moves is what is there once both carts are locked.
	const (
		lock = `SELECT FROM orders.carts WHERE token_hash = @token FOR UPDATE`
		own  = `
			INSERT INTO orders.carts (user_id) SELECT @user FROM orders.carts WHERE token_hash = @token
			ON CONFLICT (user_id) DO UPDATE SET updated_at = now()`
		move = `
			WITH own AS (
				SELECT c.id FROM orders.carts c
				WHERE c.user_id = @user AND (SELECT count(*) FROM orders.cart_items i WHERE i.cart_id = c.id) <= @lines
			), guest AS (
				DELETE FROM orders.carts c USING own WHERE c.token_hash = @token RETURNING c.id
			), taken AS (
				DELETE FROM orders.cart_items i USING guest WHERE i.cart_id = guest.id RETURNING i.id, i.slipper_id, i.quantity
			)
			INSERT INTO orders.cart_items AS i (cart_id, slipper_id, quantity)
			SELECT own.id, t.slipper_id, t.quantity FROM own, taken t ORDER BY t.id
			ON CONFLICT (cart_id, slipper_id) DO UPDATE SET quantity = least(i.quantity + excluded.quantity, @pieces)`
	)
	var b pgx.Batch // is a transaction of its own
	b.Queue(lock, pgx.StrictNamedArgs{"token": token.Hash()})
	b.Queue(own, pgx.StrictNamedArgs{"token": token.Hash(), "user": user})
	b.Queue(move, pgx.StrictNamedArgs{"token": token.Hash(), "user": user, "lines": order.MaxLines, "pieces": order.MaxQuantity})
	if err := s.db.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("merging a guest's cart into that of user %d: %w", user, err)
	}
	return nil
}

// guestsAtOnce is how many carts one statement deletes.
const guestsAtOnce = 200

// ForgetGuests deletes a few of the guests' carts that nobody came back to, and says how many. Replicas skip what another
// is just deleting, and what somebody is just coming back to.
func (s *Carts) ForgetGuests(ctx context.Context) (int64, error) {
	const query = `
		WITH old AS (
			SELECT id FROM orders.carts WHERE token_hash IS NOT NULL AND updated_at < now() - @life::interval
			ORDER BY updated_at LIMIT @most FOR UPDATE SKIP LOCKED
		), emptied AS (
			DELETE FROM orders.cart_items i USING old WHERE i.cart_id = old.id
		)
		DELETE FROM orders.carts c USING old WHERE c.id = old.id`

	tag, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"life": s.guestTTL, "most": guestsAtOnce})
	if err != nil {
		return 0, fmt.Errorf("forgetting guests' carts: %w", err)
	}
	return tag.RowsAffected(), nil
}
