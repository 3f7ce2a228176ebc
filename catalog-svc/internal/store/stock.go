package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Stock keeps what was taken from the slippers, and for whom.
//
// Whoever changes stock locks slippers in the order of their ids, and a reservation only after its slippers. So two of
// them never wait for each other.
//
// The pages of those slippers are made worthless at once, the lists together with those of other sales: a list may show a
// quantity that is a second old, and a shop that sells keeps its lists in the cache.
type Stock struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
	counts *Counts
}

// NewStock returns the stock of db. counts may be nil.
func NewStock(db *pgxpool.Pool, o *invalidation.Outbox, counts *Counts) *Stock {
	return &Stock{db, o, counts}
}

// taken is what became of a wanted line. A slipper that is not for sale has no snapshot and nothing available.
type taken struct {
	SlipperID int64
	Requested int64
	Available int64
	Price     *money.Amount
	Name      *string
	Size      *string
	Image     *string
	Fiscal    *catalog.Fiscal

	// Invalidation is the id of what the whole reservation recorded. There is none if it was not made.
	Invalidation *int64
}

// Reserve takes all lines or none, in one round trip. The same id again answers the same. It returns
// catalog.ErrOutOfStock with what there is, ErrReservationDiffers or ErrReservationReleased.
func (s *Stock) Reserve(ctx context.Context, w catalog.Wanted) (catalog.Reservation, error) {
	// Two statements, because each has its own view of the table: what the second reads and checks is what there is once
	// the locks are held. In one, a row that was restocked while the lock was waited for would be judged by its old version.
	const (
		lock = `
			SELECT FROM catalog.slippers s
			WHERE s.id = ANY (@slippers) AND NOT EXISTS (SELECT FROM catalog.reservations r WHERE r.id = @id)
			ORDER BY s.id FOR NO KEY UPDATE OF s`
		take = `
			WITH wanted AS MATERIALIZED (
				SELECT w.slipper_id, w.quantity AS requested, coalesce(s.quantity, 0) AS available, s.price, s.name, s.size, s.spic, s.package_code, s.vat,
					(SELECT i.image_path FROM catalog.slipper_images i WHERE i.slipper_id = s.id AND i.is_primary) AS image
				FROM unnest(@slippers::bigint[], @quantities::bigint[]) AS w (slipper_id, quantity)
				LEFT JOIN catalog.slippers s ON s.id = w.slipper_id AND s.deleted_at IS NULL
			), reservation AS (
				INSERT INTO catalog.reservations (id, state, expires_at)
				SELECT @id, 'held', @expires_at WHERE NOT EXISTS (SELECT FROM wanted WHERE available < requested)
				ON CONFLICT DO NOTHING RETURNING id
			), reduced AS (
				UPDATE catalog.slippers s SET quantity = s.quantity - w.requested, version = s.version + 1
				FROM wanted w, reservation WHERE s.id = w.slipper_id AND s.quantity >= w.requested
			), kept AS (
				INSERT INTO catalog.reservation_lines (reservation_id, slipper_id, quantity, price, name, size, image, spic, package_code, vat)
				SELECT r.id, w.slipper_id, w.requested, w.price, w.name, w.size, w.image, w.spic, w.package_code, w.vat FROM reservation r, wanted w
			), outdated AS (
				INSERT INTO catalog.invalidations (tags) SELECT @tags::text[] || @later::text[] FROM reservation RETURNING id
			)
			SELECT slipper_id, requested, available, price, name, size, image,
				CASE WHEN spic IS NOT NULL THEN json_build_object('spic', spic, 'package_code', package_code, 'vat', vat) END AS fiscal, (SELECT id FROM outdated) AS invalidation
			FROM wanted ORDER BY slipper_id`
	)
	slippers, quantities := make([]int64, len(w.Lines)), make([]int64, len(w.Lines))
	outdated := invalidation.Pending{Later: []string{slippersTag}}
	for i, l := range w.Lines {
		slippers[i], quantities[i] = l.SlipperID, l.Quantity
		outdated.Tags = append(outdated.Tags, tagOf(slipperTag, l.SlipperID))
	}
	var lines []taken
	var b pgx.Batch // is a transaction of its own
	b.Queue(postgres.KeepPlan)
	b.Queue(lock, pgx.StrictNamedArgs{"id": w.ID, "slippers": slippers})
	b.Queue(take, pgx.StrictNamedArgs{
		"id": w.ID, "expires_at": w.ExpiresAt, "slippers": slippers, "quantities": quantities,
		"tags": outdated.Tags, "later": outdated.Later,
	}).Query(func(rows pgx.Rows) (err error) {
		lines, err = pgx.CollectRows(rows, pgx.RowToStructByName[taken])
		return err
	})
	if err := s.db.SendBatch(ctx, &b).Close(); err != nil {
		s.counts.failed(err)
		return catalog.Reservation{}, fmt.Errorf("reserving %s: %w", w.ID, err)
	}
	if id := lines[0].Invalidation; id != nil {
		outdated.ID = *id
		s.counts.count(held)
		s.outbox.Publish(ctx, outdated)
		return reserved(w, lines), nil
	}
	made, err := s.reservation(ctx, w.ID)
	if err != nil {
		return catalog.Reservation{}, err
	}
	if made != nil {
		s.outbox.Publish(ctx, outdated) // who made it may not have come to that
		return w.Answer(*made)
	}
	s.counts.count(refused)
	return catalog.Reservation{}, catalog.ErrOutOfStock.With("unavailable", unavailable(lines))
}

func reserved(w catalog.Wanted, lines []taken) catalog.Reservation {
	r := catalog.Reservation{ID: w.ID, State: catalog.Held, ExpiresAt: stored(w.ExpiresAt)}
	for _, l := range lines {
		r.Lines = append(r.Lines, catalog.ReservedLine{
			SlipperID: l.SlipperID, Quantity: l.Requested, Price: *l.Price, Name: *l.Name, Size: *l.Size, Image: l.Image, Fiscal: l.Fiscal,
		})
	}
	return r
}

func unavailable(lines []taken) []catalog.Unavailable {
	short := []catalog.Unavailable{}
	for _, l := range lines {
		if l.Available < l.Requested {
			short = append(short, catalog.Unavailable{SlipperID: l.SlipperID, Requested: l.Requested, Available: l.Available})
		}
	}
	return short
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

// giveBack releases a reservation if it is held, or sold if it is to be returned, and says whether it was. Counting what is
// locked makes the locks come before the reservation's.
func (s *Stock) giveBack(ctx context.Context, id uuid.UUID, how string) (done bool, err error) {
	const query = `
		WITH lines AS (
			SELECT slipper_id, quantity FROM catalog.reservation_lines WHERE reservation_id = $1
		), locked AS MATERIALIZED (
			SELECT s.id FROM catalog.slippers s WHERE s.id IN (SELECT slipper_id FROM lines) ORDER BY s.id FOR NO KEY UPDATE OF s
		), released AS (
			UPDATE catalog.reservations SET state = 'released', updated_at = now()
			WHERE id = $1 AND (state = 'held' OR $2 AND state = 'sold') AND (SELECT count(*) FROM locked) >= 0 RETURNING id
		), returned AS (
			UPDATE catalog.slippers s SET quantity = s.quantity + l.quantity, version = s.version + 1
			FROM lines l, released WHERE s.id = l.slipper_id
		)
		INSERT INTO catalog.invalidations (tags)
		SELECT array_prepend('` + slippersTag + `', array_agg('` + slipperTag + `:' || l.slipper_id)) FROM lines l, released
		HAVING count(*) > 0
		RETURNING id, tags`

	var outdated invalidation.Pending
	err = s.db.QueryRow(ctx, query, id, how == returned).Scan(&outdated.ID, &outdated.Tags)
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
