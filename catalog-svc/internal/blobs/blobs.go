// Package blobs keeps pictures where a URL says: a folder, S3, Google Cloud Storage, Azure, or memory in tests.
//
// A key names the same bytes for ever. Nothing here knows what a picture shows or which slipper has it.
package blobs

import (
	"context"
	"fmt"
	"io"
	"time"

	"gocloud.dev/blob"
	_ "gocloud.dev/blob/azureblob" // the drivers that a URL may name
	_ "gocloud.dev/blob/fileblob"
	_ "gocloud.dev/blob/gcsblob"
	_ "gocloud.dev/blob/memblob"
	_ "gocloud.dev/blob/s3blob"
	"gocloud.dev/gcerrors"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
)

// ErrNotFound is returned for a key that names nothing.
var ErrNotFound = fault.New(fault.NotFound, "picture-not-found", "There is no such picture.")

// Config is where pictures are kept.
type Config struct {
	// URL names the bucket as gocloud.dev/blob does: file:///path, s3://name, gs://name or azblob://name. All replicas
	// must see the same one. metadata=skip, for a folder, keeps attribute files from lying beside the pictures.
	URL string `env:"IMAGES_URL" envDefault:"file:///tmp/slippers-images?create_dir=1&no_tmp_dir=1&metadata=skip"`
}

// Bucket holds pictures by key.
type Bucket struct{ b *blob.Bucket }

// Open opens the bucket that cfg names. It does not ask whether it is there.
func Open(ctx context.Context, cfg Config) (*Bucket, error) {
	b, err := blob.OpenBucket(ctx, cfg.URL)
	if err != nil {
		return nil, fmt.Errorf("opening IMAGES_URL: %w", err)
	}
	return &Bucket{b}, nil
}

// Close lets go of the bucket.
func (b *Bucket) Close() error { return b.b.Close() }

var contentTypes = map[string]string{"jpg": "image/jpeg", "png": "image/png"}

// Put stores p under key.
func (b *Bucket) Put(ctx context.Context, key string, p catalog.Picture) error {
	return b.b.WriteAll(ctx, key, p.Bytes, &blob.WriterOptions{ContentType: contentTypes[p.Extension]})
}

// Delete forgets key.
func (b *Bucket) Delete(ctx context.Context, key string) error { return b.b.Delete(ctx, key) }

// Read opens what key names, or returns ErrNotFound. modified is when it was stored.
func (b *Bucket) Read(ctx context.Context, key string) (r io.ReadSeekCloser, modified time.Time, err error) {
	reader, err := b.b.NewReader(ctx, key, nil)
	if gcerrors.Code(err) == gcerrors.NotFound {
		return nil, time.Time{}, ErrNotFound
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("opening %s: %w", key, err)
	}
	return reader, reader.ModTime(), nil
}
