package octosim

import (
	"net/http"

	"github.com/slippers-api/slippers/kit/money"
)

// acceptance is the body of /set_accept.
type acceptance struct {
	merchant
	UUID   string        `json:"octo_payment_UUID"`
	Accept string        `json:"accept_status"`
	Final  *money.Amount `json:"final_amount"`
}

func (s *Server) setAccept(w http.ResponseWriter, r *http.Request) {
	var in acceptance
	if !readCall(w, r, &in) {
		return
	}
	s.operate(w, r, Accept, s.transactionOf(in.UUID), func([]Fault) answer {
		if a, no := s.refused(in.merchant); no {
			return a
		}
		p := s.byUUID(in.UUID)
		switch {
		case p == nil:
			return refuse(codeUnknown, "Transaction not found")
		case in.Accept != "capture" && in.Accept != "cancel":
			return refuse(codeFormat, "Wrong params: accept_status must be capture or cancel")
		case in.Accept == "capture" && in.Final == nil:
			return refuse(codeFormat, "Wrong params: [final_amount] must not be null or blank")
		case in.Final != nil && (*in.Final <= 0 || *in.Final > p.Total):
			return refuse(codeFormat, "Wrong params: final_amount")
		case p.Status != WaitingForCapture:
			return refuse(codeState, "Payment is not waiting for capture")
		}
		captured := p.Total
		if in.Final != nil {
			captured = *in.Final
		}
		s.accept(p, in.Accept == "capture", captured)
		now := *p
		return answer{
			then: func() { s.announce(now) },
			fields: map[string]any{
				"shop_transaction_id": p.ShopTransactionID, "octo_payment_UUID": p.UUID, "status": p.Status,
				"transfer_sum": p.Captured, "refunded_sum": p.Total - p.Captured, paidTimeField: p.paidTime(),
			},
		}
	})
}

// accept takes held money, or gives it back.
func (s *Server) accept(p *Payment, capture bool, captured money.Amount) {
	if !capture {
		s.move(p, Canceled)
		return
	}
	p.Captured = captured
	s.move(p, Succeeded)
}

// transactionOf returns the merchant's id of a payment, or nothing.
func (s *Server) transactionOf(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.byUUID(id); p != nil {
		return p.ShopTransactionID
	}
	return ""
}
