package seed

import (
	"image"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/vector"
)

// side is the width and the height of a picture in pixels.
const side = 640

// canvas is a picture being drawn. Everything is painted through a mask, so that shapes may cut one another.
type canvas struct{ img *image.RGBA }

// place puts a drawing, whose unit is half a slipper's length, on the canvas.
type place struct {
	x, y, scale, angle float64
	mirrored           bool
}

func (p place) at(x, y float64) (float32, float32) {
	if p.mirrored {
		x = -x
	}
	sin, cos := math.Sincos(p.angle)
	return float32(p.x + p.scale*(x*cos-y*sin)), float32(p.y + p.scale*(x*sin+y*cos))
}

// curve is a closed outline: a start, and cubic segments of two control points and an end each.
type curve []float64

// grown returns the outline scaled about its origin.
func (c curve) grown(by float64) curve {
	out := make(curve, len(c))
	for i, v := range c {
		out[i] = v * by
	}
	return out
}

// lowered returns the outline nearer to the heel.
func (c curve) lowered(by float64) curve {
	out := slices.Clone(c)
	for i := 1; i < len(out); i += 2 {
		out[i] += by
	}
	return out
}

// oval is an ellipse as a curve.
func oval(x, y, rx, ry float64) curve {
	const k = 0.5523 // how far a cubic's control points stand off for a quarter of a circle
	return curve{
		x, y - ry,
		x + k*rx, y - ry, x + rx, y - k*ry, x + rx, y,
		x + rx, y + k*ry, x + k*rx, y + ry, x, y + ry,
		x - k*rx, y + ry, x - rx, y + k*ry, x - rx, y,
		x - rx, y - k*ry, x - k*rx, y - ry, x, y - ry,
	}
}

// mask returns how much of each pixel the curve covers.
func (c curve) mask(p place) *image.Alpha {
	pts := make([]float32, 0, len(c))
	minX, minY, maxX, maxY := float32(side), float32(side), float32(0), float32(0)
	for xy := range slices.Chunk(c, 2) {
		x, y := p.at(xy[0], xy[1])
		pts = append(pts, x, y)
		minX, maxX = min(minX, x), max(maxX, x)
		minY, maxY = min(minY, y), max(maxY, y)
	}
	r := image.Rect(int(minX)-1, int(minY)-1, int(maxX)+2, int(maxY)+2).Intersect(image.Rect(0, 0, side, side))
	m := image.NewAlpha(r)
	if r.Empty() {
		return m
	}
	z := vector.NewRasterizer(r.Dx(), r.Dy())
	ox, oy := float32(r.Min.X), float32(r.Min.Y)
	z.MoveTo(pts[0]-ox, pts[1]-oy)
	for i := 2; i < len(pts); i += 6 {
		z.CubeTo(pts[i]-ox, pts[i+1]-oy, pts[i+2]-ox, pts[i+3]-oy, pts[i+4]-ox, pts[i+5]-oy)
	}
	z.ClosePath()
	z.Draw(m, r, image.Opaque, image.Point{})
	return m
}

// and keeps of a what b covers too.
func and(a, b *image.Alpha) *image.Alpha {
	r := a.Rect.Intersect(b.Rect)
	out := image.NewAlpha(r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		pa, pb, po := a.Pix[a.PixOffset(r.Min.X, y):], b.Pix[b.PixOffset(r.Min.X, y):], out.Pix[out.PixOffset(r.Min.X, y):]
		for x := range r.Dx() {
			po[x] = uint8(uint32(pa[x]) * uint32(pb[x]) / 255) //nolint:gosec // at most 255
		}
	}
	return out
}

// without keeps of a what b does not cover.
func without(a, b *image.Alpha) *image.Alpha {
	out := image.NewAlpha(a.Rect)
	copy(out.Pix, a.Pix)
	r := a.Rect.Intersect(b.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		pb, po := b.Pix[b.PixOffset(r.Min.X, y):], out.Pix[out.PixOffset(r.Min.X, y):]
		for x := range r.Dx() {
			po[x] = uint8(uint32(po[x]) * uint32(255-pb[x]) / 255) //nolint:gosec // at most 255
		}
	}
	return out
}

// blurred returns m moved by dx and dy, and softened by two box blurs of the radius: a shadow.
func blurred(m *image.Alpha, dx, dy, radius int) *image.Alpha {
	r := m.Rect.Inset(-2 * radius)
	out := image.NewAlpha(r)
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		copy(out.Pix[out.PixOffset(m.Rect.Min.X, y):], m.Pix[m.PixOffset(m.Rect.Min.X, y):][:m.Rect.Dx()])
	}
	for range 2 {
		boxRows(out, radius)
		boxColumns(out, radius)
	}
	out.Rect = r.Add(image.Pt(dx, dy))
	return clipped(out)
}

// boxRows averages each pixel with radius pixels to either side. The edge of the mask is empty, so that what lies
// outside counts as nothing.
func boxRows(m *image.Alpha, radius int) {
	line, share := make([]uint8, m.Rect.Dx()), 65536/(2*radius+1)
	for y := range m.Rect.Dy() {
		pix := m.Pix[y*m.Stride:][:len(line)]
		copy(line, pix)
		sum := 0
		for i := range min(radius, len(line)) {
			sum += int(line[i])
		}
		for i := range pix {
			if i+radius < len(line) {
				sum += int(line[i+radius])
			}
			if i-radius-1 >= 0 {
				sum -= int(line[i-radius-1])
			}
			pix[i] = uint8(sum * share >> 16) //nolint:gosec // an average of bytes
		}
	}
}

// boxColumns is boxRows downwards, all columns at once, for the sake of the processor's cache.
func boxColumns(m *image.Alpha, radius int) {
	w, h, share := m.Rect.Dx(), m.Rect.Dy(), 65536/(2*radius+1)
	was, sums := append([]uint8(nil), m.Pix...), make([]int, w)
	row := func(y int) []uint8 { return was[y*m.Stride:][:w] }
	for y := range min(radius, h) {
		for x, v := range row(y) {
			sums[x] += int(v)
		}
	}
	for y := range h {
		if y+radius < h {
			for x, v := range row(y + radius) {
				sums[x] += int(v)
			}
		}
		if y-radius-1 >= 0 {
			for x, v := range row(y - radius - 1) {
				sums[x] -= int(v)
			}
		}
		pix := m.Pix[y*m.Stride:][:w]
		for x, sum := range sums {
			pix[x] = uint8(sum * share >> 16) //nolint:gosec // an average of bytes
		}
	}
}

// clipped returns what of m lies on the canvas.
func clipped(m *image.Alpha) *image.Alpha {
	return m.SubImage(image.Rect(0, 0, side, side)).(*image.Alpha) //nolint:forcetypeassert // that is what it returns
}

// paint is a gradient along a line of light from the upper left to the lower right of a mask, with a grain.
type paint struct {
	light, dark color.RGBA
	grain       int     // how much a pixel may differ, for cloth
	weave       int     // the size of a grain in pixels, 1 or more
	opacity     float64 // 0 counts as 1
}

func (c canvas) fill(m *image.Alpha, p paint) {
	if p.opacity == 0 {
		p.opacity = 1
	}
	r, opacity := m.Rect.Intersect(c.img.Rect), int(p.opacity*65536)/255
	span := r.Dx() + 2*r.Dy()
	if r.Empty() {
		return
	}
	step := 256 << 16 / span
	for y := r.Min.Y; y < r.Max.Y; y++ {
		cover, dst := m.Pix[m.PixOffset(r.Min.X, y):][:r.Dx()], c.img.Pix[c.img.PixOffset(r.Min.X, y):]
		for x, v := range cover {
			if v == 0 {
				continue
			}
			a, t := int(v)*opacity, (x+2*(y-r.Min.Y))*step>>16
			n := 0
			if p.grain > 0 {
				n = noise((x+r.Min.X)/p.weave, y/p.weave, p.grain)
			}
			d := dst[4*x : 4*x+3 : 4*x+3]
			d[0] = over(d[0], mix(p.light.R, p.dark.R, t)+n, a)
			d[1] = over(d[1], mix(p.light.G, p.dark.G, t)+n, a)
			d[2] = over(d[2], mix(p.light.B, p.dark.B, t)+n, a)
		}
	}
}

func mix(a, b uint8, t int) int { return (int(a)*(256-t) + int(b)*t) >> 8 }

// over blends v onto the pixel by a of 65536.
func over(pixel uint8, v, a int) uint8 {
	if v&^255 != 0 {
		v = max(0, min(255, v))
	}
	return uint8((int(pixel)<<16 + (v-int(pixel))*a) >> 16) //nolint:gosec // between two bytes
}

// noise returns a number between -amount and amount that depends on the place only.
func noise(x, y, amount int) int {
	h := uint32(x)*0x9e3779b1 ^ uint32(y)*0x85ebca77 //nolint:gosec // a hash may wrap
	h ^= h >> 15
	h *= 0x2c1b3c6d
	h ^= h >> 12
	return int(h%uint32(2*amount+1)) - amount //nolint:gosec // both are small
}
