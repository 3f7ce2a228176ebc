// Package order is what a customer wants, from the cart to the order and its end.
//
// It holds the rules: what a cart may hold, what an order is and may become, how one is placed. It knows neither SQL nor
// HTTP.
package order

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// The ways a call about orders can fail.
var (
	ErrNotFound        = fault.New(fault.NotFound, "order-not-found", "There is no such order.")
	ErrInvalid         = fault.New(fault.Invalid, "order-invalid", "The order breaks a rule.")
	ErrTransition      = fault.New(fault.Conflict, "order-transition-refused", "The order cannot become that.")
	ErrNotPending      = fault.New(fault.Conflict, "order-not-pending", "Only a pending order can be changed like this.")
	ErrStatusForbidden = fault.New(fault.Forbidden, "order-status-forbidden", "Only an administrator may set the status.")
	ErrStockGone       = fault.New(fault.Conflict, "order-stock-gone", "The stock of this order was given back.")
)

// Status is where an order stands.
type Status string

// The statuses of an order.
const (
	Pending   Status = "PENDING"
	Paid      Status = "PAID"
	Refunded  Status = "REFUNDED"
	Cancelled Status = "CANCELLED"
	Expired   Status = "EXPIRED"
)

// Statuses lists them all.
var Statuses = []Status{Pending, Paid, Refunded, Cancelled, Expired}

// Role is what somebody is to an order. One person may have two.
type Role int

// The roles.
const (
	Owner Role = iota
	Admin
	System // the shop itself
)

// Effect is what a step means for the stock that the order holds.
type Effect int

// The effects.
const (
	KeepStock Effect = iota
	SellStock
	ReturnStock
)

// Step is one way an order may go on.
type Step struct {
	From, To Status
	Who      []Role
	Effect   Effect
}

// steps is the whole life of an order: what is not here is refused.
var steps = []Step{
	{Pending, Paid, []Role{Admin, System}, SellStock},
	{Pending, Cancelled, []Role{Owner, Admin}, ReturnStock},
	{Pending, Expired, []Role{System}, ReturnStock},
	{Paid, Refunded, []Role{Admin, System}, KeepStock},
}

// StepTo returns the step from o's status to another, for somebody with any of roles. It returns ErrTransition.
func (o Order) StepTo(to Status, roles ...Role) (Step, error) {
	for _, s := range steps {
		if s.From == o.Status && s.To == to && slices.ContainsFunc(s.Who, func(r Role) bool { return slices.Contains(roles, r) }) {
			return s, nil
		}
	}
	return Step{}, ErrTransition.WithDetail(fmt.Sprintf("An order that is %s cannot become %s.", o.Status, to))
}

// Order is what somebody bought, as it was when they did: later changes of the catalogue leave it alone.
type Order struct {
	ID          int64        `json:"id"`
	OrderID     int64        `json:"order_id"` // the same again, by the name that storefronts know
	UserID      int64        `json:"user_id"`
	UserName    string       `json:"user_name"`
	Status      Status       `json:"status"`
	TotalAmount money.Amount `json:"total_amount"`
	Notes       string       `json:"notes"`
	CreatedAt   time.Time    `json:"created_at"`
	UpdatedAt   time.Time    `json:"updated_at"`
	Items       []Item       `json:"items"`

	// ReservationID names the stock that catalog-svc keeps for it.
	ReservationID uuid.UUID `json:"-"`

	// ExpiresAt is until when it may be paid.
	ExpiresAt *time.Time `json:"-"`

	// PaymentID is the payment that it became paid by; nil where an administrator said so.
	PaymentID *int64 `json:"-"`
}

// Item is a number of pieces of one slipper as it was when they were ordered.
type Item struct {
	ID         int64        `json:"id"`
	SlipperID  int64        `json:"slipper_id"`
	Quantity   int64        `json:"quantity"`
	UnitPrice  money.Amount `json:"unit_price"`
	TotalPrice money.Amount `json:"total_price"`
	Notes      string       `json:"notes"`
	Name       string       `json:"name"`
	Size       string       `json:"size"`
	Image      *string      `json:"image"`
	Fiscal     *Fiscal      `json:"fiscal,omitempty"`
}

// Fiscal is what a fiscal receipt says about a slipper: its code in the national catalogue of goods, that of what a piece is
// packed in, and whether VAT is due.
type Fiscal struct {
	SPIC        string `json:"spic"`
	PackageCode string `json:"package_code"`
	VAT         bool   `json:"vat"`
}

// Event is one change of an order's status.
type Event struct {
	CreatedAt time.Time `json:"created_at"`
	Actor     string    `json:"actor"`    // customer, admin or system
	ActorID   *int64    `json:"actor_id"` // nil for the system
	From      *Status   `json:"from"`     // nil when it was placed
	To        Status    `json:"to"`
	Reason    string    `json:"reason"`
}

// Filter says which orders a list is about. The zero Filter is about all.
type Filter struct {
	UserID  *int64
	Status  *Status
	Finance bool // paid or refunded
}

// Actor is who is calling.
type Actor struct {
	ID    int64
	Name  string
	Admin bool
}

// Scope returns the orders that a may list: their own, or all.
func (a Actor) Scope() *int64 {
	if a.Admin {
		return nil
	}
	return &a.ID
}

// roles returns what a is to o; nothing means that a may not know of it.
func (a Actor) roles(o Order) []Role {
	var roles []Role
	if a.ID == o.UserID {
		roles = append(roles, Owner)
	}
	if a.Admin {
		roles = append(roles, Admin)
	}
	return roles
}

// ParseStatus returns the status that s names; its error is for clients.
func ParseStatus(s string) (Status, error) {
	if !slices.Contains(Statuses, Status(s)) {
		return "", fmt.Errorf("must be one of %v", Statuses)
	}
	return Status(s), nil
}

const maxNotes = 1000

// typed returns what a person typed without the space around it.
func typed(s *string) string {
	if s == nil {
		return ""
	}
	return strings.TrimSpace(*s)
}

func atMost(s string, most int) bool { return utf8.RuneCountInString(s) <= most }
