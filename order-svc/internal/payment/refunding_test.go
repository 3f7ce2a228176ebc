package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// till is a store with one payment and one refund, and the provider of both.
type till struct {
	payment.Money // what a test does not need

	paid    payment.Payment
	refund  payment.Refund
	answer  payment.RefundState
	err     error
	given   []payment.Refund
	parts   []payment.Part
	moved   payment.RefundState
	watched string
	dies    bool // the process, in the call of the provider
}

func (s *till) Find(context.Context, int64) ([]payment.Payment, []payment.Refund, error) {
	return []payment.Payment{s.paid}, s.given, nil
}

func (s *till) GiveBack(_ context.Context, _ int64, parts []payment.Part, _ *int64, _ string) ([]payment.Refund, error) {
	s.parts = parts
	for _, part := range parts {
		s.given = append(s.given, payment.Refund{RefundID: part.ID, Amount: part.Amount})
		s.paid.Refunded += part.Amount
	}
	return s.given, nil
}

func (s *till) Refund(context.Context, int64) (payment.Refund, payment.Payment, error) {
	return s.refund, s.paid, nil
}

func (s *till) Move(_ context.Context, _ int64, to payment.RefundState) error {
	s.moved = to
	return nil
}

func (s *till) Lost(_ context.Context, _ int64, lost bool) error {
	s.refund.Unclear = lost
	return nil
}

func (s *till) Watch(_ context.Context, _ int64, why string) error {
	s.watched = why
	return nil
}

// bank is the provider of a till.
type bank struct {
	payment.Provider

	*till
}

func (b bank) Refund(context.Context, uuid.UUID, payment.Refund) (payment.RefundState, error) {
	if b.dies {
		panic("killed")
	}
	return b.answer, b.err
}

var limits = payment.Limits{Most: 1_000_000_000, Least: 1_300_000} // 10,000,000.00 and 13,000.00

func refunding(s *till) payment.Refunding {
	return payment.Refunding{Limits: limits, Money: s, Provider: bank{till: s}, Log: slog.New(slog.DiscardHandler)}
}

// However much is given back of whatever was paid: it is that sum, in calls that the provider takes, and what is left can
// be given back too.
func TestARefundIsSplitIntoWhatTheProviderTakes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		paid := money.Amount(rapid.Int64Range(1, 10_000_000_000).Draw(r, "paid"))
		refunded := money.Amount(rapid.Int64Range(0, int64(paid)-1).Draw(r, "refunded"))
		wanted := money.Amount(rapid.Int64Range(-1, int64(paid)+1).Draw(r, "wanted"))
		s := &till{paid: payment.Payment{State: payment.Paid, Amount: paid, Refunded: refunded}}
		_, err := refunding(s).Give(context.Background(), order.Actor{}, 5, &wanted, uuid.New())
		left := paid - refunded - wanted
		if may := wanted >= limits.Least && (left == 0 || left >= limits.Least); may != (err == nil) {
			r.Fatalf("giving %s of %s, of which %s is gone: %v", wanted, paid, refunded, err)
		}
		if err != nil {
			if !errors.Is(err, payment.ErrRefund) || s.parts != nil {
				r.Fatalf("got %v and %v", err, s.parts)
			}
			return
		}
		var sum money.Amount
		for _, part := range s.parts {
			if sum += part.Amount; part.Amount > limits.Most || part.Amount < limits.Least {
				r.Fatalf("a part of %s", part.Amount)
			}
		}
		if sum != wanted {
			r.Fatalf("the parts of %s are %v", wanted, s.parts)
		}
	})
}

// An attempt may break off after the refund is stored and before anybody is told.
func TestARequestIsGivenBackOnce(t *testing.T) {
	t.Parallel()
	s := &till{paid: payment.Payment{State: payment.Paid, Amount: 5_000_000_000}}
	wanted, request := money.Amount(2_000_000_000), uuid.New()
	first, err := refunding(s).Give(t.Context(), order.Actor{}, 5, &wanted, request)
	if err != nil || len(first) != 2 {
		t.Fatalf("got %v, %v", first, err)
	}
	s.parts = nil
	again, err := refunding(s).Give(t.Context(), order.Actor{}, 5, &wanted, request)
	if err != nil || !slices.Equal(again, first) || s.parts != nil {
		t.Errorf("again: got %v and %v, %v", again, s.parts, err)
	}
	if _, err := refunding(s).Give(t.Context(), order.Actor{}, 5, &wanted, uuid.New()); err != nil || len(s.parts) != 2 || s.parts[0].ID == first[0].RefundID {
		t.Errorf("another request: got %v, %v", s.parts, err)
	}
}

func TestWhatTheProviderSaysOfARefund(t *testing.T) {
	t.Parallel()
	known := uuid.New()
	tests := map[string]struct {
		state   payment.RefundState
		unclear bool
		answer  payment.RefundState
		err     error

		want    error
		moved   payment.RefundState
		lost    bool
		watched bool
	}{
		"done":                          {payment.RefundNew, false, payment.RefundSucceeded, nil, nil, payment.RefundSucceeded, false, false},
		"not yet":                       {payment.RefundNew, false, payment.RefundPending, nil, payment.ErrRefundPending, payment.RefundPending, false, false},
		"failed":                        {payment.RefundPending, false, payment.RefundFailed, nil, nil, payment.RefundFailed, false, true},
		"declined":                      {payment.RefundNew, false, "", payment.ErrDeclined, nil, payment.RefundFailed, false, true},
		"no answer":                     {payment.RefundNew, false, "", payment.ErrNoAnswer, payment.ErrNoAnswer, "", true, false},
		"nothing was done":              {payment.RefundNew, false, "", payment.ErrNotDone, payment.ErrNoAnswer, "", false, false},
		"declined after a lost answer":  {payment.RefundNew, true, "", payment.ErrDeclined, nil, "", true, true},
		"declined when it was begun":    {payment.RefundPending, false, "", payment.ErrDeclined, nil, "", true, true},
		"nothing after a lost answer":   {payment.RefundNew, true, "", payment.ErrNotDone, payment.ErrNoAnswer, "", true, false},
		"done after a lost answer":      {payment.RefundNew, true, payment.RefundSucceeded, nil, nil, payment.RefundSucceeded, false, false},
		"ended before: nothing is sent": {payment.RefundSucceeded, false, payment.RefundFailed, nil, nil, "", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &till{
				paid:   payment.Payment{State: payment.Paid, Amount: 100, ProviderUUID: &known},
				refund: payment.Refund{State: tt.state, Unclear: tt.unclear, Amount: 100}, answer: tt.answer, err: tt.err,
			}
			if err := refunding(s).Send(t.Context(), 3); !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if lost := s.moved == "" && s.refund.Unclear; s.moved != tt.moved || lost != tt.lost || (s.watched != "") != tt.watched {
				t.Errorf("moved to %q, lost %t, watched %q", s.moved, lost, s.watched)
			}
		})
	}
}

// A process that dies while it calls the provider loses the answer, and cannot note that any more.
func TestADeathInTheCallLosesTheAnswer(t *testing.T) {
	t.Parallel()
	known := uuid.New()
	s := &till{paid: payment.Payment{State: payment.Paid, Amount: 100, ProviderUUID: &known}, refund: payment.Refund{State: payment.RefundNew, Amount: 100}, dies: true}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it did not die")
			}
		}()
		_ = refunding(s).Send(t.Context(), 3)
	}()
	s.dies, s.err = false, payment.ErrDeclined // the provider refuses the repetition of what it has done
	if err := refunding(s).Send(t.Context(), 3); err != nil || s.moved != "" || s.watched == "" {
		t.Errorf("got %v, moved to %q, and a person reads %q", err, s.moved, s.watched)
	}
}
