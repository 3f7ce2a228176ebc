// Package payment is how an order is paid and how money goes back.
//
// The row comes first, then the provider is asked under the id that stands in it: so whatever is repeated is one payment.
// What somebody says about a payment is a hint; what the provider answers when we ask is the proof. It knows neither SQL,
// HTTP nor the provider's protocol.
package payment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// The ways a call about payments can fail.
var (
	ErrNotFound   = fault.New(fault.NotFound, "payment-not-found", "There is no such payment.")
	ErrNotPayable = fault.New(fault.Conflict, "order-not-payable", "This order cannot be paid now.")
	ErrUnclear    = fault.New(fault.Unavailable, "payment-unclear", "The payment provider did not answer. The payment may exist: ask again.").After(5 * time.Second)
	ErrRefused    = fault.New(fault.Garbled, "payment-refused", "The payment provider refused the payment.")
	ErrCallback   = fault.New(fault.Forbidden, "payment-callback-unsigned", "This notification does not carry the provider's signature.")
	ErrNotHeld    = fault.New(fault.Conflict, "payment-not-held", "The money of this payment is not held.")
	ErrRefund     = fault.New(fault.Conflict, "refund-refused", "This sum cannot be given back.")
)

// State is where a payment stands.
type State string

// The states, in the order in which a payment may pass them. It never goes back.
const (
	New        State = "new"        // we are about to tell the provider
	Registered State = "registered" // the provider knows it
	Pending    State = "pending"    // somebody is paying
	Held       State = "held"       // the money is put aside, and waits for an operator
	Cancelled  State = "cancelled"  // no money came; only a late proof leads on from here
	Paid       State = "paid"
)

// States lists them by rank.
var States = []State{New, Registered, Pending, Held, Cancelled, Paid}

// Before says whether a payment in s may become next.
func (s State) Before(next State) bool { return slices.Index(States, s) < slices.Index(States, next) }

// Payment is one attempt to pay an order.
type Payment struct {
	ID            int64
	OrderID       int64
	TransactionID uuid.UUID // the provider's idempotency key
	Amount        money.Amount
	State         State
	ProviderUUID  *uuid.UUID
	PayURL        *string
	Unclear       bool // an answer of the provider was lost
	Refunded      money.Amount
	Attention     *string
	ExpiresAt     time.Time
	CreatedAt     time.Time
}

// RefundState is where a refund stands.
type RefundState string

// The states of a refund.
const (
	RefundNew       RefundState = "new"
	RefundPending   RefundState = "pending"
	RefundSucceeded RefundState = "succeeded"
	RefundFailed    RefundState = "failed"
)

// RefundStates lists them.
var RefundStates = []RefundState{RefundNew, RefundPending, RefundSucceeded, RefundFailed}

// Refund is one call that gives money back.
type Refund struct {
	ID        int64
	PaymentID int64
	RefundID  uuid.UUID // the provider's idempotency key
	Amount    money.Amount
	State     RefundState
	Unclear   bool // an answer of the provider was lost
	Reason    string
	CreatedAt time.Time
}

// Source is how we heard of a status.
type Source string

// The sources. Only what the provider answers when we ask moves money.
const (
	FromCreate   Source = "create"
	FromCallback Source = "callback"
	FromRead     Source = "read"
	FromOperator Source = "operator"
)

// Notice is what a callback of the provider says of a payment; the zero one is of none that there is.
type Notice struct {
	Transaction uuid.UUID
	Status      string
}

// Report is what the provider says of a payment.
type Report struct {
	State  State  // empty for a word that we do not know
	Status string // the provider's own word
	UUID   *uuid.UUID
	PayURL string
	Amount *money.Amount // nil when it does not say
}

// The ways a provider can fail.
var (
	// ErrNoAnswer says that nobody knows what became of the call. It is repeated with the same id.
	ErrNoAnswer = errors.New("the provider did not answer clearly")

	// ErrNotDone says that the provider cannot have done it yet, so that a refusal of the next call is one. It matches
	// ErrNoAnswer too.
	ErrNotDone = fmt.Errorf("%w, but has done nothing", ErrNoAnswer)

	// ErrDeclined says that the provider understood, and will not.
	ErrDeclined = errors.New("the provider declined")
)

// Provider moves money. Each method may be repeated with the same ids; it returns ErrNoAnswer or ErrDeclined.
type Provider interface {
	// Create makes the payment of an order that is to be paid, or answers the one of this id.
	Create(ctx context.Context, p Payment, o order.Order) (Report, error)

	// Read says where the payment stands.
	Read(ctx context.Context, transaction uuid.UUID) (Report, error)

	// Refund gives a part of the payment back, or answers the refund of this id.
	Refund(ctx context.Context, payment uuid.UUID, r Refund) (RefundState, error)

	// Settle takes money that is held, or lets it go.
	Settle(ctx context.Context, payment uuid.UUID, capture bool, amount money.Amount) error
}
