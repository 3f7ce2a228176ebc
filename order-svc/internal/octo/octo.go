// Package octo calls the merchant API of OCTO, a payment provider, and reads its callbacks.
//
// It tells what OCTO said and whether that is certain. What an answer means for an order, and when to ask again, is for the
// caller to say. Nothing about a card is kept, and no secret and no text of OCTO's gets into an error.
package octo

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/slippers-api/slippers/kit/money"
)

// What came of a call. An error about a call matches ErrUnclear or ErrRefused; Error has its code.
var (
	// ErrUnclear says that nobody knows what OCTO did: ask again, with the same id.
	ErrUnclear = errors.New("octo: what was done is unclear")

	// ErrNotDone says that OCTO has done nothing yet: no call has come through, or each too soon. It matches ErrUnclear too.
	ErrNotDone = fmt.Errorf("%w, but nothing was", ErrUnclear)

	// ErrRefused says that OCTO did not do it and never will. Of Read it says only that the status is unknown.
	ErrRefused = errors.New("octo: refused")

	// ErrPayURL says that OCTO sent the payer where we do not send anybody. It matches ErrRefused too.
	ErrPayURL = fmt.Errorf("%w: the pay URL is not believed", ErrRefused)

	// ErrInvalid says that a call would make no sense and was not made. It matches ErrRefused too.
	ErrInvalid = fmt.Errorf("%w: the call makes no sense", ErrRefused)

	// ErrCallback says that a body is not a callback.
	ErrCallback = errors.New("octo: not a callback")
)

// Error is a call that failed.
type Error struct {
	// Call is the last part of the URL that was called.
	Call string

	// Code is OCTO's number for it, or zero when it gave none.
	Code int64

	meaning error // ErrUnclear, ErrNotDone or ErrRefused
	why     string
	cause   error // that of the context, or nil
	unsent  bool  // OCTO cannot know of the call
}

// Error says what was called, and what came of it in our own words.
func (e *Error) Error() string {
	s := e.meaning.Error() + ": " + e.Call
	if e.why != "" {
		s += ": " + e.why
	}
	if e.Code != 0 {
		s += ": code " + strconv.FormatInt(e.Code, 10)
	}
	return s
}

// Unwrap makes an error match what it means, and the end of the context that caused it.
func (e *Error) Unwrap() []error {
	if e.cause == nil {
		return []error{e.meaning}
	}
	return []error{e.meaning, e.cause}
}

// Status is how far a payment is.
type Status int

// The statuses of a payment.
const (
	Unknown   Status = iota // a word that we do not know, or no answer: change nothing
	Created                 // registered; nobody has paid
	Waiting                 // the payer is at the one-time password
	Held                    // the money is held until Accept; we never ask for that
	Succeeded               // paid
	Canceled                // cancelled or failed
)

// statuses are OCTO's words. Whatever a payment may become by another word needs a person or a new line here.
var statuses = map[string]Status{
	"created":             Created,
	"wait_user_action":    Waiting,
	"waiting_for_capture": Held,
	"succeeded":           Succeeded,
	"canceled":            Canceled,
	"cancelled":           Canceled, // seen, though documented with one l
}

// String returns the name of s.
func (s Status) String() string {
	return [...]string{"unknown", "created", "waiting", "held", "succeeded", "canceled"}[s]
}

// RefundStatus is how far a refund is.
type RefundStatus int

// The statuses of a refund.
const (
	RefundUnknown   RefundStatus = iota // a word that we do not know, "error" among them: money may have moved
	RefundPending                       // accepted; ask again with the same id
	RefundSucceeded                     // the money is on its way back
	RefundFailed                        // no money moves
)

var refundStatuses = map[string]RefundStatus{
	"new":       RefundPending,
	"pending":   RefundPending,
	"succeeded": RefundSucceeded,
	"failed":    RefundFailed,
	"canceled":  RefundFailed,
	"cancelled": RefundFailed,
}

// String returns the name of s.
func (s RefundStatus) String() string {
	return [...]string{"unknown", "pending", "succeeded", "failed"}[s]
}

// Create is a payment to register. OCTO keeps the first one that it sees by a TransactionID and ignores what differs in
// later ones, so another amount needs another id.
type Create struct {
	// TransactionID is ours. It must be stored before the call, and used again in every repeat of it.
	TransactionID string

	Amount      money.Amount
	Currency    string
	Description string // the payer reads it
	InitTime    time.Time
	Until       time.Time // when the payer must have paid, if that is before the configured TTL ends
	Customer    Customer
	Basket      []BasketLine // for a fiscal receipt; nil asks for none
}

// Customer is who pays. A Phone that has not 12 digits is not sent, because OCTO refuses payments for it.
type Customer struct {
	ID    int64
	Phone string
}

// BasketLine is a line of a fiscal receipt. Its goods must be registered with OCTO, or the payment is refused with code 403.
type BasketLine struct {
	Description string       `json:"position_desc"`
	Count       int64        `json:"count"`
	Price       money.Amount `json:"price"`
	SPIC        string       `json:"spic"`
	INN         string       `json:"inn,omitempty"`
	PINFL       string       `json:"pinfl,omitempty"`
	PackageCode string       `json:"package_code"`
	NDS         int          `json:"nds"` // whether VAT is due, 0 or 1
}

// Payment is what OCTO says about a payment.
type Payment struct {
	TransactionID string
	UUID          string // OCTO's id
	Status        Status
	RawStatus     string // OCTO's word, at most 32 characters of it, for a log
	PayURL        string // where the payer pays; empty unless it is believed

	// Total and Refunded are nil when OCTO did not say. A Total other than that of Create is another payment's.
	Total, Refunded *money.Amount
}

// RefundRequest is a refund to make. OCTO takes at most 10,000,000 UZS in one, and at least about 1 USD.
type RefundRequest struct {
	// ID is ours. It must be stored before the call, and used again in every repeat of it.
	ID string

	PaymentUUID string // OCTO's id of the payment
	Amount      money.Amount
}

// Refund is what OCTO says about a refund.
type Refund struct {
	ID         string // ours
	ProviderID string // OCTO's; may be empty
	Status     RefundStatus
	RawStatus  string // OCTO's word, at most 32 characters of it, for a log
}
