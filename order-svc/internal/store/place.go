package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Place stores a new order with its lines and its history, takes out of the cart what was ordered, and finishes the key,
// all at once. It returns order.ErrInProgress when another attempt has taken the key over, and wraps order.ErrUnsure when
// the order may have been stored nevertheless.
func (s *Orders) Place(ctx context.Context, o order.Order, expires time.Time, r order.Request) (order.Order, error) {
	if r.Key == nil {
		made, outdated, err := insert(ctx, s.db, o, expires, r)
		if err != nil {
			return order.Order{}, unsure(err)
		}
		s.counts.order(order.Pending, 1)
		s.outbox.Publish(ctx, outdated)
		return made, nil
	}
	var made order.Order
	var outdated invalidation.Pending
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		if made, outdated, err = insert(ctx, tx, o, expires, r); err != nil {
			return err
		}
		return finish(ctx, tx, made, *r.Key)
	})
	switch {
	case postgres.Violates(err, "orders_reservation_key"):
		return order.Order{}, order.ErrInProgress // another attempt was faster: its answer is there the next time
	case err != nil:
		return order.Order{}, unsure(err)
	}
	s.counts.order(order.Pending, 1)
	s.outbox.Publish(ctx, outdated)
	return made, nil
}

// inserted is what PostgreSQL chose for a new order.
type inserted struct {
	ID        int64
	CreatedAt time.Time
	ExpiresAt time.Time
	Items     []int64 // their ids, in the order of the lines

	Invalidation int64
}

// insert is one statement, because an order is: nobody sees it without its lines. A line of the cart that was changed
// since it was ordered stays there.
func insert(
	ctx context.Context, db postgres.Querier, o order.Order, expires time.Time, r order.Request,
) (order.Order, invalidation.Pending, error) {
	const query = `
		WITH placed AS (
			INSERT INTO orders.orders (user_id, user_name, status, total_amount, notes, reservation_id, expires_at)
			VALUES (@user, @user_name, @status, @total, @notes, @reservation, @expires) RETURNING id, created_at, expires_at
		), lines AS (
			INSERT INTO orders.order_items (order_id, slipper_id, quantity, unit_price, total_price, notes, name, size, image, spic, package_code, vat)
			SELECT p.id, l.slipper_id, l.quantity, l.unit_price, l.total_price, l.notes, l.name, l.size, l.image, l.spic, l.package_code, l.vat
			FROM placed p, unnest(@slippers::bigint[], @quantities::bigint[], @prices::bigint[], @totals::bigint[],
				@line_notes::text[], @names::text[], @sizes::text[], @images::text[],
				@spics::text[], @packages::text[], @vats::boolean[])
				WITH ORDINALITY AS l (slipper_id, quantity, unit_price, total_price, notes, name, size, image, spic, package_code, vat, nr)
			ORDER BY l.nr RETURNING id
		), kept AS (
			INSERT INTO orders.order_history (order_id, actor_id, to_status, reason)
			SELECT id, @user, @status, 'placed' FROM placed
		), cart AS (
			SELECT id FROM orders.carts WHERE @clear AND user_id = @user FOR UPDATE
		), cleared AS (
			DELETE FROM orders.cart_items i
			USING cart, unnest(@slippers::bigint[], @quantities::bigint[]) AS l (slipper_id, quantity)
			WHERE i.cart_id = cart.id AND i.slipper_id = l.slipper_id AND i.quantity = l.quantity
		), outdated AS (
			INSERT INTO orders.invalidations (tags) SELECT @tags FROM placed RETURNING id
		)
		SELECT id, created_at, expires_at, (SELECT array_agg(id ORDER BY id) FROM lines) AS items, (SELECT id FROM outdated) AS invalidation
		FROM placed`

	n := len(o.Items)
	slippers, quantities, prices, totals := make([]int64, n), make([]int64, n), make([]money.Amount, n), make([]money.Amount, n)
	notes, names, sizes, images := make([]string, n), make([]string, n), make([]string, n), make([]*string, n)
	spics, packages, vats := make([]*string, n), make([]*string, n), make([]*bool, n)
	for i, l := range o.Items {
		slippers[i], quantities[i], prices[i], totals[i] = l.SlipperID, l.Quantity, l.UnitPrice, l.TotalPrice
		notes[i], names[i], sizes[i], images[i] = l.Notes, l.Name, l.Size, l.Image
		if f := l.Fiscal; f != nil {
			spics[i], packages[i], vats[i] = &f.SPIC, &f.PackageCode, &f.VAT
		}
	}
	got, err := postgres.Planned[inserted](ctx, db, "storing an order", query, pgx.StrictNamedArgs{
		"user": o.UserID, "user_name": o.UserName, "status": o.Status, "total": o.TotalAmount, "notes": o.Notes,
		"reservation": o.ReservationID, "expires": expires, "clear": r.ClearCart,
		"slippers": slippers, "quantities": quantities, "prices": prices, "totals": totals,
		"line_notes": notes, "names": names, "sizes": sizes, "images": images, "spics": spics, "packages": packages, "vats": vats,
		"tags": orderTags(o.UserID),
	})
	if err != nil {
		return order.Order{}, invalidation.Pending{}, err
	}
	o.ID, o.OrderID, o.CreatedAt, o.UpdatedAt = got.ID, got.ID, got.CreatedAt, got.CreatedAt
	o.ExpiresAt = &got.ExpiresAt
	for i, id := range got.Items {
		o.Items[i].ID = id
	}
	return inUTC(o), invalidation.Pending{ID: got.Invalidation, Tags: orderTags(o.UserID)}, nil
}

// finish keeps the answer under the key, if the key still is this attempt's.
func finish(ctx context.Context, tx pgx.Tx, o order.Order, key order.Key) error {
	const query = `
		UPDATE orders.idempotency_keys SET finished_at = now(), answer = @answer
		WHERE user_id = @user AND key = @key AND reservation_id = @reservation AND finished_at IS NULL`

	answer, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("encoding the answer of order %d: %w", o.ID, err)
	}
	tag, err := tx.Exec(ctx, query, pgx.StrictNamedArgs{
		"user": o.UserID, "key": key.Value, "reservation": o.ReservationID, "answer": answer,
	})
	if err != nil {
		return fmt.Errorf("finishing a key with order %d: %w", o.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return order.ErrInProgress
	}
	return nil
}

// refused says whether PostgreSQL itself said no, or was never asked.
func refused(err error) bool {
	_, said := errors.AsType[*pgconn.PgError](err)
	return said || pgconn.SafeToRetry(err)
}
