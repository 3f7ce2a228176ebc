package store_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Images whose commit was not answered may be there. Those that were refused are not.
func TestAddSaysWhenItDoesNotKnow(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	images, cut := store.NewImages(db, outbox(t, db)), testkit.Unanswered(t, db)
	_, err := store.NewImages(cut, outbox(t, cut)).Add(t.Context(), s.ID, []string{"/static/a.jpg"})
	if has, listErr := images.List(t.Context(), s.ID); !errors.Is(err, catalog.ErrUnsure) || len(has) != 1 || listErr != nil {
		t.Errorf("without an answer: %v, has %+v, %v, want %v and one", err, has, listErr, catalog.ErrUnsure)
	}
	for name, paths := range map[string][]string{
		"too many of them": slices.Repeat([]string{"/static/b.jpg"}, catalog.MaxImages),
		"one named twice":  {"/static/a.jpg"},
		"not text":         {"/static/\x00"},
	} {
		if _, err := images.Add(t.Context(), s.ID, paths); err == nil || errors.Is(err, catalog.ErrUnsure) {
			t.Errorf("%s: %v, want a refusal", name, err)
		}
	}
	if _, err := images.Add(t.Context(), 99, []string{"/static/c.jpg"}); !errors.Is(err, catalog.ErrSlipperNotFound) || errors.Is(err, catalog.ErrUnsure) {
		t.Errorf("of no slipper: %v", err)
	}
}
