package octosim

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/slippers-api/slippers/kit/money"
)

// Status is what OCTO says of a payment. Any other word can be set too, as one that clients do not know.
type Status string

// The documented statuses.
const (
	Created           Status = "created"
	WaitUserAction    Status = "wait_user_action"
	WaitingForCapture Status = "waiting_for_capture"
	Succeeded         Status = "succeeded"
	Canceled          Status = "canceled"
)

// Payment is one payment as its first create call fixed it, and what became of it.
type Payment struct {
	UUID              string          `json:"octo_payment_UUID"`
	ShopTransactionID string          `json:"shop_transaction_id"`
	Status            Status          `json:"status"`
	Total             money.Amount    `json:"total_sum"`
	Captured          money.Amount    `json:"captured_sum"`
	Refunded          money.Amount    `json:"refunded_sum"` // by refunds that succeeded
	Currency          string          `json:"currency"`
	Description       string          `json:"description"`
	AutoCapture       bool            `json:"auto_capture"`
	Test              bool            `json:"test"`
	InitTime          string          `json:"init_time"`
	TTL               int             `json:"ttl"` // in minutes
	PaymentMethods    []string        `json:"payment_methods"`
	Basket            []Position      `json:"basket"`
	UserData          json.RawMessage `json:"user_data,omitempty"`
	Language          string          `json:"language"`
	ReturnURL         string          `json:"return_url"`
	NotifyURL         string          `json:"notify_url"`
	PayURL            string          `json:"octo_pay_url"`
	CreatedAt         time.Time       `json:"created_at"`
	PaidAt            time.Time       `json:"paid_at,omitzero"`
	ReadAt            time.Time       `json:"read_at,omitzero"` // the last read that was answered
	Calls             Calls           `json:"calls"`
}

// Calls are the calls that arrived about one shop_transaction_id, whatever was answered.
type Calls struct {
	Create int `json:"create"`
	Read   int `json:"read"`
	Accept int `json:"accept"`
	Refund int `json:"refund"`
}

// The refusals of methods and of /control.
var (
	ErrNoPayment = errors.New("there is no such payment")
	ErrNoRefund  = errors.New("there is no such refund")
	ErrClosed    = errors.New("the payment can not be paid any more")
)

// Payments returns all payments, the oldest first.
func (s *Server) Payments() []Payment {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Payment, 0, len(s.payments))
	for _, p := range s.payments {
		all = append(all, s.seen(p))
	}
	return all
}

// Payment returns one payment by its UUID or its shop_transaction_id, or ErrNoPayment.
func (s *Server) Payment(id string) (Payment, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(id)
	if p == nil {
		return Payment{}, ErrNoPayment
	}
	return s.seen(p), nil
}

// CallsOf counts the calls about a shop_transaction_id, also where no payment came of them.
func (s *Server) CallsOf(shopTransactionID string) Calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *s.callsOf(shopTransactionID)
}

// SetStatus gives a payment any status, whatever it had, and tells the merchant if asked to. It returns ErrNoPayment.
func (s *Server) SetStatus(id string, status Status, callback bool) error {
	announce, err := s.change(id, func(p *Payment) error {
		s.move(p, status)
		return nil
	})
	if err == nil && callback {
		announce()
	}
	return err
}

// Pay does what the button of the pay page does, and tells the merchant. It returns ErrNoPayment or ErrClosed.
func (s *Server) Pay(id string) error {
	announce, err := s.change(id, s.pay)
	if err == nil {
		announce()
	}
	return err
}

// Decline does what the button of the pay page does, and tells the merchant. It returns ErrNoPayment or ErrClosed.
func (s *Server) Decline(id string) error {
	announce, err := s.change(id, s.decline)
	if err == nil {
		announce()
	}
	return err
}

// PayLate leaves a payment with wait_user_action. Its money comes after Config.LateAfter, even if it was canceled since.
// It returns ErrNoPayment or ErrClosed.
func (s *Server) PayLate(id string) error {
	_, err := s.change(id, s.payLate)
	return err
}

func (s *Server) pay(p *Payment) error { return s.moveOpen(p, paid(p)) }

func (s *Server) decline(p *Payment) error { return s.moveOpen(p, Canceled) }

func (s *Server) payLate(p *Payment) error {
	if err := s.moveOpen(p, WaitUserAction); err != nil {
		return err
	}
	s.clock.after(s.cfg.LateAfter, func() {
		announce, err := s.change(p.UUID, func(p *Payment) error {
			if p.Status == Canceled {
				s.move(p, paid(p))
				return nil
			}
			return s.pay(p)
		})
		if err == nil {
			announce()
		}
	})
	return nil
}

func (s *Server) moveOpen(p *Payment, to Status) error {
	if !p.open() {
		return ErrClosed
	}
	s.move(p, to)
	return nil
}

// change does something to a payment, and returns how to tell the merchant what the payment has become.
func (s *Server) change(id string, do func(*Payment) error) (announce func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.find(id)
	if p == nil {
		return nil, ErrNoPayment
	}
	if err := do(p); err != nil {
		return nil, err
	}
	now := *p
	return func() { s.announce(now) }, nil
}

func (p *Payment) open() bool { return p.Status == Created || p.Status == WaitUserAction }

func paid(p *Payment) Status {
	if p.AutoCapture {
		return Succeeded
	}
	return WaitingForCapture
}

// move sets a status with what it means for the money.
func (s *Server) move(p *Payment, to Status) {
	from := p.Status
	p.Status = to
	switch to {
	case Succeeded:
		if p.Captured == 0 {
			p.Captured = p.Total
		}
		if p.PaidAt.IsZero() {
			p.PaidAt = s.clock.now()
		}
	case Canceled:
		p.Captured, p.PaidAt = 0, time.Time{}
	case WaitingForCapture:
		if from != to {
			s.cancelAfter(p, s.cfg.HoldTTL, WaitingForCapture)
		}
	default:
	}
}

// cancelAfter cancels a payment that still has one of the statuses by then.
func (s *Server) cancelAfter(p *Payment, d time.Duration, while ...Status) {
	s.clock.after(d, func() {
		s.mu.Lock()
		over := slices.Contains(while, p.Status)
		if over {
			s.move(p, Canceled)
		}
		now := *p
		s.mu.Unlock()
		if over {
			s.announce(now)
		}
	})
}

// find returns a payment by its UUID or its shop_transaction_id, or nil.
func (s *Server) find(id string) *Payment {
	if p := s.byUUID(id); p != nil {
		return p
	}
	return s.byTransaction(id)
}

func (s *Server) byUUID(id string) *Payment {
	return s.first(func(p *Payment) bool { return p.UUID == id })
}

func (s *Server) byTransaction(id string) *Payment {
	return s.first(func(p *Payment) bool { return p.ShopTransactionID == id })
}

func (s *Server) first(is func(*Payment) bool) *Payment {
	if i := slices.IndexFunc(s.payments, is); i >= 0 {
		return s.payments[i]
	}
	return nil
}

func (s *Server) callsOf(shopTransactionID string) *Calls {
	c := s.calls[shopTransactionID]
	if c == nil {
		c = &Calls{}
		s.calls[shopTransactionID] = c
	}
	return c
}

// seen is a payment as those outside see it, who do not hold the lock.
func (s *Server) seen(p *Payment) Payment {
	out := *p
	out.Calls = *s.callsOf(p.ShopTransactionID)
	return out
}
