package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Sell makes a held reservation final. It returns catalog.ErrReservationNotFound or ErrReservationReleased. One whose time
// is over and that still holds its stock can be sold. It changes no quantity, so no copy of a slipper either.
func (s *Stock) Sell(ctx context.Context, id uuid.UUID) (catalog.Reservation, error) {
	const query = `UPDATE catalog.reservations SET state = 'sold', updated_at = now() WHERE id = $1 AND state = 'held'`

	tag, err := s.db.Exec(ctx, query, id)
	if err != nil {
		return catalog.Reservation{}, fmt.Errorf("selling reservation %s: %w", id, err)
	}
	if tag.RowsAffected() > 0 {
		s.counts.count(sold)
	}
	r, err := s.reservation(ctx, id)
	switch {
	case err != nil:
		return catalog.Reservation{}, err
	case r == nil:
		return catalog.Reservation{}, catalog.ErrReservationNotFound
	case r.State == catalog.Released:
		return catalog.Reservation{}, catalog.ErrReservationReleased
	}
	return *r, nil
}

// again answers a reservation that was made earlier. Its first answer may have been lost: whoever repeats it counts from now.
func (s *Stock) again(ctx context.Context, w catalog.Wanted, earlier catalog.Reservation) (catalog.Reservation, error) {
	const query = `UPDATE catalog.reservations SET expires_at = $2, updated_at = now() WHERE id = $1 AND state = 'held' AND expires_at < $2`

	made, err := w.Answer(earlier)
	if err != nil || made.State != catalog.Held || !made.ExpiresAt.Before(stored(w.ExpiresAt)) {
		return made, err
	}
	if _, err := s.db.Exec(ctx, query, w.ID, w.ExpiresAt); err != nil {
		return catalog.Reservation{}, fmt.Errorf("holding reservation %s longer: %w", w.ID, err)
	}
	now, err := s.reservation(ctx, w.ID) // it may have been sold or released meanwhile
	if err != nil || now == nil {
		return catalog.Reservation{}, err
	}
	return w.Answer(*now)
}

// reservation returns the reservation with its lines, or nil when there is none.
func (s *Stock) reservation(ctx context.Context, id uuid.UUID) (*catalog.Reservation, error) {
	const query = `
		SELECT r.id, r.state, r.expires_at, (
			SELECT coalesce(json_agg(json_build_object('slipper_id', l.slipper_id, 'quantity', l.quantity,
				'price', round(l.price::numeric / 100, 2), 'name', l.name, 'size', l.size, 'image', l.image,
				'fiscal', CASE WHEN l.spic IS NOT NULL THEN json_build_object('spic', l.spic, 'package_code', l.package_code, 'vat', l.vat) END) ORDER BY l.slipper_id), '[]')
			FROM catalog.reservation_lines l WHERE l.reservation_id = r.id) AS lines
		FROM catalog.reservations r WHERE r.id = $1`

	rows, err := s.db.Query(ctx, query, id)
	if err != nil {
		return nil, fmt.Errorf("querying reservation %s: %w", id, err)
	}
	r, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[catalog.Reservation])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil //nolint:nilnil // there being none is an answer here
	}
	if err != nil {
		return nil, fmt.Errorf("reading reservation %s: %w", id, err)
	}
	return &r, nil
}

// stored returns t as PostgreSQL keeps it, so that the first answer has the same bytes as the ones after it.
func stored(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }

// patience is how long it may take to compare the stock of all slippers with their history.
const patience = 30 * time.Second

// Imbalance is a slipper whose stock is not what its history makes it.
type Imbalance struct {
	SlipperID int64
	Initial   int64
	Restocked int64
	Quantity  int64
	Held      int64
	Sold      int64
	Returned  int64
}

// Imbalances returns every slipper, deleted ones too, for which initial + restocked = quantity + held + sold - returned
// does not hold. There is none, or something is broken. It reads every reservation, for at most patience: not for a request.
func (s *Stock) Imbalances(ctx context.Context) ([]Imbalance, error) {
	const query = `
		WITH moved AS (
			SELECT slipper_id,
				sum(quantity) FILTER (WHERE kind = 'initial') AS initial,
				sum(quantity) FILTER (WHERE kind = 'restocked') AS restocked,
				sum(quantity) FILTER (WHERE kind = 'returned') AS returned
			FROM catalog.stock_movements GROUP BY slipper_id
		), reserved AS (
			SELECT l.slipper_id,
				sum(l.quantity) FILTER (WHERE r.state = 'held') AS held,
				sum(l.quantity) FILTER (WHERE r.state = 'sold') AS sold
			FROM catalog.reservation_lines l JOIN catalog.reservations r ON r.id = l.reservation_id GROUP BY l.slipper_id
		), stock AS (
			SELECT s.id AS slipper_id, coalesce(m.initial, 0)::bigint AS initial, coalesce(m.restocked, 0)::bigint AS restocked,
				s.quantity, coalesce(r.held, 0)::bigint AS held, coalesce(r.sold, 0)::bigint AS sold,
				coalesce(m.returned, 0)::bigint AS returned
			FROM catalog.slippers s LEFT JOIN moved m ON m.slipper_id = s.id LEFT JOIN reserved r ON r.slipper_id = s.id
		)
		SELECT slipper_id, initial, restocked, quantity, held, sold, returned FROM stock
		WHERE initial + restocked <> quantity + held + sold - returned ORDER BY slipper_id`

	var found []Imbalance
	err := postgres.Patiently(ctx, s.db, patience, func(tx pgx.Tx) (err error) {
		found, err = postgres.All[Imbalance](ctx, tx, "reading the balance of the stock", query, nil)
		return err
	})
	return found, err
}
