package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

var errDown = errors.New("down")

// cleaner takes every file for a picture unless it says "no".
type cleaner struct{}

func (cleaner) Clean(_ context.Context, file []byte) (catalog.Picture, error) {
	if bytes.Equal(file, []byte("no")) {
		return catalog.Picture{}, catalog.ErrNotPicture("must be a picture")
	}
	return catalog.Picture{Bytes: file, Extension: "jpg"}, nil
}

// bucket fails at the put of one text.
type bucket struct {
	kept   map[string]string
	failAt string
}

func (b bucket) Put(_ context.Context, key string, p catalog.Picture) error {
	if b.failAt == string(p.Bytes) {
		return errDown
	}
	b.kept[key] = string(p.Bytes)
	return nil
}

func (b bucket) Delete(_ context.Context, key string) error {
	delete(b.kept, key)
	return nil
}

type wall struct {
	err   error
	paths []string
}

func (w *wall) List(context.Context, int64) ([]catalog.Image, error) { return nil, nil }

func (w *wall) Add(_ context.Context, _ int64, paths []string) ([]catalog.Image, error) {
	w.paths = paths
	return make([]catalog.Image, len(paths)), w.err
}

// What may be named must not be deleted.
func TestUploadKeepsItsFilesWhenNobodyKnowsWhetherTheyAreNamed(t *testing.T) {
	t.Parallel()
	b, w := bucket{kept: map[string]string{}}, &wall{err: fmt.Errorf("%w: %w", catalog.ErrUnsure, errDown)}
	_, err := catalog.Uploading{Pictures: cleaner{}, Blobs: b, Gallery: w}.Upload(t.Context(), 7, files("a", "b"))
	if !errors.Is(err, errDown) || len(b.kept) != 2 {
		t.Errorf("%v, kept %v, want %v and both", err, b.kept, errDown)
	}
}

func files(texts ...string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, text := range texts {
			var err error
			if text == "cut" {
				err = errDown
			}
			if !yield([]byte(text), err) {
				return
			}
		}
	}
}

func TestUploadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		files  []string
		failAt string
		wall   error
		want   error
		broken string
	}{
		"all":              {files: []string{"a", "b"}},
		"none":             {want: catalog.ErrImageInvalid, broken: "/images"},
		"two no pictures":  {files: []string{"no", "a", "no"}, want: catalog.ErrImageInvalid, broken: "/images/0 /images/2"},
		"cut off":          {files: []string{"a", "cut"}, want: errDown},
		"bucket down":      {files: []string{"a", "b"}, failAt: "b", want: errDown},
		"database down":    {files: []string{"a", "b"}, wall: errDown, want: errDown},
		"too many of them": {files: []string{"a"}, wall: catalog.ErrImagesFull, want: catalog.ErrImagesFull},
	}
	for name, tt := range tests {
		b, w := bucket{map[string]string{}, tt.failAt}, &wall{err: tt.wall}
		ctx, cancel := context.WithCancel(t.Context())
		images, err := catalog.Uploading{Pictures: cleaner{}, Blobs: b, Gallery: w}.Upload(ctx, 7, files(tt.files...))
		cancel()
		if !errors.Is(err, tt.want) || broken(err) != tt.broken {
			t.Errorf("%s: %v, want %v %s", name, err, tt.want, tt.broken)
		}
		if tt.want != nil && len(b.kept) > 0 || tt.want == nil && (len(b.kept) != 2 || len(images) != 2) {
			t.Errorf("%s: kept %v", name, slices.Collect(maps.Keys(b.kept)))
		}
		for _, path := range w.paths {
			key, ok := strings.CutPrefix(path, "/static/")
			if tt.want == nil && (!ok || b.kept[key] == "" || !strings.HasPrefix(key, "slippers/7/") || !strings.HasSuffix(key, ".jpg")) {
				t.Errorf("%s: path %s names nothing", name, path)
			}
		}
	}
}

// queue has a number of overdue reservations, and fails at first.
type queue struct{ left, failures int }

func (q *queue) ReleaseOverdue(context.Context) (int, error) {
	if q.failures > 0 {
		q.failures--
		return 0, errDown
	}
	n := min(q.left, 100)
	q.left -= n
	return n, nil
}

func TestExpiryGoesOnAfterAFailureUntilNothingIsOverdue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), 7*time.Second)
		defer stop()
		q := &queue{left: 250, failures: 2}
		if err := (catalog.Expiry{Stock: q, Every: 2 * time.Second, Log: slog.New(slog.DiscardHandler)}).Run(ctx); err != nil {
			t.Error(err)
		}
		if q.left != 0 || q.failures != 0 {
			t.Errorf("left %+v", q)
		}
	})
}
