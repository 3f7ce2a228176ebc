package seed

import (
	"iter"
	"time"
)

// orderTables are the tables of order-svc, each after those that it refers to.
func (s *shop) orderTables() []table {
	images, _ := s.images()
	return []table{
		{
			"orders.orders",
			[]string{"id", "user_id", "user_name", "status", "total_amount", "notes", "reservation_id", "expires_at", "created_at", "updated_at"},
			func(yield func([]any) bool) {
				for i, o := range s.orders {
					u := s.users[o.user]
					if !yield([]any{i + 1, userID(o.user), u.name + " " + u.surname, o.status, o.total(), o.notes, o.reservation, o.created.Add(unpaid), o.created, o.updated()}) {
						return
					}
				}
			},
		},
		{
			"orders.order_items",
			[]string{"order_id", "slipper_id", "quantity", "unit_price", "total_price", "name", "size", "image"},
			func(yield func([]any) bool) {
				for i, o := range s.orders {
					for _, l := range o.lines {
						p := s.slippers[l.slipper]
						if !yield([]any{i + 1, l.slipper + 1, l.quantity, l.price, l.total(), p.name, p.size, imagePath(l.slipper+1, images[l.slipper][0])}) {
							return
						}
					}
				}
			},
		},
		{"orders.order_history", []string{"order_id", "actor_id", "from_status", "to_status", "reason", "created_at"}, s.historyRows()},
	}
}

// step is one change of an order's status.
type step struct {
	by       any // a user's id, or nil for the system
	from, to any
	why      string
	at       time.Time
}

// steps are how the order came to be what it is.
func (o order) steps() []step {
	buyer := userID(o.user)
	steps := []step{{buyer, nil, "PENDING", "placed", o.created}}
	switch o.status {
	case paid:
		steps = append(steps, step{nil, "PENDING", paid, "paid", o.settled})
	case refunded:
		steps = append(steps, step{nil, "PENDING", paid, "paid", o.settled}, step{adminID, paid, refunded, "sent back", o.refunded})
	case cancelled:
		steps = append(steps, step{buyer, "PENDING", cancelled, "cancelled by the customer", o.settled})
	case expired:
		steps = append(steps, step{nil, "PENDING", expired, "not paid in time", o.settled})
	}
	return steps
}

func (s *shop) historyRows() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for i, o := range s.orders {
			for _, st := range o.steps() {
				if !yield([]any{i + 1, st.by, st.from, st.to, st.why, st.at}) {
					return
				}
			}
		}
	}
}
