package seed

import (
	"fmt"
	"iter"
	"strconv"
	"time"
)

// imagePath is how the catalogue names a picture of a slipper, which may have it from another one: no two images have the
// same path, but what follows the question mark is nothing to who serves them.
func imagePath(slipper int, from photo) string {
	path := "/static/" + from.key()
	if slipper != from.slipper {
		path += "?for=" + strconv.Itoa(slipper)
	}
	return path
}

// alts describe the views to who cannot see them.
var alts = [views]string{"%s, the pair", "%s, close by", "%s, with its sole"}

// grace is how much longer a reservation lives than its order.
const grace = 5 * time.Minute

// catalogTables are the tables of catalog-svc, each after those that it refers to.
func (s *shop) catalogTables() []table {
	images, _ := s.images()
	return []table{
		{"catalog.categories", []string{"id", "name", "description", "created_at", "updated_at"}, func(yield func([]any) bool) {
			at := s.now.AddDate(0, 0, -opened)
			for i, c := range categories {
				if !yield([]any{i + 1, c.name, c.description, at, at}) {
					return
				}
			}
		}},
		{"catalog.slippers", []string{"id", "name", "size", "price", "quantity", "category_id", "created_at", "updated_at"}, func(yield func([]any) bool) {
			for i, p := range s.slippers {
				if !yield([]any{i + 1, p.name, p.size, p.price, p.left, p.category + 1, p.created, p.created}) {
					return
				}
			}
		}},
		{"catalog.slipper_images", []string{"slipper_id", "image_path", "is_primary", "alt_text", "order_index", "created_at"}, func(yield func([]any) bool) {
			for i, p := range s.slippers {
				for v, from := range images[i] {
					if !yield([]any{i + 1, imagePath(i+1, from), v == 0, fmt.Sprintf(alts[v], p.name), v, p.created}) {
						return
					}
				}
			}
		}},
		{"catalog.reservations", []string{"id", "state", "expires_at", "created_at", "updated_at"}, func(yield func([]any) bool) {
			for _, o := range s.orders {
				if !yield([]any{o.reservation, o.reservationState(), o.created.Add(unpaid + grace), o.created, o.settled}) {
					return
				}
			}
		}},
		{"catalog.reservation_lines", []string{"reservation_id", "slipper_id", "quantity", "price", "name", "size", "image"}, s.reservationLines(images)},
		{"catalog.stock_movements", []string{"slipper_id", "reservation_id", "kind", "quantity", "created_at"}, s.movements()},
	}
}

// reservationState is what came of the stock that the order took. What a refund brings back was sold before.
func (o order) reservationState() string {
	switch o.status {
	case cancelled, expired:
		return "released"
	case paid, refunded:
	}
	return "sold"
}

func (s *shop) reservationLines(images [][views]photo) iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for _, o := range s.orders {
			for _, l := range o.lines {
				p := s.slippers[l.slipper]
				if !yield([]any{o.reservation, l.slipper + 1, l.quantity, l.price, p.name, p.size, imagePath(l.slipper+1, images[l.slipper][0])}) {
					return
				}
			}
		}
	}
}

// movements are how the stock came to be what it is: what came in first, then what refunds brought back.
func (s *shop) movements() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i, p := range s.slippers {
			if p.initial() > 0 && !yield([]any{i + 1, nil, "initial", p.initial(), p.created}) {
				return
			}
		}
		for _, o := range s.orders {
			if o.status != refunded {
				continue
			}
			for _, l := range o.lines {
				if !yield([]any{l.slipper + 1, o.reservation, "returned", l.quantity, o.refunded}) {
					return
				}
			}
		}
	}
}
