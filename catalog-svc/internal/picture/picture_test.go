package picture_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"
	"time"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/picture"
)

var (
	red  = color.NRGBA{220, 20, 20, 255}
	blue = color.NRGBA{20, 20, 220, 255}
)

// corner is 32 by 16, blue but for its upper left quarter, which is red.
func corner() *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			m.Set(x, y, blue)
			if x < 16 && y < 8 {
				m.Set(x, y, red)
			}
		}
	}
	return m
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asJPEG(t *testing.T) []byte {
	t.Helper()
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, corner(), &jpeg.Options{Quality: 100}) })
}

// held returns the JPEG as a camera writes it that was held another way, with a secret in its metadata.
func held(jpg []byte, orientation uint16) []byte {
	var tiff bytes.Buffer
	tiff.WriteString("MM\x00*\x00\x00\x00\x08\x00\x02")
	for _, field := range []any{
		uint16(0x0112), uint16(3), uint32(1), orientation, uint16(0), // Orientation
		uint16(0x013b), uint16(2), uint32(7), uint32(38), // Artist, whose text follows
		uint32(0),
	} {
		_ = binary.Write(&tiff, binary.BigEndian, field)
	}
	tiff.WriteString("secret\x00")
	var b bytes.Buffer
	b.Write(jpg[:2])
	b.WriteString("\xff\xe1")
	_ = binary.Write(&b, binary.BigEndian, uint16(2+6+tiff.Len()))
	b.WriteString("Exif\x00\x00")
	b.Write(tiff.Bytes())
	b.Write(jpg[2:])
	return b.Bytes()
}

func isRed(c color.Color) bool {
	r, _, b, _ := c.RGBA()
	return r > b
}

func TestCleanTurnsPicturesUprightAndForgetsTheRest(t *testing.T) {
	t.Parallel()
	tests := map[uint16]struct {
		wide        bool
		right, down bool // where the red quarter goes
	}{
		1: {true, false, false}, 2: {true, true, false}, 3: {true, true, true}, 4: {true, false, true},
		5: {false, false, false}, 6: {false, true, false}, 7: {false, true, true}, 8: {false, false, true},
	}
	c := picture.NewCleaner(1)
	for orientation, tt := range tests {
		file := held(asJPEG(t), orientation)
		p, err := c.Clean(t.Context(), file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(p.Bytes, []byte("secret")) || !bytes.Contains(file, []byte("secret")) {
			t.Errorf("%d: metadata is still there", orientation)
		}
		m, err := jpeg.Decode(bytes.NewReader(p.Bytes))
		if err != nil || p.Extension != "jpg" {
			t.Fatalf("%d: got %q, %v", orientation, p.Extension, err)
		}
		b := m.Bounds()
		if wide := b.Dx() > b.Dy(); wide != tt.wide {
			t.Errorf("%d: is %v", orientation, b)
		}
		for _, right := range []bool{false, true} {
			for _, down := range []bool{false, true} {
				x, y := b.Dx()/4, b.Dy()/4
				if right {
					x *= 3
				}
				if down {
					y *= 3
				}
				if got, want := isRed(m.At(x, y)), right == tt.right && down == tt.down; got != want {
					t.Errorf("%d: right %v, down %v is red: %v, want %v", orientation, right, down, got, want)
				}
			}
		}
	}
}

func TestCleanKeepsWhatCanBeKept(t *testing.T) {
	t.Parallel()
	clear := corner()
	clear.Set(0, 0, color.NRGBA{})
	lossy, _ := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	tests := map[string]struct {
		file []byte
		want string
	}{
		"JPEG":        {asJPEG(t), "jpg"},
		"opaque PNG":  {encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, corner()) }), "png"},
		"clear PNG":   {encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, clear) }), "png"},
		"GIF":         {encoded(t, func(b *bytes.Buffer) error { return gif.Encode(b, corner(), nil) }), "png"},
		"opaque WebP": {lossy, "jpg"},
	}
	for name, tt := range tests {
		p, err := picture.NewCleaner(1).Clean(t.Context(), tt.file)
		if err != nil || p.Extension != tt.want {
			t.Errorf("%s: got %q, %v, want %q", name, p.Extension, err, tt.want)
			continue
		}
		if _, kind, err := image.Decode(bytes.NewReader(p.Bytes)); err != nil || kind[:1] != tt.want[:1] {
			t.Errorf("%s: %s is %s, %v", name, p.Extension, kind, err)
		}
	}
}

// bomb says that it is a PNG of w by h pixels.
func bomb(w, h uint32) []byte {
	header := binary.BigEndian.AppendUint32([]byte("IHDR"), w)
	header = append(binary.BigEndian.AppendUint32(header, h), 8, 6, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(header))
}

func TestCleanRefuses(t *testing.T) {
	t.Parallel()
	jpg := asJPEG(t)
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`),
		"half of a JPEG": jpg[:len(jpg)/2], "the head of a PNG": []byte("\x89PNG\r\n\x1a\n"), "PDF": []byte("%PDF-1.7"),
		"a bomb": bomb(50_000, 50_000), "a long bomb": bomb(1<<31-1, 1), "a thin one": bomb(1, 1<<31-1), "a flat one": bomb(0, 5),
	} {
		_, err := picture.NewCleaner(1).Clean(t.Context(), file)
		if _, ok := errors.AsType[catalog.ErrNotPicture](err); !ok {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}

func TestCleanRefusesABombForItsPixelsBeforeItIsDecoded(t *testing.T) {
	t.Parallel()
	_, err := picture.NewCleaner(0).Clean(t.Context(), bomb(50_000, 50_000)) // with no slot to decode in
	if want := catalog.ErrNotPicture("must have at most 25 megapixels"); !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
}

func TestCleanWaitsForASlotOnlyAsLongAsTheCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := picture.NewCleaner(0).Clean(ctx, asJPEG(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want %v", err, context.DeadlineExceeded)
	}
}
