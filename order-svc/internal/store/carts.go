package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Carts keeps what customers want, one cart each.
type Carts struct{ db *pgxpool.Pool }

// NewCarts returns the carts of db.
func NewCarts(db *pgxpool.Pool) *Carts { return &Carts{db} }

// Cart returns the cart of a user, and makes it the first time. Whoever makes it at the same moment makes the same one.
func (s *Carts) Cart(ctx context.Context, user int64) (order.Basket, error) {
	const (
		read = `
			SELECT c.id, (
				SELECT coalesce(json_agg(json_build_object('id', i.id, 'slipper_id', i.slipper_id, 'quantity', i.quantity) ORDER BY i.id), '[]')
				FROM orders.cart_items i WHERE i.cart_id = c.id) AS lines
			FROM orders.carts c WHERE c.user_id = @user`
		create = `INSERT INTO orders.carts (user_id) VALUES (@user) ON CONFLICT DO NOTHING`
	)
	args := pgx.StrictNamedArgs{"user": user}
	b, err := postgres.One[order.Basket](ctx, s.db, "reading a cart", pgx.ErrNoRows, read, args)
	if err != pgx.ErrNoRows { //nolint:errorlint // it is this very value
		return b, err
	}
	if _, err := s.db.Exec(ctx, create, args); err != nil {
		return order.Basket{}, fmt.Errorf("making a cart: %w", err)
	}
	return postgres.One[order.Basket](ctx, s.db, "reading a new cart", pgx.ErrNoRows, read, args)
}

// Add puts pieces of a slipper into the cart of a user. It returns order.ErrCartFull or ErrCartLineFull.
func (s *Carts) Add(ctx context.Context, user, slipper, quantity int64) error {
	// Two statements: the first makes or locks the cart, so that what the second counts stays true.
	const (
		lock = `INSERT INTO orders.carts (user_id) VALUES (@user) ON CONFLICT (user_id) DO UPDATE SET updated_at = now()`
		add  = `
			INSERT INTO orders.cart_items AS i (cart_id, slipper_id, quantity)
			SELECT c.id, @slipper, @quantity FROM orders.carts c
			WHERE c.user_id = @user AND (
				EXISTS (SELECT FROM orders.cart_items l WHERE l.cart_id = c.id AND l.slipper_id = @slipper)
				OR (SELECT count(*) FROM orders.cart_items l WHERE l.cart_id = c.id) < @most)
			ON CONFLICT (cart_id, slipper_id) DO UPDATE SET quantity = i.quantity + excluded.quantity`
	)
	var b pgx.Batch // is a transaction of its own
	b.Queue(lock, pgx.StrictNamedArgs{"user": user})
	var added int64
	b.Queue(add, pgx.StrictNamedArgs{
		"user": user, "slipper": slipper, "quantity": quantity, "most": order.MaxLines,
	}).Query(func(rows pgx.Rows) error {
		rows.Close()
		added = rows.CommandTag().RowsAffected()
		return rows.Err()
	})
	err := s.db.SendBatch(ctx, &b).Close()
	switch {
	case postgres.Violates(err, "cart_items_quantity_range"):
		return order.ErrCartLineFull
	case err != nil:
		return fmt.Errorf("adding slipper %d to a cart: %w", slipper, err)
	case added == 0:
		return order.ErrCartFull
	}
	return nil
}

// Set changes how many pieces a line has, or returns order.ErrCartItemNotFound.
func (s *Carts) Set(ctx context.Context, user, item, quantity int64) error {
	const query = `
		UPDATE orders.cart_items i SET quantity = @quantity FROM orders.carts c
		WHERE i.id = @item AND c.id = i.cart_id AND c.user_id = @user`

	return s.line(ctx, query, pgx.StrictNamedArgs{"user": user, "item": item, "quantity": quantity})
}

// Remove takes a line out, or returns order.ErrCartItemNotFound.
func (s *Carts) Remove(ctx context.Context, user, item int64) error {
	const query = `
		DELETE FROM orders.cart_items i USING orders.carts c WHERE i.id = @item AND c.id = i.cart_id AND c.user_id = @user`

	return s.line(ctx, query, pgx.StrictNamedArgs{"user": user, "item": item})
}

func (s *Carts) line(ctx context.Context, query string, args pgx.StrictNamedArgs) error {
	tag, err := s.db.Exec(ctx, query, args)
	switch {
	case err != nil:
		return fmt.Errorf("changing line %d of a cart: %w", args["item"], err)
	case tag.RowsAffected() == 0:
		return order.ErrCartItemNotFound
	}
	return nil
}

// Clear empties the cart of a user.
func (s *Carts) Clear(ctx context.Context, user int64) error {
	const query = `
		DELETE FROM orders.cart_items i USING orders.carts c WHERE c.id = i.cart_id AND c.user_id = @user`

	if _, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"user": user}); err != nil {
		return fmt.Errorf("clearing a cart: %w", err)
	}
	return nil
}

// Drop takes slippers out of a cart.
func (s *Carts) Drop(ctx context.Context, cart int64, slippers []int64) error {
	const query = `DELETE FROM orders.cart_items WHERE cart_id = @cart AND slipper_id = ANY (@slippers)`

	if _, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"cart": cart, "slippers": slippers}); err != nil {
		return fmt.Errorf("dropping slippers from cart %d: %w", cart, err)
	}
	return nil
}
