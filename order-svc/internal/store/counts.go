package store

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/groupcommit"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// Counts count what becomes of orders, payments and refunds, once it is committed. Nil counts nothing.
type Counts struct {
	orders, payments, refunds *prometheus.CounterVec
	sizes                     prometheus.Observer
}

// NewCounts returns counts that reg knows of.
func NewCounts(reg prometheus.Registerer) *Counts {
	vec := func(name, help, label string) *prometheus.CounterVec {
		return promauto.With(reg).NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	c := &Counts{
		orders:   vec("orders_entered_total", "Orders by what they became. PENDING is a new one.", "status"),
		payments: vec("payments_entered_total", "Payments by what they became.", "state"),
		refunds:  vec("refunds_entered_total", "Refunds by what they became. Each part that the provider is told of is one.", "state"),
		sizes:    groupcommit.NewSizes(reg),
	}
	for _, s := range order.Statuses {
		c.orders.WithLabelValues(string(s))
	}
	for _, s := range payment.States {
		c.payments.WithLabelValues(string(s))
	}
	for _, s := range payment.RefundStates {
		c.refunds.WithLabelValues(string(s))
	}
	return c
}

func (c *Counts) order(s order.Status, n int) {
	if c != nil {
		c.orders.WithLabelValues(string(s)).Add(float64(n))
	}
}

func (c *Counts) payment(s payment.State) {
	if c != nil {
		c.payments.WithLabelValues(string(s)).Inc()
	}
}

func (c *Counts) refund(s payment.RefundState, n int) {
	if c != nil {
		c.refunds.WithLabelValues(string(s)).Add(float64(n))
	}
}

// together returns what observes how many orders shared a transaction.
func (c *Counts) together() prometheus.Observer {
	if c == nil {
		return nil
	}
	return c.sizes
}
