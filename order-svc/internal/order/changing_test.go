package order_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

var reservation = uuid.MustParse("0197b0a0-0000-7000-8000-000000000001")

// changing returns a stage with order 5, which is aziza's.
func changing(status order.Status) (*stage, order.Changing) {
	s := &stage{order: order.Order{ID: 5, UserID: aziza.ID, Status: status, Notes: "ring twice", ReservationID: reservation}, fail: map[string]error{}}
	return s, order.Changing{Orders: s, Stock: s, Log: s.log()}
}

// everybody is who may come to an order.
var everybody = map[string]order.Actor{"its owner": aziza, "an administrator": boss, "an owner who is one": owning, "a stranger": stranger}

// Every pair of statuses for everybody: only administrators move orders, and each move has its effect on the stock, sold
// before the order is paid and returned after it has ended.
func TestAStatusMovesWithItsStock(t *testing.T) {
	t.Parallel()
	legal := map[[2]order.Status]string{
		{order.Pending, order.Paid}: "get sell change", {order.Pending, order.Cancelled}: "get change return", {order.Paid, order.Refunded}: "get change",
	}
	for _, from := range order.Statuses {
		for _, to := range order.Statuses {
			for who, actor := range everybody {
				calls, allowed := legal[[2]order.Status{from, to}]
				want := error(order.ErrTransition)
				switch {
				case actor == stranger:
					want = order.ErrNotFound
				case !actor.Admin:
					want = order.ErrStatusForbidden
				case allowed:
					want = nil
				}
				if want != nil {
					calls = "get"
				}
				s, c := changing(from)
				got, err := c.Update(t.Context(), actor, 5, order.Wish{Status: new(string(to))})
				if s.said() != calls || !errors.Is(err, want) {
					t.Errorf("%s moves %s to %s: %v, after %q, want %v after %q", who, from, to, err, s.said(), want, calls)
				}
				if want != nil {
					continue
				}
				made := order.Change{OrderID: 5, From: from, To: to, ActorID: &actor.ID, Reason: "set by an administrator"}
				if to == order.Cancelled {
					made.Return = reservation
				}
				if diff := cmp.Diff(made, s.change); diff != "" || got.Status != to {
					t.Errorf("%s moves %s to %s: answered %s (-want +got):\n%s", who, from, to, got.Status, diff)
				}
				for _, id := range s.ids {
					if id != reservation {
						t.Errorf("%s to %s touches the reservation %s", from, to, id)
					}
				}
			}
		}
	}
}

func TestCancellingIsForThePending(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{
		"its owner": "cancelled by the customer", "an owner who is one": "cancelled by the customer", "an administrator": "cancelled by an administrator",
	}
	for _, from := range order.Statuses {
		for who, actor := range everybody {
			s, c := changing(from)
			_, err := c.Cancel(t.Context(), actor, 5)
			switch {
			case actor == stranger:
				if !errors.Is(err, order.ErrNotFound) || s.said() != "get" {
					t.Errorf("%s cancels %s: %v, after %q", who, from, err, s.said())
				}
			case from != order.Pending:
				if !errors.Is(err, order.ErrTransition) || s.said() != "get" {
					t.Errorf("%s cancels %s: %v, after %q", who, from, err, s.said())
				}
			default:
				want := order.Change{OrderID: 5, From: order.Pending, To: order.Cancelled, ActorID: &actor.ID, Reason: reasons[who], Return: reservation}
				if diff := cmp.Diff(want, s.change); diff != "" || err != nil || s.said() != "get change return" {
					t.Errorf("%s cancels: %v, after %q (-want +got):\n%s", who, err, s.said(), diff)
				}
			}
		}
	}
}

func TestWhatAWishMaySay(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("ш", 1000)
	tests := map[string]struct {
		status       order.Status // of the order
		who          order.Actor
		notes, wants *string
		err          error
		broken       string
		calls        string
		kept         string // notes of the change
	}{
		"notes":              {order.Pending, aziza, new(" no rush "), nil, nil, "", "get change", "no rush"},
		"no notes":           {order.Pending, aziza, new("  "), nil, nil, "", "get change", ""},
		"longest notes":      {order.Pending, boss, new("\n" + longest + " "), nil, nil, "", "get change", longest},
		"too long":           {order.Pending, aziza, new(longest + "x"), nil, order.ErrInvalid, "/notes", "get", ""},
		"nothing":            {order.Pending, aziza, nil, nil, nil, "", "get", ""},
		"nothing, when paid": {order.Paid, aziza, nil, nil, nil, "", "get", ""},
		"notes, when paid":   {order.Paid, aziza, new("x"), nil, order.ErrNotPending, "", "get", ""},
		"notes, by boss":     {order.Expired, boss, new("x"), nil, order.ErrNotPending, "", "get", ""},
		"both":               {order.Pending, boss, new(" cash "), new("PAID"), nil, "", "get sell change", "cash"},
		"both, when paid":    {order.Paid, boss, new("x"), new("REFUNDED"), order.ErrNotPending, "", "get", ""},
		"no such status":     {order.Pending, boss, nil, new("SHIPPED"), order.ErrInvalid, "/status", "get", ""},
		"status in lower":    {order.Pending, boss, nil, new("paid"), order.ErrInvalid, "/status", "get", ""},
		"both wrong":         {order.Pending, boss, new(longest + "x"), new(""), order.ErrInvalid, "/notes /status", "get", ""},
		"by a stranger":      {order.Pending, stranger, new(longest + "x"), new(""), order.ErrNotFound, "", "get", ""},
		"as it is":           {order.Pending, boss, nil, new("PENDING"), order.ErrTransition, "", "get", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := changing(tt.status)
			o, err := c.Update(t.Context(), tt.who, 5, order.Wish{Notes: tt.notes, Status: tt.wants})
			if !errors.Is(err, tt.err) || broken(err) != tt.broken || s.said() != tt.calls {
				t.Fatalf("%+v, %v, after %q, want %v %q after %q", o, err, s.said(), tt.err, tt.broken, tt.calls)
			}
			if s.change.Notes != nil && *s.change.Notes != tt.kept || (s.change.Notes != nil) != (tt.err == nil && tt.notes != nil) {
				t.Errorf("changed to %+v, want the notes %q", s.change, tt.kept)
			}
			if tt.err == nil && o.ID != 5 {
				t.Errorf("answered %+v", o)
			}
		})
	}
}

// What fails on the way stops there, but an order that has ended has ended.
func TestAMoveThatFails(t *testing.T) {
	t.Parallel()
	pay := func(ctx context.Context, c order.Changing) (order.Order, error) {
		return c.Update(ctx, boss, 5, order.Wish{Status: new("PAID")})
	}
	cancel := func(ctx context.Context, c order.Changing) (order.Order, error) { return c.Cancel(ctx, aziza, 5) }
	tests := map[string]struct {
		do     func(context.Context, order.Changing) (order.Order, error)
		at     string
		err    error
		want   error
		calls  string
		logged string
	}{
		"reading":                 {pay, "get", errDown, errDown, "get", ""},
		"selling what is gone":    {pay, "sell", order.ErrStockGone, order.ErrStockGone, "get sell", ""},
		"selling, nobody there":   {pay, "sell", order.ErrCatalogueAway, order.ErrCatalogueAway, "get sell", ""},
		"paying, ended meanwhile": {pay, "change", order.ErrTransition, order.ErrTransition, "get sell change", ""},
		"paying, down":            {pay, "change", errDown, errDown, "get sell change", ""},
		"cancelling, meanwhile":   {cancel, "change", order.ErrTransition, order.ErrTransition, "get change", ""},
		"cancelling, down":        {cancel, "change", errDown, errDown, "get change", ""},
		"returning":               {cancel, "return", order.ErrCatalogueAway, nil, "get change return", "level=WARN"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, c := changing(order.Pending)
			s.fail[tt.at] = tt.err
			o, err := tt.do(t.Context(), c)
			if !errors.Is(err, tt.want) || s.said() != tt.calls || (err == nil) != (o.ID == 5) {
				t.Errorf("%+v, %v, after %q, want %v after %q", o, err, s.said(), tt.want, tt.calls)
			}
			if log := s.lines.String(); !strings.Contains(log, tt.logged) || (log == "") != (tt.logged == "") {
				t.Errorf("logged %q, want %q", log, tt.logged)
			}
		})
	}
}

// Who cancels and leaves gives the stock back all the same.
func TestStockIsReturnedThoughTheCallerHasGone(t *testing.T) {
	t.Parallel()
	s, c := changing(order.Pending)
	ctx, leave := context.WithCancel(t.Context())
	s.then = map[string]func(){"change": leave}
	if o, err := c.Cancel(ctx, aziza, 5); err != nil || o.Status != order.Cancelled || s.said() != "get change return" || s.lines.Len() > 0 {
		t.Errorf("%+v, %v, after %q, logged %q", o, err, s.said(), s.lines.String())
	}
}

func TestReadingIsForWhoMaySee(t *testing.T) {
	t.Parallel()
	for who, actor := range everybody {
		s, c := changing(order.Paid)
		o, err := c.Get(t.Context(), actor, 5)
		events, historyErr := c.History(t.Context(), actor, 5)
		want, calls := error(nil), "get get history"
		if actor == stranger {
			want, calls = order.ErrNotFound, "get get"
		}
		if !errors.Is(err, want) || !errors.Is(historyErr, want) || s.said() != calls || (want == nil) != (len(events) == 1 && o.ID == 5) {
			t.Errorf("%s reads %+v, %v and %+v, %v, after %q, want %v after %q", who, o, err, events, historyErr, s.said(), want, calls)
		}
	}
	for _, at := range []string{"get", "history"} {
		s, c := changing(order.Paid)
		s.fail[at] = errDown
		if _, err := c.History(t.Context(), aziza, 5); !errors.Is(err, errDown) {
			t.Errorf("failing at %s: %v", at, err)
		}
	}
}
