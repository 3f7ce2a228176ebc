package catalogue_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/order-svc/internal/catalogue"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

var (
	id      = uuid.MustParse("0197b0a0-0000-7000-8000-000000000001")
	expires = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	lines   = []order.Line{{SlipperID: 7, Quantity: 2, Notes: "ours alone"}}
)

func client(t *testing.T, h http.HandlerFunc) *catalogue.Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return catalogue.New(catalogue.Config{URL: s.URL + "/", Timeout: 200 * time.Millisecond}, "between us")
}

func TestReserveSaysWhatItMeans(t *testing.T) {
	t.Parallel()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		const want = `{"expires_at":"2026-03-01T12:00:00Z","lines":[{"slipper_id":7,"quantity":2}]}`
		if r.Method+" "+r.URL.Path != "PUT /internal/reservations/"+id.String() || strings.TrimSpace(string(body)) != want ||
			r.Header.Get("Authorization") != "Bearer between us" {
			t.Errorf("%s %s %s %v", r.Method, r.URL, body, r.Header)
		}
		_, _ = io.WriteString(w, `{"id":"`+id.String()+`","state":"held","expires_at":"2026-03-01T12:00:00Z","lines":[
			{"slipper_id":7,"quantity":2,"price":129000.50,"name":"Felt","size":"38","image":null,"fiscal":{"spic":"06404001001000000","package_code":"2","vat":true}},
			{"slipper_id":8,"quantity":1,"price":1,"name":"Clog","size":"44","image":null,"fiscal":null}]}`)
	})
	got, err := c.Reserve(t.Context(), id, expires, lines)
	want := []order.Reserved{
		{SlipperID: 7, Quantity: 2, Price: 12_900_050, Name: "Felt", Size: "38", Fiscal: &order.Fiscal{SPIC: "06404001001000000", PackageCode: "2", VAT: true}},
		{SlipperID: 8, Quantity: 1, Price: 100, Name: "Clog", Size: "44"},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// catalog-svc refuses more than a hundred ids at once, and a merged cart may have more.
func TestMoreSlippersThanAreAnsweredAtOnce(t *testing.T) {
	t.Parallel()
	var calls []int
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		ids := strings.Split(r.URL.Query().Get("ids"), ",")
		calls = append(calls, len(ids))
		_, _ = io.WriteString(w, `{"items":[{"id":`+ids[0]+`,"name":"Felt","size":"38","price":1,"quantity":1,"image":null,"is_available":true}]}`)
	})
	ids := make([]int64, 150)
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	found, err := c.Slippers(t.Context(), ids)
	if err != nil || !slices.Equal(calls, []int{100, 50}) || len(found) != 2 || found[0].ID != 1 || found[1].ID != 101 {
		t.Errorf("%+v, %v after calls of %v", found, err, calls)
	}
}

// What comes back from the catalogue, and what it means here.
func TestAnswersOfTheCatalogue(t *testing.T) {
	t.Parallel()
	problem := func(code, more string) string {
		return `{"type":"/problems/` + code + `","title":"x","status":0,"detail":"x","instance":"i"` + more + `}`
	}
	for name, tt := range map[string]struct {
		status int
		body   string
		want   map[string]error // by call; nil is any other error
	}{
		"out of stock": {
			409, problem("out-of-stock", `,"unavailable":[{"slipper_id":7,"requested":2,"available":1}]`),
			map[string]error{"reserve": order.ErrOutOfStock},
		},
		"released":     {409, problem("reservation-released", ""), map[string]error{"reserve": order.ErrReleased, "sell": order.ErrStockGone}},
		"sold":         {409, problem("reservation-sold", ""), map[string]error{"release": nil}},
		"down":         {503, problem("database-unavailable", ""), map[string]error{"reserve": order.ErrCatalogueAway, "sell": order.ErrCatalogueAway, "release": order.ErrCatalogueAway, "slippers": order.ErrCatalogueAway}},
		"broken":       {500, `<html>`, map[string]error{"reserve": order.ErrCatalogueAway, "sell": order.ErrCatalogueAway, "release": order.ErrCatalogueAway, "slippers": order.ErrCatalogueAway}},
		"garbled":      {200, `{"lines":[`, map[string]error{"reserve": order.ErrCatalogueAway, "slippers": order.ErrCatalogueAway}},
		"not for us":   {404, `{}`, map[string]error{"reserve": nil, "sell": nil, "release": nil, "slippers": nil}},
		"our own slip": {422, problem("reservation-invalid", ""), map[string]error{"reserve": nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := client(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			for call, want := range tt.want {
				err := calls(t.Context(), c)[call]()
				if err == nil || want != nil && !errors.Is(err, want) {
					t.Errorf("%s: %v, want %v", call, err, want)
				}
				if want == nil && fault.Of(err) != nil {
					t.Errorf("%s: a client would read %v", call, err)
				}
				if errors.Is(err, order.ErrOutOfStock) {
					b, _ := json.Marshal(fault.Of(err).Members)
					if string(b) != `{"unavailable":[{"slipper_id":7,"requested":2,"available":1}]}` {
						t.Errorf("what is left: %s", b)
					}
				}
			}
		})
	}
}

func calls(ctx context.Context, c *catalogue.Client) map[string]func() error {
	return map[string]func() error{
		"reserve":  func() error { _, err := c.Reserve(ctx, id, expires, lines); return err },
		"sell":     func() error { return c.Sell(ctx, id) },
		"release":  func() error { return c.Release(ctx, id) },
		"return":   func() error { return c.Return(ctx, id) },
		"slippers": func() error { _, err := c.Slippers(ctx, []int64{7}); return err },
	}
}

// A catalogue that hangs, and one that is not there, cost no more than the time-out.
func TestACatalogueThatHangsIsAway(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	hangs := client(t, func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-end:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(end) }) // before the server waits for its handlers
	nowhere := catalogue.New(catalogue.Config{URL: "http://127.0.0.1:1", Timeout: 200 * time.Millisecond}, "x")
	for _, c := range []*catalogue.Client{hangs, nowhere} {
		for name, call := range calls(t.Context(), c) {
			if err := call(); !errors.Is(err, order.ErrCatalogueAway) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestSlippersAsksForAllAtOnce(t *testing.T) {
	t.Parallel()
	c := client(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "ids=7,8" {
			t.Errorf("asked for %s", r.URL)
		}
		_, _ = io.WriteString(w, `{"items":[{"id":8,"name":"Felt","size":"38","price":1.00,"quantity":3,"image":"/static/x.jpg","is_available":true}]}`)
	})
	got, err := c.Slippers(t.Context(), []int64{7, 8})
	if err != nil || len(got) != 1 || got[0].ID != 8 || got[0].Price != 100 || *got[0].Image != "/static/x.jpg" || !got[0].IsAvailable {
		t.Errorf("got %+v, %v", got, err)
	}
}
