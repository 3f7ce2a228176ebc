package catalog

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

// Picture is an uploaded file after it was decoded and encoded again: nothing but its pixels is left of it.
type Picture struct {
	Bytes     []byte
	Extension string // "jpg" or "png"
}

// ErrNotPicture is returned by Pictures for bytes that are not a picture, or one of too many pixels. Its text is for
// clients.
type ErrNotPicture string

func (e ErrNotPicture) Error() string { return string(e) }

// Pictures makes sound pictures of what people upload.
type Pictures interface {
	// Clean returns the picture in file. It returns an ErrNotPicture when there is none.
	Clean(ctx context.Context, file []byte) (Picture, error)
}

// Blobs keeps the bytes of pictures by key.
type Blobs interface {
	Put(ctx context.Context, key string, p Picture) error
	Delete(ctx context.Context, key string) error
}

// ErrUnsure is wrapped by the error of a Gallery that does not know whether it has stored something.
var ErrUnsure = errors.New("it may have been stored nevertheless")

// Gallery keeps which slipper has which images.
type Gallery interface {
	List(ctx context.Context, slipperID int64) ([]Image, error)

	// Add puts images behind those that the slipper has, all or none, and returns all it has then. It wraps ErrUnsure.
	Add(ctx context.Context, slipperID int64, paths []string) ([]Image, error)
}

// Uploading makes images of uploaded files, all of them or none: decode all, keep all, and only then name them.
type Uploading struct {
	Pictures Pictures
	Blobs    Blobs
	Gallery  Gallery
}

// ImageRoot is where images are served: a path is ImageRoot and the key of a blob.
const ImageRoot = "/static/"

// Upload adds the files to the images of a slipper, and returns all it has then. It returns ErrSlipperNotFound,
// ErrImagesFull, ErrImageInvalid with every file that is no picture, or what the iterator yields.
func (u Uploading) Upload(ctx context.Context, slipperID int64, files iter.Seq2[[]byte, error]) ([]Image, error) {
	if _, err := u.Gallery.List(ctx, slipperID); err != nil {
		return nil, err // before anybody's time is spent on pictures
	}
	pictures, err := u.clean(ctx, files)
	if err != nil {
		return nil, err
	}
	paths, drop, err := u.keep(ctx, slipperID, pictures)
	if err != nil {
		return nil, errors.Join(err, drop())
	}
	images, err := u.Gallery.Add(ctx, slipperID, paths)
	switch {
	case errors.Is(err, ErrUnsure):
		return nil, err // a file that nobody names is better than an image without its file
	case err != nil:
		return nil, errors.Join(err, drop())
	}
	return images, nil
}

func (u Uploading) clean(ctx context.Context, files iter.Seq2[[]byte, error]) ([]Picture, error) {
	var pictures []Picture
	var broken fault.Rules
	n := 0
	for file, err := range files {
		if err != nil {
			return nil, err
		}
		p, err := u.Pictures.Clean(ctx, file)
		if reason, ok := errors.AsType[ErrNotPicture](err); ok {
			broken.Check(false, "/images/"+strconv.Itoa(n), reason.Error())
		} else if err != nil {
			return nil, fmt.Errorf("cleaning picture %d: %w", n, err)
		}
		pictures = append(pictures, p)
		n++
	}
	broken.Check(n > 0, "/images", "must have 1 to "+strconv.Itoa(MaxUpload)+" files")
	return pictures, broken.Err(ErrImageInvalid)
}

// keep stores the pictures under keys that nobody can guess or use twice. drop takes back what was stored.
func (u Uploading) keep(ctx context.Context, slipperID int64, pictures []Picture) (paths []string, drop func() error, err error) {
	var keys []string
	drop = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		var errs []error
		for _, key := range keys {
			errs = append(errs, u.Blobs.Delete(ctx, key))
		}
		return errors.Join(errs...)
	}
	for _, p := range pictures {
		key := fmt.Sprintf("slippers/%d/%s.%s", slipperID, rand.Text(), p.Extension)
		if err := u.Blobs.Put(ctx, key, p); err != nil {
			return nil, drop, fmt.Errorf("storing %s: %w", key, err)
		}
		keys, paths = append(keys, key), append(paths, ImageRoot+key)
	}
	return paths, drop, nil
}
