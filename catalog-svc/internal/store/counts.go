package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/groupcommit"
	"github.com/slippers-api/slippers/kit/postgres"
)

// What may happen to a reservation.
const (
	held     = "held"
	refused  = "refused" // there was less than it wanted
	sold     = "sold"
	released = "released"
	returned = "returned" // with what was sold of it
	expired  = "expired"
)

// Counts count what becomes of reservations, once it is committed. Nil counts nothing.
type Counts struct {
	events *prometheus.CounterVec
	guard  prometheus.Counter
	sizes  prometheus.Observer
}

// NewCounts returns counts that reg knows of.
func NewCounts(reg prometheus.Registerer) *Counts {
	c := &Counts{
		events: promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
			Name: "stock_reservation_events_total", Help: "Reservations by what became of them. Refused ones wanted more than there was.",
		}, []string{"event"}),
		guard: promauto.With(reg).NewCounter(prometheus.CounterOpts{
			Name: "stock_oversell_guard_total",
			Help: "Sales that only the database's CHECK has stopped. It must be zero: the statement before it should have refused them.",
		}),
		sizes: groupcommit.NewSizes(reg),
	}
	for _, event := range []string{held, refused, sold, released, returned, expired} {
		c.events.WithLabelValues(event)
	}
	return c
}

func (c *Counts) count(event string) {
	if c != nil {
		c.events.WithLabelValues(event).Inc()
	}
}

// failed looks whether err is that a quantity would have fallen below zero.
func (c *Counts) failed(err error) {
	if c != nil && postgres.Violates(err, "slippers_quantity_not_negative") {
		c.guard.Inc()
	}
}

// together returns what observes how many reservations shared a transaction.
func (c *Counts) together() prometheus.Observer {
	if c == nil {
		return nil
	}
	return c.sizes
}
