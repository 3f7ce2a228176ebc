// Package store keeps the catalogue in PostgreSQL. The rules that a constraint can hold are the tables'; the rest is the
// domain's.
package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/revision"
)

// Slippers keeps what is for sale.
type Slippers struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewSlippers returns the slippers of db.
func NewSlippers(db *pgxpool.Pool, o *invalidation.Outbox) *Slippers { return &Slippers{db, o} }

const (
	// slipperColumns are a catalog.Slipper of slippers s and categories c, without its images.
	slipperColumns = `s.id, s.name, s.size, s.price, s.quantity, s.category_id, c.name AS category_name,
		(SELECT i.image_path FROM catalog.slipper_images i WHERE i.slipper_id = s.id AND i.is_primary) AS image,
		CASE WHEN s.spic IS NOT NULL THEN json_build_object('spic', s.spic, 'package_code', s.package_code, 'vat', s.vat) END AS fiscal,
		s.is_available, s.created_at, s.updated_at, s.version, coalesce(c.version, 0) AS category_version`

	withImages = `, (SELECT coalesce(json_agg(json_build_object('id', i.id, 'image_path', i.image_path,
			'is_primary', i.is_primary, 'alt_text', i.alt_text, 'order_index', i.order_index)
			ORDER BY i.is_primary DESC, i.order_index, i.id), '[]')
		FROM catalog.slipper_images i WHERE i.slipper_id = s.id) AS images`
	withoutImages = `, NULL::json AS images`

	slipperByID = `SELECT ` + slipperColumns + withImages + `
		FROM catalog.slippers s LEFT JOIN catalog.categories c ON c.id = s.category_id
		WHERE s.id = $1 AND s.deleted_at IS NULL`
)

// Get returns the slipper with its images, or catalog.ErrSlipperNotFound.
func (s *Slippers) Get(ctx context.Context, id int64) (catalog.Slipper, error) {
	return getSlipper(ctx, s.db, slipperByID, id)
}

func getSlipper(ctx context.Context, db postgres.Querier, query string, id int64) (catalog.Slipper, error) {
	rows, err := db.Query(ctx, query, id)
	if err != nil {
		return catalog.Slipper{}, fmt.Errorf("querying slipper %d: %w", id, err)
	}
	found, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[catalog.Slipper])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return catalog.Slipper{}, catalog.ErrSlipperNotFound
	case err != nil:
		return catalog.Slipper{}, fmt.Errorf("reading slipper %d: %w", id, err)
	}
	return found, nil
}

// List returns the rows of a page of slippers (page.Request.Rows), and how many slippers the filter has in all. It returns
// page.ErrCursor for a position that no list of ours ends at.
func (s *Slippers) List(ctx context.Context, f catalog.Filter, r page.Request) ([]catalog.Slipper, int64, error) {
	q, err := slipperList(f, r)
	if err != nil {
		return nil, 0, err
	}
	total, err := s.count(ctx, q)
	if err != nil {
		return nil, 0, err
	}
	items, err := s.page(ctx, q)
	return items, total, err
}

func (s *Slippers) count(ctx context.Context, q listQuery) (n int64, err error) {
	if err = s.db.QueryRow(ctx, q.count, q.countArgs).Scan(&n); err != nil {
		return 0, fmt.Errorf("counting slippers: %w", err)
	}
	return n, nil
}

func (s *Slippers) page(ctx context.Context, q listQuery) ([]catalog.Slipper, error) {
	return postgres.All[catalog.Slipper](ctx, s.db, "listing slippers", q.list, q.listArgs)
}

// Some returns those of ids that exist, in the order of their ids.
func (s *Slippers) Some(ctx context.Context, ids []int64) ([]catalog.Slipper, error) {
	const query = `SELECT ` + slipperColumns + withoutImages + `
		FROM catalog.slippers s LEFT JOIN catalog.categories c ON c.id = s.category_id
		WHERE s.id = ANY ($1) AND s.deleted_at IS NULL ORDER BY s.id`

	rows, err := s.db.Query(ctx, query, ids)
	if err != nil {
		return nil, fmt.Errorf("querying %d slippers: %w", len(ids), err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[catalog.Slipper])
	if err != nil {
		return nil, fmt.Errorf("reading %d slippers: %w", len(ids), err)
	}
	return found, nil
}

// Create stores a new slipper and where its stock came from. It returns catalog.ErrNoCategory when its category does not
// exist.
func (s *Slippers) Create(ctx context.Context, n catalog.Slipper) (created catalog.Slipper, err error) {
	const query = `
		WITH created AS (
			INSERT INTO catalog.slippers (name, size, price, quantity, category_id, spic, package_code, vat)
			VALUES (@name, @size, @price, @quantity, @category_id, @spic, @package_code, @vat) RETURNING id, quantity
		), stocked AS (
			INSERT INTO catalog.stock_movements (slipper_id, kind, quantity)
			SELECT id, 'initial', quantity FROM created WHERE quantity > 0
		)
		SELECT id FROM created`

	err = s.outbox.Write(ctx, []string{slippersTag}, func(tx pgx.Tx) error {
		var id int64
		err := tx.QueryRow(ctx, query, withFiscal(n.Fiscal, pgx.StrictNamedArgs{
			"name": n.Name, "size": n.Size, "price": n.Price, "quantity": n.Quantity, "category_id": n.CategoryID,
		})).Scan(&id)
		if postgres.Violates(err, "slippers_category_id_fkey") {
			return catalog.ErrNoCategory
		}
		if err != nil {
			return fmt.Errorf("inserting a slipper: %w", err)
		}
		created, err = getSlipper(ctx, tx, slipperByID, id)
		return err
	})
	return created, err
}

// Update changes a slipper, and keeps what its stock changed by. It returns catalog.ErrSlipperNotFound, ErrStale,
// ErrSlipperInvalid or ErrNoCategory.
func (s *Slippers) Update(ctx context.Context, id int64, change catalog.SlipperChange, from revision.Expected) (updated catalog.Slipper, err error) {
	const query = `
		WITH changed AS (
			UPDATE catalog.slippers SET name = @name, size = @size, price = @price, quantity = @quantity,
				category_id = @category_id, spic = @spic, package_code = @package_code, vat = @vat, version = version + 1, updated_at = now()
			WHERE id = @id
		)
		INSERT INTO catalog.stock_movements (slipper_id, kind, quantity)
		SELECT @id, 'restocked', @delta::bigint WHERE @delta <> 0`

	err = s.outbox.Write(ctx, slipperTags(id), func(tx pgx.Tx) error {
		old, err := lockSlipper(ctx, tx, id, from)
		if err != nil {
			return err
		}
		to, err := change.Apply(old)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, query, withFiscal(to.Fiscal, pgx.StrictNamedArgs{
			"id": id, "name": to.Name, "size": to.Size, "price": to.Price, "quantity": to.Quantity,
			"category_id": to.CategoryID, "delta": to.Quantity - old.Quantity,
		}))
		if postgres.Violates(err, "slippers_category_id_fkey") {
			return catalog.ErrNoCategory
		}
		if err != nil {
			return fmt.Errorf("updating slipper %d: %w", id, err)
		}
		updated, err = getSlipper(ctx, tx, slipperByID, id)
		return err
	})
	return updated, err
}

// withFiscal returns args with the columns of f, which are null without one.
func withFiscal(f *catalog.Fiscal, args pgx.StrictNamedArgs) pgx.StrictNamedArgs {
	args["spic"], args["package_code"], args["vat"] = nil, nil, nil
	if f != nil {
		args["spic"], args["package_code"], args["vat"] = f.SPIC, f.PackageCode, f.VAT
	}
	return args
}

// lockSlipper returns the slipper, which nobody else changes until tx ends. It returns catalog.ErrSlipperNotFound, or
// ErrStale unless the slipper is as expected.
func lockSlipper(ctx context.Context, tx pgx.Tx, id int64, from revision.Expected) (catalog.Slipper, error) {
	old, err := getSlipper(ctx, tx, slipperByID+` FOR NO KEY UPDATE OF s`, id)
	if err != nil {
		return catalog.Slipper{}, err
	}
	return old, from.Check(old.Revision())
}

// Delete takes a slipper out of the catalogue, or returns catalog.ErrSlipperNotFound. Its row stays, for its stock to be
// accounted for and for what is reserved to come back to.
func (s *Slippers) Delete(ctx context.Context, id int64) error {
	const query = `UPDATE catalog.slippers SET deleted_at = now(), updated_at = now(), version = version + 1
		WHERE id = $1 AND deleted_at IS NULL`

	return s.outbox.Write(ctx, slipperTags(id), func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, query, id)
		if err != nil {
			return fmt.Errorf("deleting slipper %d: %w", id, err)
		}
		if tag.RowsAffected() == 0 {
			return catalog.ErrSlipperNotFound
		}
		return nil
	})
}
