package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// placing is an order that somebody places, and then as it was stored.
type placing struct {
	order   order.Order
	expires time.Time
	request order.Request
	placed  bool // else its key is not this attempt's any more
}

// Place stores a new order with its lines and its history, takes out of the cart what was ordered, and finishes the key,
// all at once. It returns order.ErrInProgress when another attempt has taken the key over, and wraps order.ErrUnsure when
// the order may have been stored nevertheless.
func (s *Orders) Place(ctx context.Context, o order.Order, expires time.Time, r order.Request) (order.Order, error) {
	p := placing{order: o, expires: expires, request: r}
	err := s.placing.Do(ctx, &p)
	switch {
	case r.Key != nil && postgres.Violates(err, "orders_reservation_key"):
		return order.Order{}, order.ErrInProgress // another attempt was faster: its answer is there the next time
	case postgres.Refused(err):
		return order.Order{}, err
	case err != nil:
		return order.Order{}, fmt.Errorf("%w: %w", order.ErrUnsure, err)
	case !p.placed:
		return order.Order{}, order.ErrInProgress
	}
	return p.order, nil
}

// place is the commit of all.
func (s *Orders) place(ctx context.Context, all []*placing) (publish func(), err error) {
	var id int64
	if slices.ContainsFunc(all, func(p *placing) bool { return p.request.Key != nil }) {
		err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
			if id, err = insert(ctx, tx, all); err != nil {
				return err
			}
			return finish(ctx, tx, all) // once their ids are known, which are part of an answer
		})
	} else {
		id, err = insert(ctx, s.db, all)
	}
	if err != nil || id == 0 {
		return nil, err
	}
	for _, p := range all {
		if p.placed {
			s.counts.order(order.Pending, 1)
		}
	}
	return func() { s.outbox.Publish(ctx, invalidation.Pending{ID: id, Tags: tagsOf(all)}) }, nil
}

// inserted is what PostgreSQL chose for a new order.
type inserted struct {
	ReservationID uuid.UUID
	ID            int64
	CreatedAt     time.Time
	ExpiresAt     time.Time
	Items         []int64 // their ids, in the order of the lines

	Invalidation int64 // is the same for all
}

// insert is one statement, because an order is: nobody sees it without its lines. A line of the cart that was changed
// since it was ordered stays there. It leaves out those whose key is not theirs any more, and returns the id of what it
// recorded.
func insert(ctx context.Context, db postgres.Querier, all []*placing) (int64, error) {
	const query = `
		WITH wanted AS MATERIALIZED (
			SELECT * FROM unnest(@users::bigint[], @user_names::text[], @totals::bigint[], @notes::text[], @ids::uuid[],
				@expires::timestamptz[], @keys::text[], @clears::boolean[])
				AS w (user_id, user_name, total_amount, notes, reservation_id, expires_at, key, clear)
		), mine AS (
			SELECT k.reservation_id FROM wanted w
			JOIN orders.idempotency_keys k ON k.user_id = w.user_id AND k.key = w.key AND k.reservation_id = w.reservation_id
			WHERE k.finished_at IS NULL ORDER BY k.user_id, k.key FOR UPDATE OF k
		), placed AS (
			INSERT INTO orders.orders (user_id, user_name, status, total_amount, notes, reservation_id, expires_at)
			SELECT user_id, user_name, @status, total_amount, notes, reservation_id, expires_at FROM wanted
			WHERE key IS NULL OR reservation_id IN (SELECT reservation_id FROM mine)
			RETURNING id, user_id, reservation_id, created_at, expires_at
		), ordered AS MATERIALIZED (
			SELECT p.id AS order_id, l.*
			FROM unnest(@reservations::uuid[], @slippers::bigint[], @quantities::bigint[], @prices::bigint[], @line_totals::bigint[],
				@line_notes::text[], @names::text[], @sizes::text[], @images::text[],
				@spics::text[], @packages::text[], @vats::boolean[])
				WITH ORDINALITY AS l (reservation_id, slipper_id, quantity, unit_price, total_price, notes, name, size, image, spic, package_code, vat, nr)
			JOIN placed p ON p.reservation_id = l.reservation_id
		), lines AS (
			INSERT INTO orders.order_items (order_id, slipper_id, quantity, unit_price, total_price, notes, name, size, image, spic, package_code, vat)
			SELECT order_id, slipper_id, quantity, unit_price, total_price, notes, name, size, image, spic, package_code, vat
			FROM ordered ORDER BY nr RETURNING id, order_id
		), kept AS (
			INSERT INTO orders.order_history (order_id, actor_id, to_status, reason)
			SELECT id, user_id, @status, 'placed' FROM placed
		), carts AS (
			SELECT id, user_id FROM orders.carts
			WHERE user_id IN (SELECT user_id FROM wanted WHERE clear) ORDER BY id FOR UPDATE
		), cleared AS (
			DELETE FROM orders.cart_items i
			USING carts c, wanted w, ordered o
			WHERE w.clear AND c.user_id = w.user_id AND o.reservation_id = w.reservation_id
				AND i.cart_id = c.id AND i.slipper_id = o.slipper_id AND i.quantity = o.quantity
		), outdated AS (
			INSERT INTO orders.invalidations (tags) SELECT @tags WHERE EXISTS (SELECT FROM placed) RETURNING id
		)
		SELECT p.reservation_id, p.id, p.created_at, p.expires_at,
			(SELECT array_agg(l.id ORDER BY l.id) FROM lines l WHERE l.order_id = p.id) AS items,
			(SELECT id FROM outdated) AS invalidation
		FROM placed p`

	stored, err := postgres.Planned[inserted](ctx, db, "storing orders", query, insertArgs(all))
	if err != nil {
		return 0, err
	}
	var recorded int64
	byID := map[uuid.UUID]inserted{}
	for _, i := range stored {
		byID[i.ReservationID], recorded = i, i.Invalidation
	}
	for _, p := range all {
		got, ok := byID[p.order.ReservationID]
		if p.placed = ok; ok { // not as it was in a transaction that failed
			p.stored(got)
		}
	}
	return recorded, nil
}

// insertArgs returns what is wanted as arrays, one for each column.
func insertArgs(all []*placing) pgx.StrictNamedArgs {
	type line struct {
		order.Item
		reservation uuid.UUID
		fiscal      struct {
			spic, pack *string
			vat        *bool
		}
	}
	var lines []line
	for _, p := range all {
		for _, item := range p.order.Items {
			l := line{Item: item, reservation: p.order.ReservationID}
			if f := item.Fiscal; f != nil {
				l.fiscal.spic, l.fiscal.pack, l.fiscal.vat = &f.SPIC, &f.PackageCode, &f.VAT
			}
			lines = append(lines, l)
		}
	}
	return pgx.StrictNamedArgs{
		"status": order.Pending, "tags": tagsOf(all),

		"users":      column(all, func(p *placing) int64 { return p.order.UserID }),
		"user_names": column(all, func(p *placing) string { return p.order.UserName }),
		"totals":     column(all, func(p *placing) money.Amount { return p.order.TotalAmount }),
		"notes":      column(all, func(p *placing) string { return p.order.Notes }),
		"ids":        column(all, func(p *placing) uuid.UUID { return p.order.ReservationID }),
		"expires":    column(all, func(p *placing) time.Time { return p.expires }),
		"keys":       column(all, (*placing).key),
		"clears":     column(all, func(p *placing) bool { return p.request.ClearCart }),

		"reservations": column(lines, func(l line) uuid.UUID { return l.reservation }),
		"slippers":     column(lines, func(l line) int64 { return l.SlipperID }),
		"quantities":   column(lines, func(l line) int64 { return l.Quantity }),
		"prices":       column(lines, func(l line) money.Amount { return l.UnitPrice }),
		"line_totals":  column(lines, func(l line) money.Amount { return l.TotalPrice }),
		"line_notes":   column(lines, func(l line) string { return l.Notes }),
		"names":        column(lines, func(l line) string { return l.Name }),
		"sizes":        column(lines, func(l line) string { return l.Size }),
		"images":       column(lines, func(l line) *string { return l.Image }),
		"spics":        column(lines, func(l line) *string { return l.fiscal.spic }),
		"packages":     column(lines, func(l line) *string { return l.fiscal.pack }),
		"vats":         column(lines, func(l line) *bool { return l.fiscal.vat }),
	}
}

func column[Row, T any](rows []Row, of func(Row) T) []T {
	values := make([]T, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return values
}

// key is the value of its key, or nil when it has none.
func (p *placing) key() *string {
	if k := p.request.Key; k != nil {
		return &k.Value
	}
	return nil
}

// tagsOf returns the tags of all, each once.
func tagsOf(all []*placing) []string {
	var tags []string
	for _, p := range all {
		tags = append(tags, orderTags(p.order.UserID)...)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// stored completes the order with what PostgreSQL chose.
func (p *placing) stored(got inserted) {
	o := &p.order
	o.ID, o.OrderID, o.CreatedAt, o.UpdatedAt = got.ID, got.ID, got.CreatedAt, got.CreatedAt
	o.ExpiresAt = &got.ExpiresAt
	for i, id := range got.Items {
		o.Items[i].ID = id
	}
}

// finish keeps the answers under the keys, which insert has locked.
func finish(ctx context.Context, tx pgx.Tx, all []*placing) error {
	const query = `
		UPDATE orders.idempotency_keys SET finished_at = now(), answer = a.answer
		FROM unnest(@users::bigint[], @keys::text[], @answers::json[]) AS a (user_id, key, answer)
		WHERE idempotency_keys.user_id = a.user_id AND idempotency_keys.key = a.key`

	done := slices.DeleteFunc(slices.Clone(all), func(p *placing) bool { return p.request.Key == nil || !p.placed })
	var failed error
	args := pgx.StrictNamedArgs{
		"users": column(done, func(p *placing) int64 { return p.order.UserID }),
		"keys":  column(done, (*placing).key),
		"answers": column(done, func(p *placing) []byte {
			answer, err := json.Marshal(p.order)
			failed = errors.Join(failed, err)
			return answer
		}),
	}
	if failed != nil {
		return fmt.Errorf("encoding the answers of orders: %w", failed)
	}
	if _, err := tx.Exec(ctx, query, args); err != nil {
		return fmt.Errorf("finishing keys with their orders: %w", err)
	}
	return nil
}
