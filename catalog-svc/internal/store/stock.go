package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/groupcommit"
	"github.com/slippers-api/slippers/kit/invalidation"
)

// Stock keeps what was taken from the slippers, and for whom.
//
// Whoever changes stock locks slippers in the order of their ids, and a reservation only after its slippers. So two of
// them never wait for each other.
//
// The pages of those slippers are made worthless at once, the lists together with those of other sales: a list may show a
// quantity that is a second old, and a shop that sells keeps its lists in the cache.
type Stock struct {
	db        *pgxpool.Pool
	outbox    *invalidation.Outbox
	counts    *Counts
	reserving *groupcommit.Group[*reserving]
}

// NewStock returns the stock of db. counts may be nil.
func NewStock(db *pgxpool.Pool, o *invalidation.Outbox, counts *Counts) *Stock {
	s := &Stock{db: db, outbox: o, counts: counts}
	s.reserving = groupcommit.New(counts.together(), s.reserve)
	return s
}

// Release gives back what a reservation holds. One that is not known is kept as released, so that it cannot be made any
// more. It returns catalog.ErrReservationSold.
func (s *Stock) Release(ctx context.Context, id uuid.UUID) (catalog.Reservation, error) {
	return s.release(ctx, id, released)
}

// Return is Release for a reservation whose order has ended: what was sold comes back too.
func (s *Stock) Return(ctx context.Context, id uuid.UUID) (catalog.Reservation, error) {
	return s.release(ctx, id, returned)
}

func (s *Stock) release(ctx context.Context, id uuid.UUID, how string) (catalog.Reservation, error) {
	const refuse = `INSERT INTO catalog.reservations (id, state, expires_at) VALUES ($1, 'released', now()) ON CONFLICT DO NOTHING`

	// On its own, so that the next statement sees the lines of a reservation that was being made at the same time.
	if _, err := s.db.Exec(ctx, refuse, id); err != nil {
		return catalog.Reservation{}, fmt.Errorf("refusing reservation %s: %w", id, err)
	}
	done, err := s.giveBack(ctx, id, how)
	if err != nil {
		return catalog.Reservation{}, err
	}
	r, err := s.reservation(ctx, id)
	if err != nil {
		return catalog.Reservation{}, err
	}
	if r.State == catalog.Sold {
		return catalog.Reservation{}, catalog.ErrReservationSold
	}
	if !done && len(r.Lines) > 0 { // who released it may not have come to that
		outdated := invalidation.Pending{Later: []string{slippersTag}}
		for _, l := range r.Lines {
			outdated.Tags = append(outdated.Tags, tagOf(slipperTag, l.SlipperID))
		}
		s.outbox.Publish(ctx, outdated)
	}
	return *r, nil
}

// giveBack releases a reservation if it is held, or sold if it is to be returned, and says whether it was. One that expires is
// looked at again, for it may be held longer by now. Counting what is locked makes the locks come before the reservation's.
func (s *Stock) giveBack(ctx context.Context, id uuid.UUID, how string) (done bool, err error) {
	const query = `
		WITH lines AS (
			SELECT slipper_id, quantity FROM catalog.reservation_lines WHERE reservation_id = $1
		), locked AS MATERIALIZED (
			SELECT s.id FROM catalog.slippers s WHERE s.id IN (SELECT slipper_id FROM lines) ORDER BY s.id FOR NO KEY UPDATE OF s
		), released AS (
			UPDATE catalog.reservations SET state = 'released', updated_at = now()
			WHERE id = $1 AND (state = 'held' OR $2 AND state = 'sold') AND (NOT $3 OR expires_at < now()) AND (SELECT count(*) FROM locked) >= 0 RETURNING id
		), returned AS (
			UPDATE catalog.slippers s SET quantity = s.quantity + l.quantity, version = s.version + 1
			FROM lines l, released WHERE s.id = l.slipper_id
		)
		INSERT INTO catalog.invalidations (tags)
		SELECT array_prepend('` + slippersTag + `', array_agg('` + slipperTag + `:' || l.slipper_id)) FROM lines l, released
		HAVING count(*) > 0
		RETURNING id, tags`

	var outdated invalidation.Pending
	err = s.db.QueryRow(ctx, query, id, how == returned, how == expired).Scan(&outdated.ID, &outdated.Tags)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("releasing reservation %s: %w", id, err)
	}
	s.counts.count(how)
	outdated.Later, outdated.Tags = outdated.Tags[:1], outdated.Tags[1:]
	s.outbox.Publish(ctx, outdated)
	return true, nil
}

// overdueAtOnce is how many reservations one round of expiry releases.
const overdueAtOnce = 100

// ReleaseOverdue releases a few of the reservations that are held after their time, and says how many it found. Each is
// released on its own and only if it is still held, so replicas that find the same ones do no harm. They do not skip what
// another has locked: that would lock a reservation before its slippers.
func (s *Stock) ReleaseOverdue(ctx context.Context) (int, error) {
	const query = `SELECT id FROM catalog.reservations WHERE state = 'held' AND expires_at < now() ORDER BY expires_at LIMIT $1`

	rows, err := s.db.Query(ctx, query, overdueAtOnce)
	if err != nil {
		return 0, fmt.Errorf("querying overdue reservations: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return 0, fmt.Errorf("reading overdue reservations: %w", err)
	}
	for _, id := range ids {
		if _, err := s.giveBack(ctx, id, expired); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}
