package catalogue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/order-svc/internal/catalogue"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// shelf is a catalog-svc whose slippers cost what its last write said. There is no slipper 9 before it is made.
type shelf struct {
	price, calls atomic.Int64
	made, down   atomic.Bool
}

func (s *shelf) serve(w http.ResponseWriter, r *http.Request) {
	s.calls.Add(1)
	if s.down.Load() {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	var items []string
	for id := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
		if id != "9" || s.made.Load() {
			items = append(items, fmt.Sprintf(`{"id":%s,"name":"Felt","size":"38","price":%d.50,"quantity":3,"image":"/x.jpg","is_available":true}`, id, s.price.Load()))
		}
	}
	_, _ = io.WriteString(w, `{"items":[`+strings.Join(items, ",")+`]}`)
}

// The slippers of a cart are copies until one of them is bumped, or all are. What is not there is asked for each time.
func TestTheSlippersOfACartAreCopies(t *testing.T) {
	t.Parallel()
	s, rdb := &shelf{}, testkit.NewOwnRedis(t)
	reg := prometheus.NewRegistry()
	all, err := cache.Open(cache.Setup{
		Config: cache.Config{Bytes: 1 << 20, Slots: 64}, Batch: batch.New(rdb.Client, reg), Redis: rdb.Client, Registry: reg, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	c := catalogue.NewCached(client(t, s.serve), all)
	look := func(what string, loads int64, ids ...int64) []order.Slipper {
		t.Helper()
		before := s.calls.Load()
		got, err := c.Slippers(t.Context(), ids)
		if n := s.calls.Load() - before; err != nil || n != loads {
			t.Errorf("%s: %d calls, %v, want %d", what, n, err, loads)
		}
		return got
	}
	bump := func(tags ...string) {
		t.Helper()
		s.price.Add(1)
		if err := stamp.Bump(context.WithoutCancel(t.Context()), rdb.Client, tags...); err != nil {
			t.Fatal(err)
		}
	}
	costs := func(got []order.Slipper, price int64) {
		t.Helper()
		for _, g := range got {
			if int64(g.Price) != price*100+50 || g.Name != "Felt" || g.Size != "38" || g.Quantity != 3 || *g.Image != "/x.jpg" || !g.IsAvailable {
				t.Errorf("got %+v, want it for %d.50", g, price)
			}
		}
	}
	look("a first time", 1, 7, 8)
	if got := look("in another order, and twice", 0, 8, 7, 7); len(got) != 2 {
		t.Errorf("got %+v", got)
	}
	look("another cart", 1, 7)
	look("a third", 1, 8)
	look("the other again", 0, 7)
	bump("slipper:8")
	costs(look("after a change", 1, 7, 8), 1)
	costs(look("a copy of it", 0, 7, 8), 1)
	costs(look("a cart without it", 0, 7), 0)
	bump("slipper")
	costs(look("after a change of all", 1, 7), 2)
	bump("slippers", "slipper:1")
	costs(look("after a change of others", 0, 7), 2)

	for range 2 {
		if got := look("one that is not there", 1, 7, 9); len(got) != 1 || got[0].ID != 7 {
			t.Errorf("got %+v", got)
		}
	}
	s.made.Store(true) // bumps nothing of its own
	if got := look("one that is there now", 1, 7, 9); len(got) != 2 {
		t.Errorf("got %+v", got)
	}

	s.down.Store(true)
	costs(look("a copy while catalog-svc is down", 0, 7), 2)
	if _, err := c.Slippers(t.Context(), []int64{5}); !errors.Is(err, order.ErrCatalogueAway) {
		t.Errorf("what is no copy, meanwhile: %v", err)
	}
	s.down.Store(false)
	rdb.Away.Store(true)
	costs(look("without Redis", 1, 7), 3)
}
