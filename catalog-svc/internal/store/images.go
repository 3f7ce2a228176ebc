package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/revision"
)

// Images keeps which slipper has which images. Every change locks the slipper first and gives it a new version.
//
// The blobs of images that are removed stay where they are: past orders show them.
type Images struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewImages returns the images of db.
func NewImages(db *pgxpool.Pool, o *invalidation.Outbox) *Images { return &Images{db, o} }

// List returns the images of a slipper, the primary one first, or catalog.ErrSlipperNotFound.
func (s *Images) List(ctx context.Context, slipperID int64) ([]catalog.Image, error) {
	slipper, err := getSlipper(ctx, s.db, slipperByID, slipperID)
	return slipper.Images, err
}

// Add puts images behind those that the slipper has, and returns all it has then. The first image of a slipper becomes
// its primary one. It returns catalog.ErrSlipperNotFound or ErrImagesFull, and wraps catalog.ErrUnsure when the images may
// have been stored nevertheless.
func (s *Images) Add(ctx context.Context, slipperID int64, paths []string) ([]catalog.Image, error) {
	const query = `
		INSERT INTO catalog.slipper_images (slipper_id, image_path, is_primary, order_index)
		SELECT @slipper, path, @first AND n = 1, @next + n - 1 FROM unnest(@paths::text[]) WITH ORDINALITY AS p (path, n)`

	images, err := s.change(ctx, slipperID, nil, func(tx pgx.Tx, has []catalog.Image) error {
		if len(has)+len(paths) > catalog.MaxImages {
			return catalog.ErrImagesFull
		}
		next := int32(0)
		for _, i := range has {
			next = max(next, i.OrderIndex+1)
		}
		_, err := tx.Exec(ctx, query, pgx.StrictNamedArgs{
			"slipper": slipperID, "paths": paths, "first": len(has) == 0, "next": next,
		})
		return err
	})
	if err != nil && fault.Of(err) == nil && !postgres.Refused(err) {
		return nil, fmt.Errorf("%w: %w", catalog.ErrUnsure, err)
	}
	return images, err
}

// Update changes an image and returns it. from is about the slipper. It returns catalog.ErrSlipperNotFound,
// ErrImageNotFound, ErrStale or ErrImageInvalid.
func (s *Images) Update(ctx context.Context, slipperID, id int64, change catalog.ImageChange, from revision.Expected) (catalog.Image, error) {
	const (
		only  = `UPDATE catalog.slipper_images SET is_primary = false WHERE slipper_id = $1 AND is_primary AND id <> $2`
		query = `UPDATE catalog.slipper_images SET alt_text = @alt_text, order_index = @order_index, is_primary = @is_primary
			WHERE id = @id`
	)
	all, err := s.change(ctx, slipperID, from, func(tx pgx.Tx, has []catalog.Image) error {
		old, err := imageOf(has, id)
		if err != nil {
			return err
		}
		to, err := change.Apply(old)
		if err != nil {
			return err
		}
		if to.IsPrimary {
			if _, err := tx.Exec(ctx, only, slipperID, id); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, query, pgx.StrictNamedArgs{
			"id": id, "alt_text": to.AltText, "order_index": to.OrderIndex, "is_primary": to.IsPrimary,
		})
		return err
	})
	if err != nil {
		return catalog.Image{}, err
	}
	return imageOf(all, id)
}

// Delete removes an image; after the primary one, the next in order takes its place. It returns
// catalog.ErrSlipperNotFound or ErrImageNotFound.
func (s *Images) Delete(ctx context.Context, slipperID, id int64) error {
	const (
		remove  = `DELETE FROM catalog.slipper_images WHERE id = $1`
		succeed = `UPDATE catalog.slipper_images SET is_primary = true WHERE id = (
			SELECT id FROM catalog.slipper_images WHERE slipper_id = $1 ORDER BY order_index, id LIMIT 1)`
	)
	_, err := s.change(ctx, slipperID, nil, func(tx pgx.Tx, has []catalog.Image) error {
		old, err := imageOf(has, id)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, remove, id); err != nil || !old.IsPrimary {
			return err
		}
		_, err = tx.Exec(ctx, succeed, slipperID)
		return err
	})
	return err
}

// change locks the slipper, lets do change its images, and returns them as they are then.
func (s *Images) change(
	ctx context.Context, slipperID int64, from revision.Expected, do func(tx pgx.Tx, has []catalog.Image) error,
) (images []catalog.Image, err error) {
	const changed = `UPDATE catalog.slippers SET version = version + 1, updated_at = now() WHERE id = $1`

	err = s.outbox.Write(ctx, slipperTags(slipperID), func(tx pgx.Tx) error {
		if _, err := lockSlipper(ctx, tx, slipperID, from); err != nil {
			return err
		}
		// Read once it is locked: the statement that waited for the lock saw the images from before.
		old, err := getSlipper(ctx, tx, slipperByID, slipperID)
		if err != nil {
			return err
		}
		if err := do(tx, old.Images); err != nil {
			return fmt.Errorf("changing the images of slipper %d: %w", slipperID, err)
		}
		if _, err := tx.Exec(ctx, changed, slipperID); err != nil {
			return fmt.Errorf("marking slipper %d as changed: %w", slipperID, err)
		}
		now, err := getSlipper(ctx, tx, slipperByID, slipperID)
		images = now.Images
		return err
	})
	return images, err
}

func imageOf(images []catalog.Image, id int64) (catalog.Image, error) {
	for _, i := range images {
		if i.ID == id {
			return i, nil
		}
	}
	return catalog.Image{}, catalog.ErrImageNotFound
}
