package payment

// The work that follows from payments. Each is stored with the change that needs it (River), and may run more than once.
type (
	// ConfirmJob reads a payment back until it has ended.
	ConfirmJob struct {
		PaymentID int64 `json:"payment_id"`
	}

	// HeardJob reads a payment back soon, because something was said of it. It is one for each thing that was said: the job of
	// what was said before may have read it already, and not be done.
	HeardJob struct {
		PaymentID int64  `json:"payment_id"`
		Said      string `json:"said"`
	}

	// ClaimJob makes the order of a paid payment a paid order.
	ClaimJob struct {
		PaymentID int64 `json:"payment_id"`
	}

	// RefundJob gives a refund to the provider until it has ended.
	RefundJob struct {
		RefundID int64 `json:"refund_id"`
	}
)

// Kind is the job's name in the database.
func (ConfirmJob) Kind() string { return "payment_confirm" }

// Kind is the job's name in the database.
func (HeardJob) Kind() string { return "payment_heard" }

// Kind is the job's name in the database.
func (ClaimJob) Kind() string { return "order_claim" }

// Kind is the job's name in the database.
func (RefundJob) Kind() string { return "refund_send" }
