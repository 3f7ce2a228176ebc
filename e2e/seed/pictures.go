package seed

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"strings"
)

// palette is a colourway: what a slipper is made of and what it is photographed on.
type palette struct {
	name                                string
	upper, lining, sole, accent, ground color.RGBA
}

var white = color.RGBA{255, 255, 255, 255}

// palettes are muted on purpose, so that a page of them is pleasant to look at.
var palettes = []palette{
	{"Graphite", rgb(0x4a4e57), rgb(0xd9d3c7), rgb(0x2f3238), rgb(0xc98b5a), rgb(0xe9e6e1)},
	{"Oatmeal", rgb(0xcdbb9d), rgb(0xf1e9db), rgb(0x8a6f52), rgb(0x9c6b45), rgb(0xf1ebe2)},
	{"Sage", rgb(0x8ea58a), rgb(0xeeeadb), rgb(0x6c5f4c), rgb(0xdcc27e), rgb(0xe6ece1)},
	{"Dusty Rose", rgb(0xcf9c9c), rgb(0xf6e9e3), rgb(0x8c6464), rgb(0xf0c9b2), rgb(0xf5e8e5)},
	{"Ocean", rgb(0x4f7c95), rgb(0xe4e9e6), rgb(0x35505f), rgb(0xe7b86f), rgb(0xe0eaee)},
	{"Terracotta", rgb(0xc0714f), rgb(0xf3e2d0), rgb(0x6e4a39), rgb(0xecc38b), rgb(0xf4e6da)},
	{"Lavender", rgb(0xa59ac4), rgb(0xf0ecf3), rgb(0x6b6383), rgb(0xf1d6a8), rgb(0xebe8f2)},
	{"Mustard", rgb(0xd2a445), rgb(0xf5ecd7), rgb(0x7b6233), rgb(0xb5654a), rgb(0xf5eedb)},
	{"Pomegranate", rgb(0x9d3d4a), rgb(0xf0dfd4), rgb(0x55323a), rgb(0xe3b17b), rgb(0xf1e1df)},
	{"Mint", rgb(0x97c5b5), rgb(0xf3f3e9), rgb(0x5d7f78), rgb(0xf0b79a), rgb(0xe3f0eb)},
}

func rgb(v uint32) color.RGBA {
	return color.RGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 255} //nolint:gosec // one byte each
}

// shade returns a lighter colour, or a darker one for less than zero.
func shade(c color.RGBA, by int) color.RGBA {
	part := func(v uint8) uint8 { return uint8(max(0, min(255, int(v)+by))) }
	return color.RGBA{part(c.R), part(c.G), part(c.B), 255}
}

func shadow(opacity float64) paint {
	dark := color.RGBA{46, 36, 40, 255}
	return paint{light: dark, dark: dark, opacity: opacity}
}

// views is how many pictures a slipper has: the pair, one close by, one with its sole.
const views = 3

// picture is one drawing. Slippers of one shape and colour share it.
type picture struct {
	shape   shape
	palette int
	view    int
}

// String names what the picture shows, as a part of a file's name.
func (p picture) String() string {
	colour := strings.ToLower(strings.ReplaceAll(palettes[p.palette].name, " ", "-"))
	return fmt.Sprintf("%s-%s-%d", shapeNames[p.shape], colour, p.view+1)
}

func (p picture) jpeg() ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, p.draw(), &jpeg.Options{Quality: 85}); err != nil {
		return nil, fmt.Errorf("encoding a picture: %w", err)
	}
	return out.Bytes(), nil
}

func (p picture) draw() *image.RGBA {
	colours := palettes[p.palette]
	c := ground(colours.ground)
	switch p.view {
	case 0:
		c.slipper(p.shape, colours, place{x: 208, y: 318, scale: 232, angle: -0.10, mirrored: true})
		c.slipper(p.shape, colours, place{x: 432, y: 318, scale: 232, angle: 0.10})
	case 1:
		c.slipper(p.shape, colours, place{x: 318, y: 322, scale: 278, angle: 0.55})
	default:
		c.underside(colours, place{x: 208, y: 318, scale: 226, angle: 0.16})
		c.slipper(p.shape, colours, place{x: 436, y: 322, scale: 232, angle: 0.22})
	}
	return c.img
}

// ground is a backdrop that is lightest a little above the middle.
func ground(tint color.RGBA) canvas {
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	near, far := shade(tint, 8), shade(tint, -20) // both away from the ends, so that no byte overflows
	for y := range side {
		line := img.Pix[y*img.Stride:]
		for x := range side {
			dx, dy := x-side/2, y-side*2/5
			t := min(256, (dx*dx+dy*dy)*256/(side*side*6/10))
			n := noise(x, y, 1)                            // hides the steps of so flat a gradient
			line[4*x] = uint8(mix(near.R, far.R, t) + n)   //nolint:gosec // see above
			line[4*x+1] = uint8(mix(near.G, far.G, t) + n) //nolint:gosec // see above
			line[4*x+2] = uint8(mix(near.B, far.B, t) + n) //nolint:gosec // see above
			line[4*x+3] = 255
		}
	}
	return canvas{img}
}
