package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/store"
)

var asked = payment.Decision{Actor: 1, Note: "asked OCTO's support"}

// attention returns why a person must look at a payment, or nothing.
func attention(t *testing.T, p *store.Payments, id int64) string {
	t.Helper()
	got, err := p.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got.Attention == nil {
		return ""
	}
	return *got.Attention
}

// notes returns what was decided about a payment, one line each.
func (d desk) notes(t *testing.T, id int64) (all string) {
	t.Helper()
	const query = `SELECT coalesce(string_agg(actor_id || ' ' || decided || ': ' || note, E'\n' ORDER BY id), '') FROM orders.payment_notes WHERE payment_id = $1`
	if err := d.db.QueryRow(t.Context(), query, id).Scan(&all); err != nil {
		t.Fatal(err)
	}
	return all
}

// A refund was declined. Who asks again, and gets it, has looked after the payment, and nobody else has.
func TestALaterRefundLooksAfterAPayment(t *testing.T) {
	t.Parallel()
	const declined = "the provider declined a refund"
	for name, tt := range map[string]struct {
		first, second []money.Amount // refunds of 2000; the first request is declined
		part          int            // of the first that is declined, or all of it
		want          string
	}{
		"all of it":               {[]money.Amount{2000}, []money.Amount{2000}, -1, ""},
		"a part":                  {[]money.Amount{700}, []money.Amount{700}, -1, ""},
		"in other parts":          {[]money.Amount{700}, []money.Amount{300, 400}, -1, ""},
		"a part of a part":        {[]money.Amount{700}, []money.Amount{600}, -1, declined},
		"nobody asks again":       {[]money.Amount{1000, 1000}, nil, 0, declined},
		"one of two parts":        {[]money.Amount{1000, 1000}, []money.Amount{1000}, 0, ""},
		"both parts, and one":     {[]money.Amount{500, 500}, []money.Amount{500}, -1, declined},
		"both parts, and as much": {[]money.Amount{500, 500}, []money.Amount{1000}, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 100)
			p := d.payments(t)
			_, paid := d.pay(t, p)
			if paid.Amount != 6000 {
				t.Fatalf("it is of %d", paid.Amount)
			}
			give := func(amounts []money.Amount) []payment.Refund {
				t.Helper()
				if amounts == nil {
					return nil
				}
				refunds, err := p.GiveBack(t.Context(), paid.ID, parts(amounts...), nil, "test")
				if err != nil {
					t.Fatal(err)
				}
				return refunds
			}
			move := func(id int64, to payment.RefundState) {
				t.Helper()
				if err := p.Move(t.Context(), id, to); err != nil {
					t.Fatal(err)
				}
			}
			for i, r := range give(tt.first) {
				if tt.part >= 0 && i != tt.part {
					move(r.ID, payment.RefundSucceeded)
					continue
				}
				if err := p.Watch(t.Context(), paid.ID, declined); err != nil {
					t.Fatal(err)
				}
				move(r.ID, payment.RefundFailed)
			}
			second := give(tt.second)
			for i, r := range second {
				if got := attention(t, p, paid.ID); got != declined {
					t.Errorf("before part %d: %q", i, got)
				}
				move(r.ID, payment.RefundSucceeded)
			}
			if got := attention(t, p, paid.ID); got != tt.want {
				t.Errorf("afterwards: %q, want %q", got, tt.want)
			}
			d.sound(t, p)
		})
	}
}

func TestAPersonLooksAfterAPayment(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, paid := d.pay(t, p)
	if _, err := p.Attended(t.Context(), paid.ID, asked); !errors.Is(err, payment.ErrNeedsNobody) {
		t.Errorf("one that needs nobody: %v", err)
	}
	if _, err := p.Attended(t.Context(), paid.ID+9, asked); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
	if err := p.Watch(t.Context(), paid.ID, "cannot be given back by itself"); err != nil {
		t.Fatal(err)
	}
	got, err := p.Attended(t.Context(), paid.ID, asked)
	if err != nil || got.State != payment.Paid || got.Attention != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if notes := d.notes(t, paid.ID); notes != "1 needs nobody any more: cannot be given back by itself: asked OCTO's support" {
		t.Errorf("noted is %q", notes)
	}

	// The provider never told of this one: nobody reads it back any more, so it ends here. A late proof is still heard.
	_, opened := d.ordered(t, p)
	if err := p.Watch(t.Context(), opened.ID, "the provider does not say"); err != nil {
		t.Fatal(err)
	}
	if got, err := p.Attended(t.Context(), opened.ID, asked); err != nil || got.State != payment.Cancelled || got.Attention != nil {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := p.Observe(t.Context(), opened.ID, payment.Report{State: payment.Paid, Status: "succeeded"}, payment.FromRead); err != nil || got.State != payment.Paid {
		t.Errorf("a late proof: %+v, %v", got, err)
	}
	d.sound(t, p)
}

// A refund was declined whose first answer was lost, or that was begun: it may have been done. A person finds out.
func TestAPersonDecidesAboutARefund(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ begun, went bool }{
		"it went": {false, true}, "it did not": {false, false}, "it went, begun": {true, true}, "it did not, begun": {true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := open(t, 100)
			p := d.payments(t)
			o, paid := d.pay(t, p)
			refunds, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount), nil, "test")
			if err != nil {
				t.Fatal(err)
			}
			to, id, went := payment.RefundFailed, refunds[0].ID, tt.went
			if tt.begun {
				if err := p.Move(t.Context(), id, payment.RefundPending); err != nil {
					t.Fatal(err)
				}
			}
			if went {
				to = payment.RefundSucceeded
			}
			decide := func(want error) payment.Refund {
				t.Helper()
				r, err := p.Decide(t.Context(), id, to, asked)
				if !errors.Is(err, want) || (err == nil) != (want == nil) {
					t.Errorf("got %+v, %v, want %v", r, err, want)
				}
				return r
			}
			finish := `UPDATE orders.river_job SET state = 'completed', finalized_at = now() WHERE kind = 'refund_send'`
			if err := p.Lost(t.Context(), id, true); err != nil {
				t.Fatal(err)
			}
			decide(payment.ErrNotUnclear) // its job goes on
			if _, err := d.db.Exec(t.Context(), finish); err != nil {
				t.Fatal(err)
			}
			if err := p.Watch(t.Context(), paid.ID, "the provider declined a refund whose first answer was lost"); err != nil {
				t.Fatal(err)
			}
			if r := decide(nil); r.State != to {
				t.Errorf("it is %s", r.State)
			}
			decide(payment.ErrNotUnclear) // once is enough
			d.sound(t, p)
			if notes := d.notes(t, paid.ID); notes != "1 the refund has "+string(to)+": asked OCTO's support" {
				t.Errorf("noted is %q", notes)
			}
			after, _ := d.orders.Get(t.Context(), o.ID)
			if why := attention(t, p, paid.ID); went != (why == "") || went != (after.Status == order.Refunded) {
				t.Errorf("it needs a person: %q, and the order is %s", why, after.Status)
			}
			again, err := p.GiveBack(t.Context(), paid.ID, parts(paid.Amount), nil, "test")
			if went != errors.Is(err, payment.ErrRefund) || went == (len(again) == 1) {
				t.Errorf("asking again gives %v, %v", again, err)
			}
		})
	}
	d := open(t, 1)
	if _, err := d.payments(t).Decide(t.Context(), 1, payment.RefundFailed, asked); !errors.Is(err, payment.ErrNotFound) {
		t.Errorf("one that is not there: %v", err)
	}
}

// What was never asked for, and what is known, nobody decides about.
func TestOnlyAnUnclearRefundIsDecidedAbout(t *testing.T) {
	t.Parallel()
	d := open(t, 100)
	p := d.payments(t)
	_, paid := d.pay(t, p)
	refunds, err := p.GiveBack(t.Context(), paid.ID, parts(1, 2), nil, "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE orders.river_job SET state = 'discarded', finalized_at = now() WHERE kind = 'refund_send'`); err != nil {
		t.Fatal(err)
	}
	if err := p.Lost(t.Context(), refunds[1].ID, true); err != nil { // until it is answered
		t.Fatal(err)
	}
	if err := p.Move(t.Context(), refunds[1].ID, payment.RefundPending); err != nil {
		t.Fatal(err)
	}
	for _, r := range refunds { // one was never sent, the other OCTO has taken
		if _, err := p.Decide(t.Context(), r.ID, payment.RefundFailed, asked); !errors.Is(err, payment.ErrNotUnclear) {
			t.Errorf("refund %d: %v", r.ID, err)
		}
	}
	if _, err := payment.NewDecision(order.Actor{ID: 1}, strings.Repeat(" ", 9)); !errors.Is(err, order.ErrInvalid) {
		t.Errorf("without a note: %v", err)
	}
}
