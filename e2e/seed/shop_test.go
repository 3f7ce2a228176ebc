package seed

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func smallShop(orders int) *shop {
	return newShop(Options{Slippers: 300, Orders: orders, Users: 20, Seed: 7, Now: time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)})
}

func TestMoreOrdersLeaveTheSlippersAsTheyWere(t *testing.T) {
	t.Parallel()
	few, many := smallShop(10), smallShop(1000)
	for i := range few.slippers {
		a, b := few.slippers[i], many.slippers[i]
		a.sold, a.returned, b.sold, b.returned = 0, 0, 0, 0
		if a != b {
			t.Fatalf("slipper %d is %+v with few orders and %+v with many", i, a, b)
		}
	}
	if !reflect.DeepEqual(few.users, many.users) {
		t.Error("the users differ")
	}
}

func TestArticlesAreForSaleOnce(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	empty := 0
	for _, s := range smallShop(0).slippers {
		if seen[s.name+s.size] {
			t.Errorf("%s in %s is there twice", s.name, s.size)
		}
		seen[s.name+s.size] = true
		if s.price < 49_000_00 || s.price > 890_000_00 || s.price%1000_00 != 0 {
			t.Errorf("%s costs %d tiyin, want 49 000 to 890 000 sum in whole thousands", s.name, s.price)
		}
		if len([]rune(s.name)) > 100 || strings.TrimSpace(s.name) != s.name {
			t.Errorf("the name %q is not one a shop would take", s.name)
		}
		if s.left == 0 {
			empty++
		}
	}
	if empty < 5 || empty > 80 {
		t.Errorf("%d of 300 slippers are sold out, want some", empty)
	}
}

// A large shop opens no later than a small one: its first order may be for any of its slippers, by any of its users.
func TestALargeShopIsStockedBeforeItSells(t *testing.T) {
	t.Parallel()
	s := newShop(Options{Slippers: 20_000, Users: 10_000, Orders: 1, Seed: 7, Now: time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)})
	for i, p := range s.slippers {
		if p.created.After(s.orders[0].created) || i > 0 && !p.created.After(s.slippers[i-1].created) {
			t.Fatalf("slipper %d came in at %v", i+1, p.created)
		}
	}
	for i, u := range s.users {
		if u.created.After(s.orders[0].created) || i > 0 && !u.created.After(s.users[i-1].created) {
			t.Fatalf("user %d registered at %v", i+2, u.created)
		}
	}
}

func TestOrdersComeInOrderAndEndBeforeNow(t *testing.T) {
	t.Parallel()
	s := smallShop(5000)
	counts := make(map[status]int)
	before := time.Time{}
	for i, o := range s.orders {
		counts[o.status]++
		if o.created.Before(before) {
			t.Fatalf("order %d was placed before the one before it", i+1)
		}
		before = o.created
		if o.settled.Before(o.created) || o.updated().After(s.now) || o.created.Before(s.users[o.user].created) {
			t.Fatalf("order %d has impossible times: %+v", i+1, o)
		}
		if len(o.lines) == 0 || o.total() <= 0 {
			t.Fatalf("order %d is empty", i+1)
		}
		for j, l := range o.lines {
			if indexOf(o.lines, l.slipper) != j {
				t.Fatalf("order %d has slipper %d on two lines", i+1, l.slipper+1)
			}
			if o.created.Before(s.slippers[l.slipper].created) {
				t.Fatalf("order %d sold slipper %d before it came in", i+1, l.slipper+1)
			}
		}
	}
	for _, st := range []status{paid, cancelled, expired, refunded} {
		if counts[st] < 100 {
			t.Errorf("%d of 5000 orders are %s, want a plausible mix: %v", counts[st], st, counts)
		}
	}
}
