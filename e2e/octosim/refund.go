package octosim

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/money"
)

// refundCap is the most that one call may give back.
const refundCap money.Amount = 10_000_000_00 // UZS

// Refund is one refund as its first call fixed it, and what became of it.
type Refund struct {
	ShopRefundID string       `json:"shop_refund_id"`
	RefundID     string       `json:"refund_id"`
	PaymentUUID  string       `json:"octo_payment_UUID"`
	Amount       money.Amount `json:"amount"`
	Status       string       `json:"status"`
	CreatedAt    time.Time    `json:"created_at"`
	Calls        int          `json:"calls"`
}

// The statuses of a refund that matter to the money; OCTO's old page has more of them.
const (
	RefundIsPending = "pending"
	RefundSucceeded = "succeeded"
	RefundHasFailed = "failed"
)

// gone says that a refund holds its money no more.
func (f *Refund) gone() bool {
	return slices.Contains([]string{RefundHasFailed, "canceled", "error"}, f.Status)
}

// refunding is the body of /refund.
type refunding struct {
	merchant
	ShopRefundID string        `json:"shop_refund_id"`
	UUID         string        `json:"octo_payment_UUID"`
	Amount       *money.Amount `json:"amount"`
}

func (s *Server) refund(w http.ResponseWriter, r *http.Request) {
	var in refunding
	if !readCall(w, r, &in) {
		return
	}
	s.mu.Lock()
	s.refundCalls[in.ShopRefundID]++
	s.mu.Unlock()
	s.operate(w, r, Refunds, s.transactionOf(in.UUID), func(faults []Fault) answer {
		if a, no := s.refused(in.merchant); no {
			return a
		}
		if in.ShopRefundID == "" || in.Amount == nil {
			return refuse(codeFormat, "Wrong params: [shop_refund_id, amount] must not be null or blank")
		}
		if f := s.findRefund(in.ShopRefundID); f != nil {
			return f.answer()
		}
		p := s.byUUID(in.UUID)
		switch {
		case p == nil:
			return refuse(codeUnknown, "Transaction not found")
		case p.Status != Succeeded:
			return refuse(codeState, "Payment is not succeeded")
		case !s.refundable(p, *in.Amount):
			return refuse(codeRefundAmount, "Wrong amount to refund")
		}
		f := &Refund{
			ShopRefundID: in.ShopRefundID, RefundID: uuid.NewString(), PaymentUUID: p.UUID, Amount: *in.Amount,
			Status: RefundSucceeded, CreatedAt: s.clock.now(),
		}
		switch {
		case has(faults, RefundPending):
			f.Status = RefundIsPending
		case has(faults, RefundFailed):
			f.Status = RefundHasFailed
		}
		s.refunds = append(s.refunds, f)
		s.sumRefunds(p)
		return f.answer()
	})
}

func (s *Server) refundable(p *Payment, amount money.Amount) bool {
	floor := s.floor(p.Currency)
	left := p.Captured - amount
	for _, f := range s.refunds {
		if f.PaymentUUID == p.UUID && !f.gone() {
			left -= f.Amount
		}
	}
	return amount > 0 && amount >= floor && left >= 0 &&
		(p.Currency != "UZS" || amount <= refundCap) &&
		(!s.cfg.RemainderFloor || left == 0 || left >= floor)
}

func (s *Server) sumRefunds(p *Payment) {
	p.Refunded = 0
	for _, f := range s.refunds {
		if f.PaymentUUID == p.UUID && f.Status == RefundSucceeded {
			p.Refunded += f.Amount
		}
	}
}

func (f *Refund) answer() answer {
	return answer{fields: map[string]any{
		"shop_refund_id": f.ShopRefundID, "octo_payment_UUID": f.PaymentUUID, "refund_id": f.RefundID,
		"refund_time": f.CreatedAt.In(tashkent).Format(time.DateTime), "status": f.Status,
	}}
}

// Refunds returns all refunds, the oldest first.
func (s *Server) Refunds() []Refund {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Refund, 0, len(s.refunds))
	for _, f := range s.refunds {
		all = append(all, s.seenRefund(f))
	}
	return all
}

// RefundCallsOf counts the calls with a shop_refund_id, also where no refund came of them.
func (s *Server) RefundCallsOf(shopRefundID string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refundCalls[shopRefundID]
}

// SetRefundStatus gives a refund any status, or returns ErrNoRefund. The merchant hears of it by the same call again.
func (s *Server) SetRefundStatus(shopRefundID, status string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.findRefund(shopRefundID)
	if f == nil {
		return ErrNoRefund
	}
	f.Status = status
	s.sumRefunds(s.find(f.PaymentUUID))
	return nil
}

func (s *Server) findRefund(shopRefundID string) *Refund {
	for _, f := range s.refunds {
		if f.ShopRefundID == shopRefundID {
			return f
		}
	}
	return nil
}

func (s *Server) seenRefund(f *Refund) Refund {
	out := *f
	out.Calls = s.refundCalls[f.ShopRefundID]
	return out
}
