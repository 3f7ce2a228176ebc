// Package store keeps carts and orders in PostgreSQL. The rules that a constraint can hold are the tables'; the rest is
// the domain's.
package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/groupcommit"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Orders keeps orders and what happened to them.
type Orders struct {
	db     *pgxpool.Pool
	jobs   Jobs
	outbox *invalidation.Outbox
	counts *Counts

	placing *groupcommit.Group[*placing]
}

// NewOrders returns the orders of db. c may be nil.
func NewOrders(db *pgxpool.Pool, jobs Jobs, o *invalidation.Outbox, c *Counts) *Orders {
	s := &Orders{db: db, jobs: jobs, outbox: o, counts: c}
	s.placing = groupcommit.New(c.together(), s.place)
	return s
}

// orderColumns are those of an order.Order, of orders o. The items come with it, so that a list is one statement; amounts
// in JSON are in major units, as money.Amount reads them.
const orderColumns = `o.id, o.id AS order_id, o.user_id, o.user_name, o.status, o.total_amount, o.notes, o.reservation_id,
	o.expires_at, o.payment_id, o.created_at, o.updated_at, (
		SELECT coalesce(json_agg(json_build_object('id', i.id, 'slipper_id', i.slipper_id, 'quantity', i.quantity,
			'unit_price', round(i.unit_price::numeric / 100, 2), 'total_price', round(i.total_price::numeric / 100, 2),
			'notes', i.notes, 'name', i.name, 'size', i.size, 'image', i.image,
			'fiscal', CASE WHEN i.spic IS NOT NULL THEN json_build_object('spic', i.spic, 'package_code', i.package_code, 'vat', i.vat) END) ORDER BY i.id), '[]')
		FROM orders.order_items i WHERE i.order_id = o.id) AS items`

// Get returns the order, or order.ErrNotFound.
func (s *Orders) Get(ctx context.Context, id int64) (order.Order, error) {
	const query = `SELECT ` + orderColumns + ` FROM orders.orders o WHERE o.id = @id`

	return postgres.One[order.Order](ctx, s.db, fmt.Sprintf("reading order %d", id), order.ErrNotFound, query, pgx.StrictNamedArgs{"id": id})
}

// List returns the rows of a page of orders (page.Request.Rows), and how many orders there are on all pages. It returns
// page.ErrCursor.
func (s *Orders) List(ctx context.Context, f order.Filter, r page.Request) ([]order.Order, int64, error) {
	where, args := " WHERE true", pgx.StrictNamedArgs{}
	// What is not asked for is not in the text: with (@x IS NULL OR ...) the plan that is kept reads the whole table.
	if f.UserID != nil {
		where += " AND o.user_id = @user"
		args["user"] = *f.UserID
	}
	if f.Status != nil {
		where += " AND o.status = @status"
		args["status"] = *f.Status
	}
	if f.Finance {
		where += " AND o.status IN ('PAID', 'REFUNDED')"
	}
	count, countArgs := `SELECT count(*) FROM orders.orders o`+where, maps.Clone(args)
	args["limit"] = r.Rows()
	rest := ` ORDER BY o.created_at DESC, o.id DESC LIMIT @limit`
	if r.After != nil {
		created, err := time.Parse(time.RFC3339Nano, r.After.Key)
		if err != nil {
			return nil, 0, page.ErrCursor.Because(err)
		}
		where += " AND (o.created_at, o.id) < (@created, @id)"
		args["created"], args["id"] = created, r.After.ID
	} else if r.Skip > 0 {
		rest += ` OFFSET @skip`
		args["skip"] = r.Skip
	}
	// The page is found in an index alone; what is skipped is not read.
	list := `WITH page AS (SELECT o.id FROM orders.orders o` + where + rest + `)
		SELECT ` + orderColumns + ` FROM page JOIN orders.orders o ON o.id = page.id ORDER BY o.created_at DESC, o.id DESC`

	return postgres.List[order.Order](ctx, s.db, list, count, args, countArgs)
}

// changed is an order after a change, and the id of what the change recorded.
type changed struct {
	order.Order
	Invalidation int64
}

// Change makes a change of an order that still is what the change starts from, with its history and the job that gives its
// stock back, if that is what it means. It returns order.ErrTransition.
func (s *Orders) Change(ctx context.Context, c order.Change) (order.Order, error) {
	var o changed
	var err error
	if c.Return == uuid.Nil {
		o, err = change(ctx, s.db, c)
	} else {
		err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
			if o, err = change(ctx, tx, c); err != nil {
				return err
			}
			return later(ctx, tx, s.jobs, order.ReturnJob{ReservationID: c.Return}, time.Time{})
		})
	}
	if err != nil {
		return order.Order{}, err
	}
	if c.To != c.From {
		s.counts.order(c.To, 1)
	}
	s.outbox.Publish(ctx, invalidation.Pending{ID: o.Invalidation, Tags: orderTags(o.UserID)})
	return o.Order, nil
}

// change is one statement, because a change is: nobody sees it without its history. A payment that has gone back pays for nothing, and
// none goes back at the same time: its row is shared.
func change(ctx context.Context, db postgres.Querier, c order.Change) (changed, error) {
	const query = `
		WITH changed AS (
			UPDATE orders.orders SET status = @to, notes = coalesce(@notes, notes), payment_id = coalesce(@payment, payment_id), updated_at = now()
			WHERE id = @id AND status = @from AND (@payment::bigint IS NULL
				OR EXISTS (SELECT FROM orders.payments p WHERE p.id = @payment AND p.refunded < p.amount FOR SHARE))
			RETURNING id, user_id, user_name, status, total_amount, notes, reservation_id, expires_at, payment_id, created_at, updated_at
		), kept AS (
			INSERT INTO orders.order_history (order_id, actor_id, from_status, to_status, reason)
			SELECT id, @actor, @from, @to, @reason FROM changed WHERE @from::text <> @to::text
		), outdated AS (
			INSERT INTO orders.invalidations (tags) SELECT ARRAY['` + allTag + `', '` + userTag + `' || user_id] FROM changed RETURNING id
		)
		SELECT ` + orderColumns + `, (SELECT id FROM outdated) AS invalidation FROM changed o`

	return postgres.One[changed](ctx, db, fmt.Sprintf("changing order %d", c.OrderID),
		order.ErrTransition.WithDetail("The order has changed meanwhile."), query, pgx.StrictNamedArgs{
			"id": c.OrderID, "from": c.From, "to": c.To, "notes": c.Notes, "actor": c.ActorID, "reason": c.Reason, "payment": c.PaymentID,
		})
}

// History returns what happened to the order, oldest first.
func (s *Orders) History(ctx context.Context, id int64) ([]order.Event, error) {
	const query = `
		SELECT h.created_at, h.actor_id, h.from_status AS "from", h.to_status AS "to", h.reason,
			CASE WHEN h.actor_id IS NULL THEN 'system' WHEN h.actor_id = o.user_id THEN 'customer' ELSE 'admin' END AS actor
		FROM orders.order_history h JOIN orders.orders o ON o.id = h.order_id
		WHERE h.order_id = @id ORDER BY h.id`

	return postgres.All[order.Event](ctx, s.db, fmt.Sprintf("reading the history of order %d", id), query, pgx.StrictNamedArgs{"id": id})
}

// overdueAtOnce is how many orders one statement ends.
const overdueAtOnce = 100

// expired is what a batch of overdue orders comes to.
type expired struct {
	Invalidation int64
	Tags         []string
	Reservations []uuid.UUID
}

// underway is for how much longer an order is left that somebody may have paid in the last moment: what the provider has
// must still be heard. Its reservation lives longer (package order).
const underway = 2 * time.Minute

// ExpireOverdue ends a few of the orders that nobody paid for in time, with the jobs that give their stock back, and says
// how many. Replicas skip what another is just ending. An order whose money is here waits for its claim, however long.
func (s *Orders) ExpireOverdue(ctx context.Context) (int64, error) {
	const query = `
		WITH overdue AS (
			SELECT o.id FROM orders.orders o WHERE o.status = 'PENDING' AND o.expires_at < now() AND NOT EXISTS (
				SELECT FROM orders.payments p WHERE p.order_id = o.id AND (p.state = 'paid' AND p.refunded < p.amount
					OR p.state IN ('registered', 'pending', 'held') AND o.expires_at > now() - @underway::interval))
			ORDER BY o.expires_at LIMIT @most FOR UPDATE SKIP LOCKED
		), expired AS (
			UPDATE orders.orders o SET status = 'EXPIRED', updated_at = now() FROM overdue
			WHERE o.id = overdue.id AND o.status = 'PENDING' RETURNING o.id, o.user_id, o.reservation_id
		), kept AS (
			INSERT INTO orders.order_history (order_id, from_status, to_status, reason)
			SELECT id, 'PENDING', 'EXPIRED', 'not paid in time' FROM expired
		), outdated AS (
			INSERT INTO orders.invalidations (tags)
			SELECT array_prepend('` + allTag + `', array_agg(DISTINCT '` + userTag + `' || user_id)) FROM expired HAVING count(*) > 0
			RETURNING id, tags
		)
		SELECT id AS invalidation, tags, (SELECT array_agg(reservation_id) FROM expired) AS reservations FROM outdated`

	var ended expired
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		ended, err = postgres.One[expired](ctx, tx, "expiring orders", pgx.ErrNoRows, query, pgx.StrictNamedArgs{
			"most": overdueAtOnce, "underway": underway,
		})
		for _, r := range ended.Reservations {
			if err == nil {
				err = later(ctx, tx, s.jobs, order.ReturnJob{ReservationID: r}, time.Time{})
			}
		}
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, nil
	case err != nil:
		return 0, err
	}
	s.counts.order(order.Expired, len(ended.Reservations))
	s.outbox.Publish(ctx, invalidation.Pending{ID: ended.Invalidation, Tags: ended.Tags})
	return int64(len(ended.Reservations)), nil
}
