package blobs_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/slippers-api/slippers/catalog-svc/internal/blobs"
	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

func TestAFolderHoldsPicturesAndNothingElse(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "images")
	b, err := blobs.Open(t.Context(), blobs.Config{URL: "file://" + root + "?create_dir=1&no_tmp_dir=1&metadata=skip"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Put(t.Context(), "slippers/7/a.jpg", catalog.Picture{Bytes: []byte("pixels"), Extension: "jpg"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(root, "slippers", "7"))
	if err != nil || len(entries) != 1 || entries[0].Name() != "a.jpg" {
		t.Errorf("the folder has %v, %v", entries, err)
	}
	r, modified, err := b.Read(t.Context(), "slippers/7/a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Seek(2, io.SeekStart); err != nil {
		t.Error(err)
	}
	if got, err := io.ReadAll(r); string(got) != "xels" || err != nil || modified.IsZero() {
		t.Errorf("got %q, %v, %v", got, err, modified)
	}
	if err := b.Delete(t.Context(), "slippers/7/a.jpg"); err != nil {
		t.Error(err)
	}
	if _, _, err := b.Read(t.Context(), "slippers/7/a.jpg"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("got %v, want %v", err, blobs.ErrNotFound)
	}
}

func TestEveryStoreOfTheDocumentationIsKnown(t *testing.T) {
	t.Setenv("AZURE_STORAGE_ACCOUNT", "slippers")
	t.Setenv("AZURE_STORAGE_KEY", "c2xpcHBlcnM=")
	for _, url := range []string{"mem://", "s3://slippers?region=eu-central-1&anonymous=true", "azblob://slippers"} {
		b, err := blobs.Open(t.Context(), blobs.Config{URL: url})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		_ = b.Close()
	}
}
