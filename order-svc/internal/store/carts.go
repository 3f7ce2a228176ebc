package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Carts keeps what customers want: one cart for each user, and for each token of a guest.
//
// Who changes more than one line of a cart locks the cart first, so that no two wait for each other.
type Carts struct {
	db *pgxpool.Pool

	// guestTTL is for how long a guest's cart is kept that nobody comes back to.
	guestTTL time.Duration
}

// NewCarts returns the carts of db.
func NewCarts(db *pgxpool.Pool, guestTTL time.Duration) *Carts { return &Carts{db, guestTTL} }

// owned returns the condition that a cart c is that of who, and what @owner is in it.
func owned(who order.Holder) (where string, owner any) {
	if who.User == 0 {
		return "c.token_hash = @owner", who.Token.Hash()
	}
	return "c.user_id = @owner", who.User
}

// basket reads a cart c.
const basket = `SELECT c.id, (
		SELECT coalesce(json_agg(json_build_object('id', i.id, 'slipper_id', i.slipper_id, 'quantity', i.quantity) ORDER BY i.id), '[]')
		FROM orders.cart_items i WHERE i.cart_id = c.id) AS lines
	FROM orders.carts c WHERE `

// Cart returns the cart of who. A user's is made the first time; whoever makes it at the same moment makes the same one.
func (s *Carts) Cart(ctx context.Context, who order.Holder) (order.Basket, error) {
	if who.User == 0 {
		return s.guests(ctx, who)
	}
	const create = `INSERT INTO orders.carts (user_id) VALUES (@owner) ON CONFLICT DO NOTHING`

	where, owner := owned(who)
	args := pgx.StrictNamedArgs{"owner": owner}
	b, err := postgres.One[order.Basket](ctx, s.db, "reading a cart", pgx.ErrNoRows, basket+where, args)
	if err != pgx.ErrNoRows { //nolint:errorlint // it is this very value
		return b, err
	}
	if _, err := s.db.Exec(ctx, create, args); err != nil {
		return order.Basket{}, fmt.Errorf("making a cart: %w", err)
	}
	return postgres.One[order.Basket](ctx, s.db, "reading a new cart", pgx.ErrNoRows, basket+where, args)
}

// Add puts pieces of a slipper into the cart of who. It returns order.ErrCartFull, ErrCartLineFull or ErrCartGone.
func (s *Carts) Add(ctx context.Context, who order.Holder, slipper, quantity int64) error {
	lock := `INSERT INTO orders.carts (user_id) VALUES (@owner) ON CONFLICT (user_id) DO UPDATE SET updated_at = now()`
	if who.User == 0 {
		lock = `UPDATE orders.carts SET updated_at = now() WHERE token_hash = @owner`
	}
	return s.add(ctx, lock, who, slipper, quantity)
}

// add takes two statements: lock makes or locks the cart, so that what the second counts stays true.
func (s *Carts) add(ctx context.Context, lock string, who order.Holder, slipper, quantity int64) error {
	where, owner := owned(who)
	add := `
		INSERT INTO orders.cart_items AS i (cart_id, slipper_id, quantity)
		SELECT c.id, @slipper, @quantity FROM orders.carts c
		WHERE ` + where + ` AND (
			EXISTS (SELECT FROM orders.cart_items l WHERE l.cart_id = c.id AND l.slipper_id = @slipper)
			OR (SELECT count(*) FROM orders.cart_items l WHERE l.cart_id = c.id) < @most)
		ON CONFLICT (cart_id, slipper_id) DO UPDATE SET quantity = i.quantity + excluded.quantity`

	var b pgx.Batch // is a transaction of its own
	var locked, added int64
	count := func(n *int64) func(pgx.Rows) error {
		return func(rows pgx.Rows) error {
			rows.Close()
			*n = rows.CommandTag().RowsAffected()
			return rows.Err()
		}
	}
	b.Queue(lock, pgx.StrictNamedArgs{"owner": owner}).Query(count(&locked))
	b.Queue(add, pgx.StrictNamedArgs{
		"owner": owner, "slipper": slipper, "quantity": quantity, "most": order.MaxLines,
	}).Query(count(&added))
	err := s.db.SendBatch(ctx, &b).Close()
	switch {
	case postgres.Violates(err, "cart_items_quantity_range"):
		return order.ErrCartLineFull
	case err != nil:
		return fmt.Errorf("adding slipper %d to a cart: %w", slipper, err)
	case locked == 0:
		return order.ErrCartGone
	case added == 0:
		return order.ErrCartFull
	}
	return nil
}

// Set changes how many pieces a line has, or returns order.ErrCartItemNotFound.
func (s *Carts) Set(ctx context.Context, who order.Holder, item, quantity int64) error {
	return s.line(ctx, who, `UPDATE orders.cart_items i SET quantity = @quantity FROM cart WHERE i.id = @item AND i.cart_id = cart.id`,
		pgx.StrictNamedArgs{"item": item, "quantity": quantity})
}

// Remove takes a line out, or returns order.ErrCartItemNotFound.
func (s *Carts) Remove(ctx context.Context, who order.Holder, item int64) error {
	return s.line(ctx, who, `DELETE FROM orders.cart_items i USING cart WHERE i.id = @item AND i.cart_id = cart.id`,
		pgx.StrictNamedArgs{"item": item})
}

func (s *Carts) line(ctx context.Context, who order.Holder, change string, args pgx.StrictNamedArgs) error {
	n, err := s.change(ctx, who, change, args)
	switch {
	case err != nil:
		return fmt.Errorf("changing line %d of a cart: %w", args["item"], err)
	case n == 0:
		return order.ErrCartItemNotFound
	}
	return nil
}

// Clear empties the cart of who.
func (s *Carts) Clear(ctx context.Context, who order.Holder) error {
	if _, err := s.change(ctx, who, `DELETE FROM orders.cart_items i USING cart WHERE i.cart_id = cart.id`, pgx.StrictNamedArgs{}); err != nil {
		return fmt.Errorf("clearing a cart: %w", err)
	}
	return nil
}

// change locks the cart of who and changes lines of it, and says how many.
func (s *Carts) change(ctx context.Context, who order.Holder, change string, args pgx.StrictNamedArgs) (int64, error) {
	var where string
	where, args["owner"] = owned(who)
	tag, err := s.db.Exec(ctx, `WITH cart AS (UPDATE orders.carts c SET updated_at = now() WHERE `+where+` RETURNING id) `+change, args)
	return tag.RowsAffected(), err
}

// Drop takes slippers out of a cart.
func (s *Carts) Drop(ctx context.Context, cart int64, slippers []int64) error {
	const query = `
		WITH cart AS (SELECT id FROM orders.carts WHERE id = @cart FOR UPDATE)
		DELETE FROM orders.cart_items i USING cart WHERE i.cart_id = cart.id AND i.slipper_id = ANY (@slippers)`

	if _, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"cart": cart, "slippers": slippers}); err != nil {
		return fmt.Errorf("dropping slippers from cart %d: %w", cart, err)
	}
	return nil
}
