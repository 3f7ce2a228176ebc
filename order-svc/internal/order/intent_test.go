package order_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// What ends a request is kept, and comes back as the fault that it was.
func TestRefusalsComeBackEqual(t *testing.T) {
	t.Parallel()
	short := []order.Unavailable{{SlipperID: 3, Requested: 2, Available: 1}, {SlipperID: 1 << 60, Requested: 500}}
	for name, first := range map[string]*fault.Fault{
		"out of stock":  order.ErrOutOfStock.With("unavailable", short).Because(errDown),
		"nothing left":  order.ErrOutOfStock.With("unavailable", []order.Unavailable{}),
		"more to say":   order.ErrOutOfStock.WithDetail("One is left, of «Felt».\n"),
		"price changed": order.ErrPriceChanged.With("expected_total", money.Amount(1)).With("actual_total", money.Amount(1<<62+1)),
		"too dear":      order.ErrTotalTooLarge,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, p := placing()
			s.fail["reserve"] = first
			if _, replayed, err := p.Place(t.Context(), keyed()); !errors.Is(err, first) || replayed || len(s.refusals) != 1 {
				t.Fatalf("placing: %v, replayed %v, kept %+v", err, replayed, s.refusals)
			}
			again, q := placing()
			again.done = &order.Outcome{Refusal: &s.refusals[0]}
			_, replayed, err := q.Place(t.Context(), keyed())
			f := fault.Of(err)
			if f == nil || !replayed || !errors.Is(err, first) || again.said() != "begin" {
				t.Fatalf("afterwards: %v, replayed %v, after %q", err, replayed, again.said())
			}
			if diff := cmp.Diff(answer(t, first), answer(t, f)); diff != "" || f.Kind != first.Kind || errors.Is(err, errDown) {
				t.Errorf("came back as %v (-want +got):\n%s", f, diff)
			}
		})
	}
}

// answer is what a client reads of a fault.
func answer(t *testing.T, f *fault.Fault) string {
	t.Helper()
	members := f.Members
	if members == nil {
		members = map[string]any{}
	}
	b, err := json.Marshal(map[string]any{"code": f.Code, "title": f.Title, "detail": f.Detail, "members": members, "broken": f.Broken, "after": f.RetryAfter})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What may pass is not kept: the next attempt goes on.
func TestWhatMayPassIsNoRefusal(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"the catalogue is away":   order.ErrCatalogueAway,
		"another attempt is on":   order.ErrInProgress,
		"nobody knows":            errors.Join(order.ErrUnsure, errDown),
		"down":                    errDown,
		"what cannot be kept":     order.ErrOutOfStock.With("unavailable", func() {}),
		"a fault of someone else": fault.New(fault.Conflict, "reservation-differs", "It differs."),
	} {
		s, p := placing()
		s.fail["reserve"] = err
		_, replayed, got := p.Place(t.Context(), keyed())
		if !errors.Is(got, err) || replayed || len(s.refusals) != 0 || s.said() != "begin reserve unlock" {
			t.Errorf("%s: %v, replayed %v, kept %+v, after %q", name, got, replayed, s.refusals, s.said())
		}
	}
}

func TestARefusalThatNobodyKnowsIsOurs(t *testing.T) {
	t.Parallel()
	for _, r := range []order.Refusal{{}, {Code: "order-not-found"}, {Code: "sold-out", Detail: "x"}} {
		if err := r.Err(); err == nil || fault.Of(err) != nil {
			t.Errorf("%+v comes back as %v, want no fault", r, err)
		}
	}
}
