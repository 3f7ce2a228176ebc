package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

var (
	known   = uuid.MustParse("0198f3a0-0000-7000-8000-000000000001")
	payable = payment.Payment{
		ID: 4, OrderID: 5, TransactionID: known, Amount: first.TotalAmount, State: payment.New, CreatedAt: long,
	}
	back = payment.Refund{ID: 3, PaymentID: 4, RefundID: known, Amount: 1_000_000, State: payment.RefundNew, Reason: "by an administrator", CreatedAt: long}
	job  = work.Job{ID: 2, Kind: "order_claim", Args: json.RawMessage(`{"payment_id":4}`), State: "discarded", Attempt: 15, MaxAttempts: 15, CreatedAt: long, ScheduledAt: long}
)

// bank is the store of payments, the provider, the calls and the jobs at once. Its one payment is payable.
type bank struct {
	*shop

	provider error // of whatever the provider is asked
	state    payment.State
	answer   json.RawMessage // of an earlier call under the key
	began    time.Time       // the first of them
	callErr  error
}

func (b *bank) payment() payment.Payment {
	p := payable
	p.State = b.state
	if b.state != payment.New {
		p.PayURL, p.ProviderUUID = new("https://pay.octo.uz/pay/"+known.String()), &known
	}
	return p
}

func (b *bank) Open(context.Context, order.Order, time.Time) (payment.Payment, error) {
	return b.payment(), b.wrote()
}

func (b *bank) Observe(_ context.Context, _ int64, r payment.Report, _ payment.Source) (payment.Payment, error) {
	b.state = r.State
	return b.payment(), b.wrote()
}

func (b *bank) Unclear(context.Context, int64) error { return b.err }

func (b *bank) Find(context.Context, int64) ([]payment.Payment, []payment.Refund, error) {
	p := b.payment()
	p.Attention = new("look at it")
	return []payment.Payment{p}, []payment.Refund{back}, b.err
}

func (b *bank) Payment(_ context.Context, id int64) (payment.Payment, error) {
	if id != payable.ID {
		return payment.Payment{}, payment.ErrNotFound
	}
	return b.payment(), b.err
}

func (b *bank) Hear(_ context.Context, transaction uuid.UUID, _ string, _ payment.Source) error {
	if transaction != known {
		return payment.ErrNotFound
	}
	return b.wrote()
}

func (b *bank) Lost(context.Context, int64, bool) error                { return b.err }
func (b *bank) MayRead(context.Context, int64) (bool, error)           { return true, b.err }
func (b *bank) Watch(context.Context, int64, string) error             { return b.err }
func (b *bank) Adopt(context.Context, int64, string) error             { return b.err }
func (b *bank) Move(context.Context, int64, payment.RefundState) error { return b.err }

func (b *bank) GiveBack(_ context.Context, _ int64, parts []payment.Part, _ *int64, _ string) ([]payment.Refund, error) {
	r := back
	r.Amount = parts[0].Amount
	return []payment.Refund{r}, b.wrote()
}

func (b *bank) Refund(context.Context, int64) (payment.Refund, payment.Payment, error) {
	return back, b.payment(), b.err
}

func (b *bank) Statement(context.Context, time.Time, time.Time) ([]payment.Entry, error) {
	return []payment.Entry{
		{ID: 1, CreatedAt: long, Account: "provider", Amount: 25_800_000, OrderID: 5, PaymentID: 4},
		{ID: 2, CreatedAt: long, Account: "sales", Amount: -25_800_000, OrderID: 5, PaymentID: 4, RefundID: new(int64(3))},
	}, b.err
}

func (b *bank) Attention(ctx context.Context) ([]payment.Payment, error) {
	all, _, err := b.Find(ctx, 0)
	return all, err
}

func (b *bank) Attended(_ context.Context, id int64, d payment.Decision) (payment.Payment, error) {
	p, err := b.Payment(context.Background(), id)
	if err == nil && (b.state == payment.Paid || d != payment.Decision{Actor: 1, Note: "asked OCTO"}) {
		return p, payment.ErrNeedsNobody
	}
	return p, err
}

func (b *bank) Decide(_ context.Context, id int64, to payment.RefundState, d payment.Decision) (payment.Refund, error) {
	r := back
	r.State = to
	switch {
	case id != back.ID:
		return r, payment.ErrNotFound
	case b.state == payment.Paid || d != payment.Decision{Actor: 1, Note: "asked OCTO"}:
		return r, payment.ErrNotUnclear
	}
	return r, b.err
}

func (b *bank) Notice(body []byte) (payment.Notice, error) {
	switch {
	case !json.Valid(body):
		return payment.Notice{}, httpserver.ErrBody
	case !bytes.Contains(body, []byte(`"signature":"good"`)):
		return payment.Notice{}, payment.ErrCallback
	case bytes.Contains(body, []byte(`"status":"refunded"`)):
		return payment.Notice{}, nil
	}
	return payment.Notice{Transaction: known, Status: "succeeded"}, nil
}

func (b *bank) BeginCall(context.Context, int64, order.Key, uuid.UUID) (json.RawMessage, time.Time, error) {
	if b.began.IsZero() {
		return b.answer, long, b.callErr
	}
	return b.answer, b.began, b.callErr
}

func (b *bank) EndCall(context.Context, int64, order.Key, uuid.UUID, json.RawMessage) error {
	return nil
}

// octo is the provider of a bank.
type octo struct{ *bank }

func (o octo) Create(context.Context, payment.Payment, order.Order) (payment.Report, error) {
	return payment.Report{State: payment.Registered, Status: "created", UUID: &known}, o.provider
}

func (o octo) Read(context.Context, uuid.UUID) (payment.Report, error) {
	return payment.Report{State: payment.Registered}, o.provider
}

func (o octo) Refund(context.Context, uuid.UUID, payment.Refund) (payment.RefundState, error) {
	return payment.RefundPending, o.provider
}

func (o octo) Settle(context.Context, uuid.UUID, bool, money.Amount) error {
	o.writes++
	return o.provider
}

// jobs are those of a bank.
type jobs struct{ *bank }

func (j jobs) List(context.Context, string) ([]work.Job, error) { return []work.Job{job}, j.err }

func (j jobs) Retry(_ context.Context, id int64) (work.Job, error) {
	if id != job.ID {
		return work.Job{}, work.ErrNotFound
	}
	return job, j.err
}

// What may be different in a bank.

func provider(err error) func(*shop) { return func(s *shop) { s.bank.provider = err } }

func in(state payment.State) func(*shop) { return func(s *shop) { s.bank.state = state } }

func call(answer string, err error) func(*shop) {
	return func(s *shop) {
		s.bank.callErr = err
		if answer != "" {
			s.bank.answer = json.RawMessage(answer)
		}
	}
}

func begun(at time.Time) func(*shop) { return func(s *shop) { s.bank.began = at } }
