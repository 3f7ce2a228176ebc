// Package blobs keeps pictures where a URL says: in a folder, or with a service that speaks S3.
//
// A key names the same bytes for ever. Nothing here knows what a picture shows or which slipper has it.
package blobs

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
)

var (
	// ErrNotFound is returned for a key that names nothing.
	ErrNotFound = fault.New(fault.NotFound, "picture-not-found", "There is no such picture.")

	// ErrAway is returned while an S3 service does not answer, or refuses us.
	ErrAway = fault.New(fault.Unavailable, "pictures-unavailable", "Pictures can be neither kept nor shown right now.").After(2 * time.Second)
)

// Config is where pictures are kept.
type Config struct {
	// URL names the place, which all replicas must share: file:///path, or s3://bucket of any service that speaks S3. One
	// that is not Amazon's is named behind it: s3://bucket?endpoint=https://storage.googleapis.com.
	URL string `env:"IMAGES_URL" envDefault:"file:///tmp/slippers-images"`

	// Region is where the bucket is. Without it the service is asked.
	Region string `env:"AWS_REGION"`

	// AccessKey and SecretKey open the bucket. Without them a shared credentials file does, or the role of the Pod.
	AccessKey string `env:"AWS_ACCESS_KEY_ID"`
	SecretKey string `env:"AWS_SECRET_ACCESS_KEY"`
}

// Bucket holds pictures by key.
type Bucket interface {
	// Put stores p under key, or returns ErrAway.
	Put(ctx context.Context, key string, p catalog.Picture) error

	// Delete forgets key.
	Delete(ctx context.Context, key string) error

	// Read opens what key names, or returns ErrNotFound or ErrAway. modified is when it was stored.
	Read(ctx context.Context, key string) (r io.ReadSeekCloser, modified time.Time, err error)

	// Close lets go of the bucket.
	Close() error
}

// Open opens the bucket that cfg names. It does not ask an S3 service whether it is there.
func Open(cfg Config) (Bucket, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("IMAGES_URL is not a URL")
	}
	query := u.Query()
	endpoint := query.Get("endpoint")
	query.Del("endpoint")
	switch {
	case len(query) > 0:
		return nil, errors.New("IMAGES_URL takes no parameter but endpoint")
	case u.Scheme == "file" && u.Host == "" && u.Path != "" && endpoint == "":
		return openFolder(u.Path)
	case u.Scheme == "s3" && u.Host != "" && u.Path == "":
		return openS3(cfg, u.Host, endpoint)
	}
	return nil, errors.New("IMAGES_URL must be file:///path or s3://bucket")
}
