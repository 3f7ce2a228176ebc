package seed

import (
	"image"
	"image/color"
	"math"
)

// shape is a kind of slipper, as it is drawn.
type shape int

const (
	mule   shape = iota // closed toe, open heel
	slide               // one broad band
	cross               // two bands that cross
	thong               // a strap between the toes
	fluffy              // a mule with a deep pile
	closed              // all round the foot
	bear                // a mule with a face, for children
)

var shapeNames = [...]string{mule: "mule", slide: "slide", cross: "cross", thong: "thong", fluffy: "fluffy", closed: "closed", bear: "bear"}

// The outlines of a right slipper seen from above: toe at y = -1, heel at y = 1.
var (
	sole = curve{
		-0.10, -1.00,
		0.16, -1.02, 0.40, -0.80, 0.42, -0.45,
		0.44, -0.10, 0.33, 0.20, 0.34, 0.52,
		0.35, 0.86, 0.20, 1.00, 0.02, 1.00,
		-0.17, 1.00, -0.31, 0.84, -0.30, 0.52,
		-0.29, 0.20, -0.37, -0.10, -0.39, -0.42,
		-0.41, -0.78, -0.34, -0.98, -0.10, -1.00,
	}
	// front covers the toes down to a soft bow over the instep; band and crossing cut straps the same way.
	front    = curve{-0.7, -1.3, 0, -1.3, 0, -1.3, 0.7, -1.3, 0.7, -1.3, 0.7, 0.12, 0.7, 0.12, 0.30, -0.02, 0.22, -0.22, 0.02, -0.24, -0.20, -0.24, -0.30, -0.02, -0.7, 0.10, -0.7, 0.10, -0.7, -1.3, -0.7, -1.3}
	band     = curve{-0.7, -0.66, -0.3, -0.80, 0.3, -0.80, 0.7, -0.58, 0.7, -0.58, 0.7, 0.10, 0.7, 0.10, 0.3, -0.10, -0.3, -0.10, -0.7, 0.06, -0.7, 0.06, -0.7, -0.66, -0.7, -0.66}
	crossing = []curve{
		{-0.7, -0.86, -0.3, -0.70, 0.2, -0.36, 0.7, -0.16, 0.7, -0.16, 0.7, 0.16, 0.7, 0.16, 0.2, -0.04, -0.3, -0.34, -0.7, -0.52, -0.7, -0.52, -0.7, -0.86, -0.7, -0.86},
		{0.7, -0.84, 0.3, -0.70, -0.2, -0.36, -0.7, -0.18, -0.7, -0.18, -0.7, 0.14, -0.7, 0.14, -0.2, -0.04, 0.3, -0.34, 0.7, -0.50, 0.7, -0.50, 0.7, -0.84, 0.7, -0.84},
	}
	thongs = []curve{
		{-0.17, -0.66, -0.10, -0.40, 0.22, -0.34, 0.44, 0.14, 0.44, 0.14, 0.36, 0.22, 0.36, 0.22, 0.14, -0.14, -0.06, -0.28, -0.20, -0.52, -0.24, -0.60, -0.22, -0.66, -0.17, -0.66},
		{-0.11, -0.66, -0.14, -0.40, -0.34, -0.28, -0.42, 0.12, -0.42, 0.12, -0.33, 0.20, -0.33, 0.20, -0.26, -0.10, -0.12, -0.26, -0.06, -0.54, -0.03, -0.62, -0.06, -0.66, -0.11, -0.66},
	}
	opening = oval(0.01, 0.36, 0.235, 0.50)
)

// slipper draws one slipper from above.
func (c canvas) slipper(s shape, p palette, at place) {
	base := sole.mask(at)
	c.shadowOf(base, at)
	c.fill(base, paint{light: p.sole, dark: shade(p.sole, -28)})
	foot := sole.grown(0.93).mask(at)
	c.fill(foot, paint{light: shade(p.lining, 8), dark: shade(p.lining, -14), grain: 5, weave: 2})
	c.stitches(sole.grown(0.87), at, shade(p.lining, -34), 84)

	cloth := paint{light: shade(p.upper, 20), dark: shade(p.upper, -22), grain: 7, weave: 2}
	if s == fluffy || s == bear {
		cloth.grain = 13
	}
	over := sole.grown(1.035).mask(at)
	for _, part := range s.parts(over, at) {
		c.fill(and(blurred(part, 0, int(at.scale/26), int(at.scale/26)), base), shadow(0.42))
		c.fill(part, cloth)
		c.bevel(part, p, at)
	}
	switch s {
	case bear:
		c.face(p, at)
	case fluffy:
		c.tufts(p, at)
	case closed:
		c.stitches(opening.grown(1.1).lowered(-0.035), at, shade(p.upper, 54), 64)
	case mule:
		c.seam(front, at, shade(p.upper, 54))
	case slide:
		c.fill(and(band.lowered(0.30).mask(at), and(over, band.lowered(-0.30).mask(at))), paint{light: p.accent, dark: shade(p.accent, -16), grain: 4, weave: 2})
	case cross, thong:
	}
}

// parts are the pieces of the upper, from the lowest to the highest.
func (s shape) parts(over *image.Alpha, at place) []*image.Alpha {
	cut := func(curves ...curve) (parts []*image.Alpha) {
		for _, c := range curves {
			parts = append(parts, and(over, c.mask(at)))
		}
		return parts
	}
	switch s {
	case slide:
		return cut(band)
	case cross:
		return cut(crossing...)
	case thong:
		return cut(thongs...)
	case closed:
		return []*image.Alpha{without(over, opening.mask(at))}
	case bear:
		ears := []*image.Alpha{oval(-0.26, -0.93, 0.15, 0.15).mask(at), oval(0.24, -0.93, 0.15, 0.15).mask(at)}
		return append(ears, cut(front)[0])
	default:
		return cut(front)
	}
}

// shadowOf lays a wide soft shadow and a narrow dark one, so that the slipper stands on the ground.
func (c canvas) shadowOf(m *image.Alpha, at place) {
	c.fill(blurred(m, int(at.scale/20), int(at.scale/9), int(at.scale/9)), shadow(0.26))
	c.fill(blurred(m, int(at.scale/60), int(at.scale/36), int(at.scale/36)), shadow(0.30))
}

// bevel lights the upper left edge of a part and darkens the lower right one.
func (c canvas) bevel(part *image.Alpha, p palette, at place) {
	soft := int(at.scale / 22)
	c.fill(without(part, blurred(part, soft, soft, soft)), paint{light: white, dark: shade(p.upper, 70), opacity: 0.30})
	c.fill(without(part, blurred(part, -soft, -soft, soft)), paint{light: shade(p.upper, -90), dark: shade(p.upper, -90), opacity: 0.42})
}

// face gives a children's slipper its eyes and nose.
func (c canvas) face(p palette, at place) {
	dark := shade(p.upper, -120)
	for _, x := range []float64{-0.26, 0.24} {
		c.fill(oval(x, -0.94, 0.08, 0.08).mask(at), paint{light: p.accent, dark: p.accent})
	}
	c.fill(oval(0, -0.50, 0.17, 0.13).mask(at), paint{light: shade(p.lining, 14), dark: p.lining})
	c.fill(oval(0, -0.55, 0.065, 0.045).mask(at), paint{light: dark, dark: dark})
	for _, x := range []float64{-0.17, 0.17} {
		c.fill(oval(x, -0.69, 0.042, 0.05).mask(at), paint{light: dark, dark: dark})
		c.fill(oval(x-0.012, -0.705, 0.014, 0.014).mask(at), paint{light: white, dark: white})
		c.fill(oval(x*1.45, -0.55, 0.055, 0.04).mask(at), paint{light: p.accent, dark: p.accent, opacity: 0.6})
	}
}

// tufts lay a deep pile over the front, a little over its edges too.
func (c canvas) tufts(p palette, at place) {
	const n = 420
	pile := and(sole.mask(at), front.lowered(-0.03).mask(at))
	for i := range n {
		turn := float64(i) * 2.39996 // the golden angle spreads them evenly
		reach := math.Sqrt(float64(n-i) / n)
		x := reach*math.Cos(turn)*0.46 + float64(noise(i, 1, 30))/1000
		y := reach*math.Sin(turn)*0.50 + float64(noise(i, 2, 30))/1000 - 0.52
		if px, py := at.at(x, y); pile.AlphaAt(int(px), int(py)).A < 128 {
			continue
		}
		tone := noise(i, int(p.upper.R), 12)
		c.fill(oval(x, y, 0.052, 0.048).mask(at), paint{light: shade(p.upper, 30+tone), dark: shade(p.upper, tone-24), opacity: 0.55})
	}
}

// stitches dots a curve.
func (c canvas) stitches(line curve, at place, thread color.RGBA, n int) {
	for _, q := range line.along(n) {
		c.fill(oval(q[0], q[1], 0.011, 0.011).mask(at), paint{light: thread, dark: thread, opacity: 0.8})
	}
}

// seam dots the part of a cut's lower edge that lies on the slipper.
func (c canvas) seam(cut curve, at place, thread color.RGBA) {
	for _, q := range cut.along(150) {
		if math.Abs(q[0]) < 0.38 && q[1] > -0.6 {
			c.fill(oval(q[0], q[1]-0.05, 0.010, 0.010).mask(at), paint{light: thread, dark: thread, opacity: 0.8})
		}
	}
}

// along returns n points of the curve.
func (c curve) along(n int) [][2]float64 {
	segments := (len(c) - 2) / 6
	points := make([][2]float64, 0, n)
	for i := range n {
		whole, t := math.Modf(float64(i) * float64(segments) / float64(n))
		s := c[int(whole)*6:]
		u := 1 - t
		a, b, d, e := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
		points = append(points, [2]float64{a*s[0] + b*s[2] + d*s[4] + e*s[6], a*s[1] + b*s[3] + d*s[5] + e*s[7]})
	}
	return points
}

// underside draws a slipper that lies on its back.
func (c canvas) underside(p palette, at place) {
	base := sole.mask(at)
	c.shadowOf(base, at)
	rubber := shade(p.sole, 14)
	c.fill(base, paint{light: shade(rubber, 10), dark: shade(rubber, -20)})
	inner := sole.grown(0.90).mask(at)
	c.fill(inner, paint{light: rubber, dark: shade(rubber, -18), grain: 3, weave: 1})
	for y := -0.92; y < 0.95; y += 0.105 {
		if y > -0.02 && y < 0.22 {
			continue // the arch stays smooth
		}
		wave := curve{-0.5, y, -0.25, y - 0.07, 0, y + 0.07, 0.5, y - 0.02, 0.5, y - 0.02, 0.5, y + 0.032, 0.5, y + 0.032, 0, y + 0.115, -0.25, y - 0.02, -0.5, y + 0.05}
		c.fill(and(inner, wave.mask(at)), paint{light: shade(rubber, -20), dark: shade(rubber, -34)})
	}
	c.fill(oval(0.0, 0.10, 0.12, 0.085).mask(at), paint{light: p.accent, dark: shade(p.accent, -20)})
}
