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

// Categories keeps the shelves of the shop. There are few: every list may read them all.
type Categories struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewCategories returns the categories of db.
func NewCategories(db *pgxpool.Pool, o *invalidation.Outbox) *Categories { return &Categories{db, o} }

const (
	categoryColumns = `id, name, description, is_active, created_at, updated_at, version`
	categoryByID    = `SELECT ` + categoryColumns + ` FROM catalog.categories WHERE id = $1`
)

// Get returns the category, or catalog.ErrCategoryNotFound.
func (s *Categories) Get(ctx context.Context, id int64) (catalog.Category, error) {
	return oneCategory(ctx, s.db, categoryByID, id)
}

func oneCategory(ctx context.Context, db postgres.Querier, query string, args ...any) (catalog.Category, error) {
	rows, err := db.Query(ctx, query, args...)
	if err != nil {
		return catalog.Category{}, fmt.Errorf("querying a category: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[catalog.Category])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return catalog.Category{}, catalog.ErrCategoryNotFound
	case postgres.Violates(err, "categories_name_key"):
		return catalog.Category{}, catalog.ErrCategoryTaken
	case err != nil:
		return catalog.Category{}, fmt.Errorf("reading a category: %w", err)
	}
	return c, nil
}

// List returns the rows of a page of categories (page.Request.Rows), by name, and how many categories there are in all.
func (s *Categories) List(ctx context.Context, inactive bool, r page.Request) ([]catalog.Category, int64, error) {
	const (
		list = `SELECT ` + categoryColumns + ` FROM catalog.categories
			WHERE (is_active OR @inactive) AND (@id::bigint IS NULL OR (name, id) > (@key, @id))
			ORDER BY name, id LIMIT @limit OFFSET @skip`
		count = `SELECT count(*) FROM catalog.categories WHERE is_active OR @inactive`
	)
	args := pgx.StrictNamedArgs{"inactive": inactive, "limit": r.Rows(), "skip": r.Skip, "id": nil, "key": ""}
	if r.After != nil {
		args["id"], args["key"], args["skip"] = r.After.ID, r.After.Key, 0
	}
	return postgres.List[catalog.Category](ctx, s.db, list, count, args, pgx.StrictNamedArgs{"inactive": inactive})
}

// Create stores a new category, or returns catalog.ErrCategoryTaken.
func (s *Categories) Create(ctx context.Context, c catalog.Category) (created catalog.Category, err error) {
	const query = `INSERT INTO catalog.categories (name, description, is_active)
		VALUES (@name, @description, @is_active) RETURNING ` + categoryColumns

	err = s.outbox.Write(ctx, []string{categoriesTag}, func(tx pgx.Tx) (err error) {
		created, err = oneCategory(ctx, tx, query, pgx.StrictNamedArgs{
			"name": c.Name, "description": c.Description, "is_active": c.IsActive,
		})
		return err
	})
	return created, err
}

// Update changes a category. It returns catalog.ErrCategoryNotFound, ErrStale, ErrCategoryInvalid or ErrCategoryTaken.
func (s *Categories) Update(ctx context.Context, id int64, change catalog.CategoryChange, from revision.Expected) (updated catalog.Category, err error) {
	const query = `UPDATE catalog.categories
		SET name = @name, description = @description, is_active = @is_active, version = version + 1, updated_at = now()
		WHERE id = @id RETURNING ` + categoryColumns

	err = s.outbox.Write(ctx, categoryTags(id), func(tx pgx.Tx) error {
		old, err := oneCategory(ctx, tx, categoryByID+` FOR UPDATE`, id)
		if err != nil {
			return err
		}
		if err := from.Check(old.Revision()); err != nil {
			return err
		}
		to, err := change.Apply(old)
		if err != nil {
			return err
		}
		updated, err = oneCategory(ctx, tx, query, pgx.StrictNamedArgs{
			"id": id, "name": to.Name, "description": to.Description, "is_active": to.IsActive,
		})
		return err
	})
	return updated, err
}

// Delete removes a category, or returns catalog.ErrCategoryNotFound. Its slippers stay, without one.
func (s *Categories) Delete(ctx context.Context, id int64) error {
	return s.outbox.Write(ctx, categoryTags(id), func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM catalog.categories WHERE id = $1`, id)
		if err != nil {
			return fmt.Errorf("deleting category %d: %w", id, err)
		}
		if tag.RowsAffected() == 0 {
			return catalog.ErrCategoryNotFound
		}
		return nil
	})
}
