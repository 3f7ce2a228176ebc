package seed

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// slipper is a row of the catalogue. Its id is its place in the shop, from 1.
type slipper struct {
	category int
	name     string
	size     string
	price    int64 // in tiyin
	palette  int
	left     int // pairs on the shelf now
	created  time.Time

	sold, returned int // by the orders of the shop
}

func (s slipper) picture(view int) picture {
	return picture{shape: categories[s.category].shape, palette: s.palette, view: view}
}

// initial is how many pairs came in, so that initial = left + sold - returned; nothing is held in a seeded shop.
func (s slipper) initial() int { return s.left + s.sold - s.returned }

// user is a customer. Its id is its place in the shop, from 2: the administrator is 1.
type user struct {
	name, surname, phone string
	created              time.Time
}

// shop is everything that is written, made by a few numbers and nothing else.
type shop struct {
	now      time.Time
	slippers []slipper
	users    []user
	orders   []order
}

// The streams of random numbers. Each kind of thing has its own, so that asking for more orders leaves the slippers as
// they were.
const (
	slipperStream = iota + 1
	userStream
	orderStream
)

func stream(o Options, kind uint64) *rand.Rand {
	return rand.New(rand.NewPCG(o.Seed, kind)) //nolint:gosec // must repeat, need not be secret
}

func newShop(o Options) *shop {
	s := &shop{now: o.Now}
	s.addSlippers(stream(o, slipperStream), o.Slippers)
	s.addUsers(stream(o, userStream), o.Users)
	s.addOrders(stream(o, orderStream), o.Orders)
	return s
}

// addSlippers deals the slippers out to the categories in turn, so that even a small shop has all of them.
func (s *shop) addSlippers(r *rand.Rand, n int) {
	type article struct{ name, size string }
	taken := make(map[article]bool, n)
	for i := range n {
		c := categories[i%len(categories)]
		var a article
		var palette int
		for range 8 { // a large shop runs out of names and repeats some
			palette = pick(r, c.palettes)
			a = article{pick(r, lines) + " " + pick(r, c.models) + ", " + palettes[palette].name, pick(r, c.sizes)}
			if !taken[a] {
				break
			}
		}
		taken[a] = true
		s.slippers = append(s.slippers, slipper{
			category: i % len(categories),
			name:     a.name,
			size:     a.size,
			price:    price(r, c.from, c.to),
			palette:  palette,
			left:     stock(r),
			created:  spread(s.now.AddDate(0, 0, -opened), 30*day, i, n),
		})
	}
}

// price is a round one, in thousands of sum, and ends in a nine as often as prices do.
func price(r *rand.Rand, from, to int64) int64 {
	thousands := from + r.Int64N(to-from+1)
	if r.IntN(3) > 0 {
		thousands = min(to, thousands-thousands%10+9)
	}
	return thousands * 1000 * 100
}

// stock is none for one slipper in twelve, and few for some.
func stock(r *rand.Rand) int {
	switch r.IntN(12) {
	case 0:
		return 0
	case 1, 2:
		return 1 + r.IntN(4)
	default:
		return 5 + r.IntN(76)
	}
}

func (s *shop) addUsers(r *rand.Rand, n int) {
	for i := range n {
		p := people[i%len(people)]
		s.users = append(s.users, user{
			name:    pick(r, p.first),
			surname: pick(r, p.last),
			phone:   fmt.Sprintf("+99890%07d", i+1), // the first is +998900000001: no operator has given these out
			created: spread(s.now.AddDate(0, 0, -opened+10), 20*day, i, n),
		})
	}
}

const day = 24 * time.Hour

// spread returns when the i-th of n things came that came evenly over the span.
func spread(start time.Time, span time.Duration, i, n int) time.Time {
	return start.Add(time.Duration(float64(span) * float64(i) / float64(n))).Truncate(time.Microsecond)
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
