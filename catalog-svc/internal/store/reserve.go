package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/postgres"
)

// reserving is a reservation that somebody asks for, and then what became of it.
type reserving struct {
	catalog.Wanted
	lines []taken
	made  bool
}

// taken is a line as it was when it was judged. A slipper that is not for sale has no snapshot and nothing available.
type taken struct {
	ReservationID uuid.UUID
	SlipperID     int64
	Requested     int64
	Available     int64
	Price         *money.Amount
	Name          *string
	Size          *string
	Image         *string
	Fiscal        *catalog.Fiscal
	Made          bool // with the other lines of its reservation

	// Invalidation is the id of what the whole transaction recorded. There is none if it made nothing.
	Invalidation *int64
}

// Reserve takes all lines or none. The same id again answers the same, and what is held still is held for as long as was asked
// for last. It returns catalog.ErrOutOfStock with what there is, ErrReservationDiffers or ErrReservationReleased.
func (s *Stock) Reserve(ctx context.Context, w catalog.Wanted) (catalog.Reservation, error) {
	r := reserving{Wanted: w}
	if err := s.reserving.Do(ctx, &r); err != nil {
		s.counts.failed(err)
		return catalog.Reservation{}, fmt.Errorf("reserving %s: %w", w.ID, err)
	}
	if r.made {
		return r.answer(), nil
	}
	earlier, err := s.reservation(ctx, w.ID)
	if err != nil {
		return catalog.Reservation{}, err
	}
	if earlier != nil {
		s.outbox.Publish(ctx, invalidation.Pending{Tags: r.tags(), Later: []string{slippersTag}}) // who made it may not have come to that
		return s.again(ctx, w, *earlier)
	}
	s.counts.count(refused)
	return catalog.Reservation{}, catalog.ErrOutOfStock.With("unavailable", r.unavailable())
}

// reserve is the commit of all. Together they are judged strictly: who could only be refused because of what others of them
// want, though those may be refused themselves, is judged again alone, in a transaction of its own. Should that fail, all are
// tried once more, and those that were made are found by their ids.
func (s *Stock) reserve(ctx context.Context, all []*reserving) (publish func(), err error) {
	var together, alone []*reserving
	ids := map[uuid.UUID]bool{}
	for _, r := range all {
		if ids[r.ID] { // asked for twice at once: the second time it will be there
			alone = append(alone, r)
			continue
		}
		ids[r.ID] = true
		together = append(together, r)
	}
	var made []invalidation.Pending
	take := func(some ...*reserving) {
		if err == nil {
			var changed []invalidation.Pending
			changed, err = s.take(ctx, some)
			made = append(made, changed...)
		}
	}
	take(together...)
	if len(together) > 1 {
		for _, r := range together {
			if !r.made && len(r.unavailable()) == 0 {
				alone = append(alone, r)
			}
		}
	}
	for _, r := range alone {
		take(r)
	}
	return func() {
		for _, changed := range made {
			s.outbox.Publish(ctx, changed)
		}
	}, err
}

// take judges all, and takes what it grants, in one transaction and one round trip. What is granted to one is not there for
// those after it. It returns what that changed, or nothing.
func (s *Stock) take(ctx context.Context, all []*reserving) ([]invalidation.Pending, error) {
	// Two statements, because each has its own view of the table: what the second reads and checks is what there is once
	// the locks are held. In one, a row that was restocked while the lock was waited for would be judged by its old version.
	const (
		lock = `SELECT FROM catalog.slippers WHERE id = ANY (@slippers) ORDER BY id FOR NO KEY UPDATE`
		take = `
			WITH wanted AS MATERIALIZED (
				SELECT w.reservation_id, w.slipper_id, w.quantity AS requested, coalesce(s.quantity, 0) AS available,
					sum(w.quantity) OVER (PARTITION BY w.slipper_id ORDER BY w.nr) AS with_those_before,
					s.price, s.name, s.size, s.spic, s.package_code, s.vat,
					(SELECT i.image_path FROM catalog.slipper_images i WHERE i.slipper_id = s.id AND i.is_primary) AS image
				FROM unnest(@reservations::uuid[], @slippers::bigint[], @quantities::bigint[])
					WITH ORDINALITY AS w (reservation_id, slipper_id, quantity, nr)
				LEFT JOIN catalog.slippers s ON s.id = w.slipper_id AND s.deleted_at IS NULL
			), made AS (
				INSERT INTO catalog.reservations (id, state, expires_at)
				SELECT r.id, 'held', r.expires_at FROM unnest(@ids::uuid[], @expires::timestamptz[]) AS r (id, expires_at)
				WHERE NOT EXISTS (SELECT FROM wanted w WHERE w.reservation_id = r.id AND w.available < w.with_those_before)
				ON CONFLICT DO NOTHING RETURNING id
			), granted AS MATERIALIZED (
				SELECT w.* FROM made m JOIN wanted w ON w.reservation_id = m.id
			), reduced AS (
				UPDATE catalog.slippers s SET quantity = s.quantity - g.requested, version = s.version + 1
				FROM (SELECT slipper_id, sum(requested)::bigint AS requested FROM granted GROUP BY slipper_id) g
				WHERE s.id = g.slipper_id AND s.quantity >= g.requested
			), kept AS (
				INSERT INTO catalog.reservation_lines (reservation_id, slipper_id, quantity, price, name, size, image, spic, package_code, vat)
				SELECT reservation_id, slipper_id, requested, price, name, size, image, spic, package_code, vat FROM granted
			), outdated AS (
				INSERT INTO catalog.invalidations (tags)
				SELECT array_prepend('` + slippersTag + `', array_agg(DISTINCT '` + slipperTag + `:' || slipper_id)) FROM granted HAVING count(*) > 0
				RETURNING id
			)
			SELECT reservation_id, slipper_id, requested, available, price, name, size, image,
				CASE WHEN spic IS NOT NULL THEN json_build_object('spic', spic, 'package_code', package_code, 'vat', vat) END AS fiscal,
				reservation_id IN (SELECT id FROM made) AS made, (SELECT id FROM outdated) AS invalidation
			FROM wanted ORDER BY slipper_id`
	)
	var ids, reservations []uuid.UUID
	var expires []time.Time
	var slippers, quantities []int64
	byID := map[uuid.UUID]*reserving{}
	var lines []taken
	for _, r := range all {
		byID[r.ID], r.lines, r.made = r, nil, false
		ids, expires = append(ids, r.ID), append(expires, r.ExpiresAt)
		for _, l := range r.Lines {
			reservations = append(reservations, r.ID)
			slippers, quantities = append(slippers, l.SlipperID), append(quantities, l.Quantity)
		}
	}
	var b pgx.Batch // is a transaction of its own
	b.Queue(postgres.KeepPlan)
	b.Queue(lock, pgx.StrictNamedArgs{"slippers": slippers})
	b.Queue(take, pgx.StrictNamedArgs{
		"ids": ids, "expires": expires, "reservations": reservations, "slippers": slippers, "quantities": quantities,
	}).Query(func(rows pgx.Rows) (err error) {
		lines, err = pgx.CollectRows(rows, pgx.RowToStructByName[taken])
		return err
	})
	if err := s.db.SendBatch(ctx, &b).Close(); err != nil {
		return nil, err
	}
	for _, l := range lines {
		r := byID[l.ReservationID]
		r.lines, r.made = append(r.lines, l), l.Made
	}
	if id := lines[0].Invalidation; id != nil {
		return s.granted(all, *id), nil
	}
	return nil, nil
}

// granted counts those that were made, and returns what they changed: under one id, because they are one commit.
func (s *Stock) granted(all []*reserving, id int64) []invalidation.Pending {
	changed := invalidation.Pending{ID: id, Later: []string{slippersTag}}
	for _, r := range all {
		if r.made {
			s.counts.count(held)
			changed.Tags = append(changed.Tags, r.tags()...)
		}
	}
	slices.Sort(changed.Tags)
	changed.Tags = slices.Compact(changed.Tags)
	return []invalidation.Pending{changed}
}

func (r *reserving) tags() []string {
	var tags []string
	for _, l := range r.Lines {
		tags = append(tags, tagOf(slipperTag, l.SlipperID))
	}
	return tags
}

// answer is the reservation that was made.
func (r *reserving) answer() catalog.Reservation {
	made := catalog.Reservation{ID: r.ID, State: catalog.Held, ExpiresAt: stored(r.ExpiresAt)}
	for _, l := range r.lines {
		made.Lines = append(made.Lines, catalog.ReservedLine{
			SlipperID: l.SlipperID, Quantity: l.Requested, Price: *l.Price, Name: *l.Name, Size: *l.Size, Image: l.Image, Fiscal: l.Fiscal,
		})
	}
	return made
}

// unavailable returns the lines that there was not enough for, whoever else wanted some.
func (r *reserving) unavailable() []catalog.Unavailable {
	short := []catalog.Unavailable{}
	for _, l := range r.lines {
		if l.Available < l.Requested {
			short = append(short, catalog.Unavailable{SlipperID: l.SlipperID, Requested: l.Requested, Available: l.Available})
		}
	}
	return short
}
