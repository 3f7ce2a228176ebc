package order_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// broken returns the pointers that a fault names.
func broken(err error) string {
	var all []string
	if f := fault.Of(err); f != nil {
		for _, b := range f.Broken {
			all = append(all, b.Pointer)
		}
	}
	return strings.Join(all, " ")
}

// Every pair of statuses, for everybody: what is not in this table is refused.
func TestTheLifeOfAnOrder(t *testing.T) {
	t.Parallel()
	type move struct{ from, to order.Status }
	legal := map[move]map[order.Role]order.Effect{
		{order.Pending, order.Paid}:      {order.Admin: order.SellStock, order.System: order.SellStock},
		{order.Pending, order.Cancelled}: {order.Owner: order.ReturnStock, order.Admin: order.ReturnStock},
		{order.Pending, order.Expired}:   {order.System: order.ReturnStock},
		{order.Paid, order.Refunded}:     {order.Admin: order.KeepStock, order.System: order.KeepStock},
	}
	for _, from := range order.Statuses {
		for _, to := range order.Statuses {
			for _, role := range []order.Role{order.Owner, order.Admin, order.System} {
				effect, allowed := legal[move{from, to}][role]
				step, err := order.Order{Status: from}.StepTo(to, role)
				switch {
				case allowed && (err != nil || step.Effect != effect || step.From != from || step.To != to):
					t.Errorf("%s to %s by %d: %+v, %v", from, to, role, step, err)
				case !allowed && !errors.Is(err, order.ErrTransition):
					t.Errorf("%s to %s by %d is allowed: %+v, %v", from, to, role, step, err)
				}
			}
		}
	}
	if _, err := (order.Order{Status: order.Pending}).StepTo(order.Cancelled); !errors.Is(err, order.ErrTransition) {
		t.Error("nobody at all may cancel")
	}
}

func TestLinesOfOneSlipperBecomeOne(t *testing.T) {
	t.Parallel()
	r, err := order.NewRequest(order.Actor{ID: 7}, []order.Line{
		{SlipperID: 9, Quantity: 1, Notes: " wrap it "}, {SlipperID: 3, Quantity: 2}, {SlipperID: 9, Quantity: 4, Notes: "red"}, {SlipperID: 3, Quantity: 498},
	}, new(" ring twice "), new(money.Amount(100)))
	want := order.Request{
		Buyer: order.Actor{ID: 7}, Notes: "ring twice", ExpectedTotal: new(money.Amount(100)),
		Lines: []order.Line{{SlipperID: 3, Quantity: 500}, {SlipperID: 9, Quantity: 5, Notes: "wrap it; red"}},
	}
	if diff := cmp.Diff(want, r); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestRequestRules(t *testing.T) {
	t.Parallel()
	one := order.Line{SlipperID: 1, Quantity: 1}
	many := func(n int, quantity int64) (lines []order.Line) {
		for i := range n {
			lines = append(lines, order.Line{SlipperID: int64(i + 1), Quantity: quantity})
		}
		return lines
	}
	tests := map[string]struct {
		lines    []order.Line
		notes    string
		expected money.Amount
		want     string
	}{
		"sound":                {[]order.Line{one}, "", 0, ""},
		"from the cart":        {nil, "", 0, ""},
		"longest":              {many(100, 500), strings.Repeat("ш", 1000), 0, ""},
		"no lines":             {[]order.Line{}, "", 0, "/items"},
		"too many lines":       {many(101, 1), "", 0, "/items"},
		"no slipper":           {[]order.Line{one, {SlipperID: 0, Quantity: 1}}, "", 0, "/items/1/slipper_id"},
		"negative slipper":     {[]order.Line{{SlipperID: -1, Quantity: 1}}, "", 0, "/items/0/slipper_id"},
		"none of it":           {[]order.Line{{SlipperID: 1}}, "", 0, "/items/0/quantity"},
		"too many of it":       {[]order.Line{{SlipperID: 1, Quantity: 501}}, "", 0, "/items/0/quantity"},
		"too many in all":      {[]order.Line{{SlipperID: 1, Quantity: 500}, one}, "", 0, "/items/1/quantity"},
		"an overflow":          {[]order.Line{{SlipperID: 1, Quantity: 1<<63 - 1}, one}, "", 0, "/items/0/quantity"},
		"long line notes":      {[]order.Line{{SlipperID: 1, Quantity: 1, Notes: strings.Repeat("x", 201)}}, "", 0, "/items/0/notes"},
		"notes that add up":    {slices.Repeat([]order.Line{{SlipperID: 1, Quantity: 1, Notes: strings.Repeat("x", 200)}}, 5), "", 0, "/items/4/notes"},
		"long notes":           {nil, strings.Repeat("ш", 1001), 0, "/notes"},
		"a negative total":     {nil, "", -1, "/expected_total"},
		"everything at once":   {[]order.Line{{}}, strings.Repeat("x", 1001), -1, "/notes /expected_total /items/0/slipper_id /items/0/quantity"},
		"spaces do not matter": {nil, strings.Repeat(" ", 2000), 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := order.NewRequest(order.Actor{ID: 7}, tt.lines, &tt.notes, &tt.expected); broken(err) != tt.want {
				t.Errorf("broken: %q (%v), want %q", broken(err), err, tt.want)
			}
		})
	}
}
