package order_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func line(slipper, quantity int64, notes string) order.Line {
	return order.Line{SlipperID: slipper, Quantity: quantity, Notes: notes}
}

func TestEqualSlippersAreSummed(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ sent, want []order.Line }{
		"from the cart":   {nil, nil},
		"by their ids":    {[]order.Line{line(9, 1, ""), line(2, 1, ""), line(5, 1, "")}, []order.Line{line(2, 1, ""), line(5, 1, ""), line(9, 1, "")}},
		"up to the most":  {[]order.Line{line(1, 1, ""), line(1, 498, ""), line(1, 1, "")}, []order.Line{line(1, 500, "")}},
		"notes of one":    {[]order.Line{line(1, 1, ""), line(1, 1, "red"), line(1, 1, " ")}, []order.Line{line(1, 3, "red")}},
		"notes of both":   {[]order.Line{line(1, 1, " red"), line(2, 1, "blue"), line(1, 1, "wrap it ")}, []order.Line{line(1, 2, "red; wrap it"), line(2, 1, "blue")}},
		"a hundred times": {slices.Repeat([]order.Line{line(7, 5, "")}, 100), []order.Line{line(7, 500, "")}},
	}
	for name, tt := range tests {
		before := slices.Clone(tt.sent)
		r, err := order.NewRequest(aziza, tt.sent, nil, nil)
		want := order.Request{Buyer: aziza, Lines: tt.want}
		if diff := cmp.Diff(want, r) + cmp.Diff(before, tt.sent); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// A line is blamed for what it breaks itself, and once: not for what a line before it has broken.
func TestABrokenSumIsBlamedOnTheLineThatBrokeIt(t *testing.T) {
	t.Parallel()
	x := strings.Repeat("x", 200)
	tests := map[string]struct {
		sent []order.Line
		want string
	}{
		"the third":         {[]order.Line{line(1, 250, ""), line(1, 250, ""), line(1, 1, "")}, "/items/2/quantity"},
		"the second alone":  {[]order.Line{line(1, 500, ""), line(1, 1, ""), line(1, 1, "")}, "/items/1/quantity"},
		"none after a bad":  {[]order.Line{line(1, 501, ""), line(1, 1, "")}, "/items/0/quantity"},
		"of the same":       {[]order.Line{line(1, 300, ""), line(2, 300, ""), line(2, 201, "")}, "/items/2/quantity"},
		"longest notes":     {slices.Repeat([]order.Line{line(1, 1, x[:198])}, 5), ""},
		"the longest again": {append(slices.Repeat([]order.Line{line(1, 1, x[:198])}, 5), line(1, 1, "x")), "/items/5/notes"},
		"only the hundred":  {append(slices.Repeat([]order.Line{line(1, 1, "")}, 100), line(0, 0, "")), "/items"},
	}
	for name, tt := range tests {
		if _, err := order.NewRequest(aziza, tt.sent, nil, nil); broken(err) != tt.want {
			t.Errorf("%s: %v names %q, want %q", name, err, broken(err), tt.want)
		}
	}
}
