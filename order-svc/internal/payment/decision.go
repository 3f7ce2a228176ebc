package payment

import (
	"strings"
	"unicode/utf8"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// The ways a decision can come too late, or too early.
var (
	ErrNeedsNobody = fault.New(fault.Conflict, "payment-needs-nobody", "This payment does not need a person.")
	ErrNotUnclear  = fault.New(fault.Conflict, "refund-not-unclear", "What became of this refund is known, or is still being asked for.")
)

// maxNote is how long a note may be, in characters.
const maxNote = 1000

// Decision is what an administrator did about a payment that the program could not decide about.
type Decision struct {
	Actor int64
	Note  string // what they found out, and where
}

// NewDecision returns a decision, or order.ErrInvalid: without a note nobody could tell later why.
func NewDecision(a order.Actor, note string) (Decision, error) {
	d := Decision{Actor: a.ID, Note: strings.TrimSpace(note)}
	var rules fault.Rules
	n := utf8.RuneCountInString(d.Note)
	rules.Check(n >= 1 && n <= maxNote, "/note", "must have 1 to 1000 characters")
	return d, rules.Err(order.ErrInvalid)
}
