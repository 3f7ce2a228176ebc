package order

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
)

// The ways a request can clash with an earlier one under the same key.
var (
	ErrKeyReused  = fault.New(fault.Invalid, "idempotency-key-reused", "This Idempotency-Key came with another request before.")
	ErrInProgress = fault.New(fault.Conflict, "idempotency-in-progress", "The first request with this key still runs.").After(time.Second)
)

// ErrUnsure says that nobody knows whether an order was stored: the answer to its commit was lost.
var ErrUnsure = errors.New("the order may have been stored")

// Intent is what a request is about to do, decided before another service is asked: every attempt reserves the same
// lines under the same id.
type Intent struct {
	ReservationID uuid.UUID
	Lines         []Line

	// Done is what came of an earlier attempt; nil means that there is work to do.
	Done *Outcome
}

// Outcome is what came of a request that carries a key: one of them.
type Outcome struct {
	Order   *Order
	Refusal *Refusal
}

// Keys is what a Placing needs of a store of keys.
type Keys interface {
	// Begin commits the intent of a request that carries a key, finds what came of an earlier attempt, or takes over from
	// one that broke off. It returns ErrCartEmpty, ErrKeyReused or ErrInProgress.
	Begin(ctx context.Context, r Request, reservation uuid.UUID) (Intent, error)

	// Renew gives the intent another reservation.
	Renew(ctx context.Context, r Request, from, to uuid.UUID) error

	// Refuse finishes the intent without an order.
	Refuse(ctx context.Context, r Request, reservation uuid.UUID, why Refusal) error

	// Unlock lets the next attempt go on at once.
	Unlock(ctx context.Context, r Request, reservation uuid.UUID) error
}

// Refusal is a fault as it is kept, to be answered again.
type Refusal struct {
	Code    string                     `json:"code"`
	Detail  string                     `json:"detail"`
	Members map[string]json.RawMessage `json:"members"`
}

// refusals are the faults that end a request: the same answer for ever under its key. After all others it may go on.
var refusals = []*fault.Fault{ErrOutOfStock, ErrPriceChanged, ErrTotalTooLarge}

// refusalOf returns err as it is kept, and false for one that does not end the request.
func refusalOf(err error) (Refusal, bool) {
	for _, known := range refusals {
		if !errors.Is(err, known) {
			continue
		}
		f := fault.Of(err)
		r := Refusal{Code: f.Code, Detail: f.Detail, Members: map[string]json.RawMessage{}}
		for name, value := range f.Members {
			b, err := json.Marshal(value)
			if err != nil {
				return Refusal{}, false
			}
			r.Members[name] = b
		}
		return r, true
	}
	return Refusal{}, false
}

// Err returns the fault that r was made of.
func (r Refusal) Err() error {
	for _, known := range refusals {
		if known.Code == r.Code {
			f := known.WithDetail(r.Detail)
			for name, value := range r.Members {
				f = f.With(name, value)
			}
			return f
		}
	}
	return errors.New("a kept refusal has an unknown code: " + r.Code)
}
