package order_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func TestACartTokenIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	one, other := order.NewCartToken(), order.NewCartToken()
	if one == other || one == (order.CartToken{}) || string(one.Hash()) == string(other.Hash()) || len(one.Hash()) != 32 {
		t.Errorf("%s and %s, with the hashes %x and %x", one, other, one.Hash(), other.Hash())
	}
	s := one.String()
	if again, err := order.ParseCartToken(s); again != one || err != nil || len(s) != 43 {
		t.Errorf("%s is read as %s, %v", s, again, err)
	}
	for _, bad := range []string{
		"", " ", "x", s[1:], s + "A", s + "=", " " + s, s + "\n", s[:20] + "\r\n" + s[20:], "+" + s[1:], "/" + s[1:], strings.Repeat("é", 43),
		strings.Repeat("A", 42) + "B", // the same bytes are written with an A
	} {
		if _, err := order.ParseCartToken(bad); !errors.Is(err, order.ErrCartToken) {
			t.Errorf("%q was read: %v", bad, err)
		}
	}
}

// A token that names a cart is never one that a client has chosen.
func TestAGuestWithoutACartGetsOne(t *testing.T) {
	t.Parallel()
	known := order.NewCartToken()
	for name, tt := range map[string]struct {
		who   order.Holder
		fail  map[string]error
		err   error
		made  bool
		calls string
	}{
		"a user":                 {hers, nil, nil, false, "slippers add cart slippers"},
		"a guest with a cart":    {order.Holder{Token: known}, nil, nil, false, "slippers add cart slippers"},
		"a guest without":        {order.Holder{}, nil, nil, true, "slippers open cart slippers"},
		"a guest, not any more":  {order.Holder{Token: known}, map[string]error{"add": order.ErrCartGone}, nil, true, "slippers add open cart slippers"},
		"a guest with a full":    {order.Holder{Token: known}, map[string]error{"add": order.ErrCartFull}, order.ErrCartFull, false, "slippers add"},
		"nobody can make it":     {order.Holder{}, map[string]error{"open": errDown}, errDown, true, "slippers open"},
		"a slipper is not there": {order.Holder{}, map[string]error{"slippers": order.ErrCatalogueAway}, order.ErrCatalogueAway, false, "slippers"},
	} {
		s, shop := shopping()
		s.slippers, s.basket.Lines, s.fail = s.slippers[1:], s.basket.Lines[:1], tt.fail
		_, made, err := shop.Add(t.Context(), tt.who, 3, 1)
		if !errors.Is(err, tt.err) || (made != order.CartToken{}) != tt.made || made == known || s.said() != tt.calls {
			t.Errorf("%s: token %s, %v, after %q, want %v after %q", name, made, err, s.said(), tt.err, tt.calls)
		}
		if n := len(s.owners); tt.made && err == nil && (s.owners[n-1].Token != made || s.owners[n-2].Token != made) {
			t.Errorf("%s: the carts are %v, and the token is %s", name, s.owners, made)
		}
	}
}

func TestAUserWithATokenMerges(t *testing.T) {
	t.Parallel()
	guest := order.NewCartToken()
	for name, tt := range map[string]struct {
		user   int64
		token  order.CartToken
		want   order.Holder
		merged []order.Holder
	}{
		"nobody":            {0, order.CartToken{}, order.Holder{}, nil},
		"a guest":           {0, guest, order.Holder{Token: guest}, nil},
		"a user":            {7, order.CartToken{}, hers, nil},
		"who was a guest":   {7, guest, hers, []order.Holder{{User: 7, Token: guest}}},
		"who is not merged": {8, guest, order.Holder{User: 8}, []order.Holder{{User: 8, Token: guest}}},
	} {
		s, shop := shopping()
		if tt.user == 8 {
			s.fail = map[string]error{"merge": errDown}
		}
		got, err := shop.Holder(t.Context(), tt.user, tt.token)
		if diff := cmp.Diff(tt.merged, s.owners); diff != "" || got != tt.want || errors.Is(err, errDown) != (tt.user == 8) {
			t.Errorf("%s: %v, %v (-want +got):\n%s", name, got, err, diff)
		}
	}
}
