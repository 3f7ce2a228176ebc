// Package picture turns what people upload into pictures that are safe to show: decoded within bounds, turned upright,
// and encoded again, so that nothing of the file but its pixels is left.
//
// A JPEG stays a JPEG, a PNG a PNG. A WebP becomes a PNG when something shines through it, else a JPEG. Of a GIF the first
// frame is kept, as a PNG: pictures of slippers do not move, and the number of frames has no bound before decoding.
package picture

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/webp"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

const (
	// maxPixels bounds the memory that one picture needs: a progressive JPEG takes up to 16 bytes a pixel to decode.
	maxPixels = 25_000_000
	quality   = 85

	errFormat = catalog.ErrNotPicture("must be a JPEG, PNG, WebP or GIF picture")
	errBroken = catalog.ErrNotPicture("is damaged, or of a kind that cannot be read")
	errPixels = catalog.ErrNotPicture("must have at most 25 megapixels")
)

// format is a kind of file that people upload.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)

	// opaque is the kind of what is written when nothing shines through, clear of the rest.
	opaque, clear string
}

// formats are by what the content says, not the name.
var formats = map[string]format{
	"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode, "jpg", "jpg"},
	"image/png":  {png.DecodeConfig, png.Decode, "png", "png"},
	"image/webp": {webp.DecodeConfig, webp.Decode, "jpg", "png"},
	"image/gif":  {gif.DecodeConfig, gif.Decode, "png", "png"},
}

// Cleaner decodes a bounded number of pictures at once: each may take hundreds of megabytes for a moment.
type Cleaner struct{ slots chan struct{} }

// NewCleaner returns a Cleaner of atOnce pictures.
func NewCleaner(atOnce int) *Cleaner { return &Cleaner{make(chan struct{}, atOnce)} }

// Clean returns the picture in file. It returns a catalog.ErrNotPicture when there is none, or one of too many pixels.
func (c *Cleaner) Clean(ctx context.Context, file []byte) (catalog.Picture, error) {
	mime := http.DetectContentType(file)
	f, ok := formats[mime]
	if !ok {
		return catalog.Picture{}, errFormat
	}
	config, err := f.config(bytes.NewReader(file))
	if err != nil {
		return catalog.Picture{}, errBroken
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height { // before a pixel is decoded
		return catalog.Picture{}, errPixels
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return catalog.Picture{}, fmt.Errorf("waiting to decode: %w", ctx.Err())
	}
	m, err := f.decode(bytes.NewReader(file))
	if err != nil {
		return catalog.Picture{}, errBroken
	}
	return f.encode(upright(m, orientation(mime, file)))
}

func (f format) encode(m image.Image) (catalog.Picture, error) {
	p := catalog.Picture{Extension: f.clear}
	if o, ok := m.(interface{ Opaque() bool }); ok && o.Opaque() {
		p.Extension = f.opaque
	}
	var out bytes.Buffer
	var err error
	if p.Extension == "jpg" {
		err = jpeg.Encode(&out, m, &jpeg.Options{Quality: quality})
	} else {
		err = png.Encode(&out, m)
	}
	if err != nil {
		return catalog.Picture{}, fmt.Errorf("encoding a picture: %w", err)
	}
	p.Bytes = out.Bytes()
	return p, nil
}
