package seed

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

const (
	opened  = 150 // days ago the shop opened and its first slippers came in
	history = 90  // days ago the first order was placed
	unpaid  = 30 * time.Minute
)

// status is what an order has come to. None is PENDING: its reservation would have to be alive.
type status string

const (
	paid      status = "PAID"
	cancelled status = "CANCELLED"
	expired   status = "EXPIRED"
	refunded  status = "REFUNDED"
)

// order is one order with its lines. Its id is its place in the shop, from 1, and so in order of time.
type order struct {
	user        int // its place in the shop
	status      status
	notes       string
	reservation uuid.UUID
	created     time.Time
	settled     time.Time // paid, cancelled or expired
	refunded    time.Time // zero unless it was
	lines       []line
}

// line is some pairs of one slipper.
type line struct {
	slipper  int // its place in the shop
	quantity int
	price    int64
}

func (l line) total() int64 { return l.price * int64(l.quantity) }

func (o order) total() (sum int64) {
	for _, l := range o.lines {
		sum += l.total()
	}
	return sum
}

// updated is when the order last changed.
func (o order) updated() time.Time {
	if !o.refunded.IsZero() {
		return o.refunded
	}
	return o.settled
}

func (s *shop) addOrders(r *rand.Rand, n int) {
	if len(s.slippers) == 0 || len(s.users) == 0 {
		return
	}
	start, span := s.now.AddDate(0, 0, -history), history*day-2*unpaid
	s.orders = make([]order, 0, n)
	for i := range n {
		at := start.Add(time.Duration((float64(i) + r.Float64()) / float64(n) * float64(span))).Truncate(time.Millisecond)
		o := order{
			user:        r.IntN(len(s.users)),
			reservation: randomUUID(r),
			created:     at,
			lines:       s.basket(r),
		}
		if r.IntN(9) == 0 {
			o.notes = pick(r, wishes)
		}
		o.settle(r, s.now)
		s.count(o)
		s.orders = append(s.orders, o)
	}
}

// basket is one to four slippers, mostly of the popular ones.
func (s *shop) basket(r *rand.Rand) []line {
	lines := make([]line, 0, 1+r.IntN(2)*r.IntN(4))
	for range cap(lines) {
		at := int(r.Float64() * r.Float64() * float64(len(s.slippers))) // small numbers come oftener
		quantity := 1 + r.IntN(2)*r.IntN(3)
		if i := indexOf(lines, at); i >= 0 {
			lines[i].quantity += quantity
			continue
		}
		lines = append(lines, line{slipper: at, quantity: quantity, price: s.slippers[at].price})
	}
	return lines
}

func indexOf(lines []line, slipper int) int {
	for i, l := range lines {
		if l.slipper == slipper {
			return i
		}
	}
	return -1
}

// settle decides what came of the order.
func (o *order) settle(r *rand.Rand, now time.Time) {
	soon := o.created.Add(time.Minute + time.Duration(r.Int64N(int64(unpaid-2*time.Minute)))).Truncate(time.Millisecond)
	switch n := r.IntN(100); {
	case n < 64:
		o.status, o.settled = paid, soon
	case n < 72:
		o.status, o.settled, o.refunded = refunded, soon, soon.Add(time.Duration(1+r.IntN(120))*time.Hour)
		if o.refunded.After(now) {
			o.status, o.refunded = paid, time.Time{} // not yet
		}
	case n < 84:
		o.status, o.settled = cancelled, soon
	default:
		o.status, o.settled = expired, o.created.Add(unpaid)
	}
}

// count keeps the books of the slippers that the order sold or brought back.
func (s *shop) count(o order) {
	for _, l := range o.lines {
		switch o.status {
		case refunded:
			s.slippers[l.slipper].returned += l.quantity
			s.slippers[l.slipper].sold += l.quantity
		case paid:
			s.slippers[l.slipper].sold += l.quantity
		case cancelled, expired:
		}
	}
}

// randomUUID is a version 4 UUID that repeats with the seed.
func randomUUID(r *rand.Rand) (id uuid.UUID) {
	binary.BigEndian.PutUint64(id[:8], r.Uint64())
	binary.BigEndian.PutUint64(id[8:], r.Uint64())
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}
