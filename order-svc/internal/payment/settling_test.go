package payment_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// book is a store with one payment, and the provider that says where it stands.
type book struct {
	payment.Books
	payment.Provider

	payment payment.Payment
	report  payment.Report
	err     error // of the provider
	early   bool  // to ask it
	watched string
}

func (b *book) Payment(context.Context, int64) (payment.Payment, error) { return b.payment, nil }

func (b *book) MayRead(context.Context, int64) (bool, error) { return !b.early, nil }

func (b *book) Read(context.Context, uuid.UUID) (payment.Report, error) { return b.report, b.err }

func (b *book) Watch(_ context.Context, _ int64, why string) error {
	b.watched = why
	return nil
}

func (b *book) Observe(_ context.Context, _ int64, r payment.Report, _ payment.Source) (payment.Payment, error) {
	if b.payment.State.Before(r.State) {
		b.payment.State = r.State
	}
	return b.payment, nil
}

func settling(b *book) payment.Settling {
	return payment.Settling{Books: b, Provider: b, Log: slog.New(slog.DiscardHandler)}
}

// A payment is read until it is known that no money comes. What was said of it is forgotten by nobody who has not read it.
func TestWhenAPaymentIsReadAgain(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	said := func(s payment.State) *book { return &book{report: payment.Report{State: s}} }
	tells := func(sum money.Amount) *book { return &book{report: payment.Report{State: payment.Paid, Amount: &sum}} }
	away := func() *book { return &book{err: payment.ErrNoAnswer} }
	for name, tt := range map[string]struct {
		state        payment.State
		over, since  time.Duration // for how long it cannot be paid any more, and how long ago something was said
		book         *book
		again        payment.ReadAgain
		ends, person bool
	}{
		"paid before":                  {payment.Paid, 0, 0, away(), payment.ReadAgain{}, true, false},
		"paid now":                     {payment.Pending, 0, 0, said(payment.Paid), payment.ReadAgain{}, true, false},
		"asked too soon":               {payment.Pending, 0, 0, &book{early: true}, payment.ReadAgain{In: time.Second, Unread: true}, false, false},
		"being paid":                   {payment.Pending, -time.Hour, 0, said(payment.Pending), payment.ReadAgain{In: time.Minute}, false, false},
		"late":                         {payment.Pending, day / 2, day / 2, said(payment.Pending), payment.ReadAgain{In: 15 * time.Minute}, false, false},
		"no answer":                    {payment.Pending, -time.Hour, 0, away(), payment.ReadAgain{In: time.Minute, Unread: true}, false, false},
		"no answer for a day":          {payment.Pending, 2 * day, 2 * day, away(), payment.ReadAgain{}, true, true},
		"held":                         {payment.Pending, 0, 0, said(payment.Held), payment.ReadAgain{In: 15 * time.Minute}, false, true},
		"held, and no answer":          {payment.Held, 0, 0, away(), payment.ReadAgain{In: 15 * time.Minute, Unread: true}, false, true},
		"cancelled":                    {payment.Pending, time.Minute, 0, said(payment.Cancelled), payment.ReadAgain{In: 15 * time.Minute}, false, false},
		"cancelled long ago":           {payment.Cancelled, 3 * day, 0, said(payment.Cancelled), payment.ReadAgain{}, true, false},
		"cancelled, and money is said": {payment.Cancelled, 3 * day, 0, away(), payment.ReadAgain{In: time.Minute, Unread: true}, false, false},
		"said yesterday":               {payment.Cancelled, 3 * day, day + time.Hour, away(), payment.ReadAgain{}, true, true},
		"paid, another sum":            {payment.Pending, -time.Hour, 0, tells(99), payment.ReadAgain{In: time.Minute, Unread: true}, false, true},
		"paid, our sum":                {payment.Pending, -time.Hour, 0, tells(100), payment.ReadAgain{}, true, false},
		"cancelled, and money came":    {payment.Cancelled, 3 * day, 0, said(payment.Paid), payment.ReadAgain{}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tt.book.payment = payment.Payment{State: tt.state, Amount: 100, ExpiresAt: time.Now().Add(-tt.over)}
			err := settling(tt.book).Confirm(t.Context(), 4, time.Now().Add(-tt.since))
			again, _ := errors.AsType[payment.ReadAgain](err)
			if again != tt.again || (err == nil) != tt.ends || (tt.book.watched != "") != tt.person {
				t.Errorf("got %v (%+v), and a person reads %q", err, again, tt.book.watched)
			}
		})
	}
}
