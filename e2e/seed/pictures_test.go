package seed

import (
	"bytes"
	"image/jpeg"
	"testing"
)

func TestEveryPictureIsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]picture{}
	for _, c := range categories {
		for v := range views {
			p := picture{shape: c.shape, palette: c.palettes[0], view: v}
			body, err := p.jpeg()
			if err != nil {
				t.Fatal(err)
			}
			if other, twice := seen[string(body)]; twice && other != p {
				t.Errorf("%+v looks like %+v", p, other)
			}
			seen[string(body)] = p
			img, err := jpeg.Decode(bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			if b := img.Bounds(); b.Dx() != side || b.Dy() != side {
				t.Errorf("%+v is %v, want %d square", p, b, side)
			}
			// The upper's toe is in the middle of the second view; the corner is the ground.
			if v == 1 && img.At(side*45/100, side*60/100) == img.At(2, 2) {
				t.Errorf("%+v shows no slipper", p)
			}
		}
	}
}

// A picture depends on nothing but what it shows: two runs store the same bytes.
func TestAPictureRepeats(t *testing.T) {
	t.Parallel()
	p := picture{shape: fluffy, palette: 3, view: 2}
	first, err := p.jpeg()
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.jpeg()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first, second) {
		t.Error("the same picture came out differently")
	}
}

// Past the first ones slippers share pictures, but one that nobody has yet is drawn all the same.
func TestEverySlipperHasPictures(t *testing.T) {
	t.Parallel()
	s := &shop{slippers: make([]slipper, pictured+2)}
	s.slippers[pictured].palette = 1 // all others have palette 0
	bySlipper, _ := s.images()
	if own := bySlipper[pictured][0]; own.slipper != pictured+1 || own.palette != 1 {
		t.Errorf("the only slipper of its colour shows %+v", own)
	}
	if shared := bySlipper[pictured+1][0]; shared.slipper != 1 || imagePath(pictured+2, shared) == imagePath(1, shared) {
		t.Errorf("a later slipper shows %+v as %s, want the first one's picture by a path of its own", shared, imagePath(pictured+2, shared))
	}
}
