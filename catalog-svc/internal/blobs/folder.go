package blobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

// folder keeps each picture as a file. No key leads out of it.
type folder struct{ root *os.Root }

func openFolder(dir string) (folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // others may read pictures: everybody can anyway
		return folder{}, fmt.Errorf("making the folder of IMAGES_URL: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return folder{}, fmt.Errorf("opening the folder of IMAGES_URL: %w", err)
	}
	return folder{root}, nil
}

// Close implements Bucket.
func (f folder) Close() error { return f.root.Close() }

// Put implements Bucket. The picture has its name only once it is whole and on the disk.
func (f folder) Put(_ context.Context, key string, p catalog.Picture) error {
	if err := f.root.MkdirAll(path.Dir(key), 0o755); err != nil {
		return fmt.Errorf("making the folder of %s: %w", key, err)
	}
	part := key + "." + rand.Text()
	file, err := f.root.Create(part)
	if err != nil {
		return fmt.Errorf("creating %s: %w", key, err)
	}
	_, err = file.Write(p.Bytes)
	if err = errors.Join(err, file.Sync(), file.Close()); err == nil {
		err = f.root.Rename(part, key)
	}
	if err != nil {
		_ = f.root.Remove(part)
		return fmt.Errorf("writing %s: %w", key, err)
	}
	return nil
}

// Delete implements Bucket.
func (f folder) Delete(_ context.Context, key string) error {
	if err := f.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting %s: %w", key, err)
	}
	return nil
}

// Read implements Bucket.
func (f folder) Read(_ context.Context, key string) (r io.ReadSeekCloser, modified time.Time, err error) {
	file, err := f.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, time.Time{}, ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("opening %s: %w", key, err)
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close()
		return nil, time.Time{}, fmt.Errorf("looking at %s: %w", key, err)
	}
	return file, info.ModTime(), nil
}
