package blobs

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

// s3 keeps pictures in a bucket of Amazon's S3, or of another service that speaks it.
type s3 struct {
	client *minio.Client
	bucket string
}

// attempts is how often a request is made that fails for no lasting reason: somebody waits for the picture.
const attempts = 3

func openS3(cfg Config, bucket, endpoint string) (s3, error) {
	u, err := url.Parse(cmp.Or(endpoint, "https://s3.amazonaws.com"))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return s3{}, errors.New("the endpoint of IMAGES_URL must be http:// or https:// and a host")
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewChainCredentials([]credentials.Provider{
			&credentials.Static{Value: credentials.Value{AccessKeyID: cfg.AccessKey, SecretAccessKey: cfg.SecretKey}},
			&credentials.FileAWSCredentials{}, &credentials.IAM{},
		}),
		Secure: u.Scheme == "https", Region: cfg.Region, MaxRetries: attempts,
	})
	if err != nil {
		return s3{}, fmt.Errorf("opening IMAGES_URL: %w", err)
	}
	return s3{client, bucket}, nil
}

// Close implements Bucket.
func (s s3) Close() error { return nil }

var contentTypes = map[string]string{"jpg": "image/jpeg", "png": "image/png"}

// Put implements Bucket.
func (s s3) Put(ctx context.Context, key string, p catalog.Picture) error {
	options := minio.PutObjectOptions{ContentType: contentTypes[p.Extension]}
	_, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(p.Bytes), int64(len(p.Bytes)), options)
	return said(err, "storing "+key)
}

// Delete implements Bucket.
func (s s3) Delete(ctx context.Context, key string) error {
	return said(s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{}), "deleting "+key)
}

// Read implements Bucket.
func (s s3) Read(ctx context.Context, key string) (r io.ReadSeekCloser, modified time.Time, err error) {
	object, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, time.Time{}, said(err, "opening "+key)
	}
	info, err := object.Stat() // the request: before it nothing was asked
	if err != nil {
		_ = object.Close()
		return nil, time.Time{}, said(err, "opening "+key)
	}
	return object, info.LastModified, nil
}

// said makes of what the service said what callers know.
func said(err error, doing string) error {
	switch {
	case err == nil:
		return nil
	case minio.ToErrorResponse(err).Code == minio.NoSuchKey:
		return ErrNotFound
	}
	return ErrAway.Because(fmt.Errorf("%s: %w", doing, err))
}
