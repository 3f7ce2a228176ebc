package payment

import (
	"time"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
)

// MostEntries is how many entries a statement has at most.
const MostEntries = 100_000

// ErrTooLong is returned for a statement of more entries.
var ErrTooLong = fault.New(fault.Invalid, "statement-too-long", "The statement has too many entries: ask for a shorter time.")

// Entry is one side of a movement of money. The two sides of each sum to zero.
type Entry struct {
	ID        int64        `json:"id"`
	CreatedAt time.Time    `json:"created_at"`
	Account   string       `json:"account"` // provider: what OCTO owes us; sales: what we have sold
	Amount    money.Amount `json:"amount"`
	OrderID   int64        `json:"order_id"`
	PaymentID int64        `json:"payment_id"`
	RefundID  *int64       `json:"refund_id"` // nil for what was paid
}
