package httpapi_test

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/order-svc/internal/httpapi"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

const secret = "between us"

var (
	long  = time.Date(2026, 3, 1, 12, 0, 0, 123_456_000, time.UTC)
	felt  = order.Slipper{ID: 3, Name: "Felt slipper", Size: "38-39", Price: 12_900_000, Quantity: 4, Image: new("/static/slippers/3/a.png"), IsAvailable: true}
	mine  = order.BasketLine{ID: 11, SlipperID: felt.ID, Quantity: 2}
	first = order.Order{
		ID: 5, OrderID: 5, UserID: 7, UserName: "Aziza Karimova", Status: order.Pending, TotalAmount: 25_800_000, Notes: "ring twice",
		CreatedAt: long, UpdatedAt: long, Items: []order.Item{{
			ID: 9, SlipperID: felt.ID, Quantity: 2, UnitPrice: 12_900_000, TotalPrice: 25_800_000, Notes: "wrap it",
			Name: felt.Name, Size: felt.Size, Image: felt.Image,
		}},
		ExpiresAt: new(time.Now().Add(time.Hour)),
	}
)

// shop is every store and the catalogue at once: it sells felt, the one cart in it has mine, and its one order is first,
// which is aziza's. It counts what would have been stored or reserved.
type shop struct {
	err       error // of whatever is done to a store
	catalogue error // of whatever catalog-svc is asked
	price     money.Amount
	status    order.Status // of first
	lines     []order.BasketLine
	token     order.CartToken // of the guest whose cart it is too
	merged    []order.Holder  // that were asked for, in turn

	keyErr error // of whoever begins with a key
	done   *order.Outcome

	writes int
	keys   []order.Key // that were begun
	placed order.Request
	filter order.Filter // of the last list
	page   page.Request

	bank *bank
}

func (s *shop) wrote() error {
	if s.err == nil {
		s.writes++
	}
	return s.err
}

func (s *shop) Slippers(_ context.Context, ids []int64) ([]order.Slipper, error) {
	if !slices.Contains(ids, felt.ID) || s.catalogue != nil {
		return nil, s.catalogue
	}
	return []order.Slipper{felt}, nil
}

func (s *shop) Reserve(_ context.Context, _ uuid.UUID, _ time.Time, lines []order.Line) ([]order.Reserved, error) {
	if s.catalogue != nil {
		return nil, s.catalogue
	}
	taken := make([]order.Reserved, len(lines))
	for i, l := range lines {
		taken[i] = order.Reserved{SlipperID: l.SlipperID, Quantity: l.Quantity, Price: s.price, Name: felt.Name, Size: felt.Size, Image: felt.Image}
	}
	return taken, s.wrote()
}

func (s *shop) Return(context.Context, uuid.UUID) error { return s.catalogue }

func (s *shop) Release(context.Context, uuid.UUID) error { return s.catalogue }

func (s *shop) Sell(context.Context, uuid.UUID) error { return s.catalogue }

func (s *shop) Begin(_ context.Context, r order.Request, reservation uuid.UUID) (order.Intent, error) {
	if s.keyErr != nil {
		return order.Intent{}, s.keyErr
	}
	s.keys = append(s.keys, *r.Key)
	lines := r.Lines
	for _, l := range s.lines {
		if r.Lines == nil {
			lines = append(lines, order.Line{SlipperID: l.SlipperID, Quantity: l.Quantity})
		}
	}
	return order.Intent{ReservationID: reservation, Lines: lines, Done: s.done}, s.wrote()
}

func (s *shop) Renew(context.Context, order.Request, uuid.UUID, uuid.UUID) error { return s.wrote() }

func (s *shop) Refuse(context.Context, order.Request, uuid.UUID, order.Refusal) error {
	return s.wrote()
}

func (s *shop) Unlock(context.Context, order.Request, uuid.UUID) error { return s.wrote() }

func (s *shop) Place(_ context.Context, o order.Order, _ time.Time, r order.Request) (order.Order, error) {
	s.placed = r
	o.ID, o.OrderID, o.CreatedAt, o.UpdatedAt = first.ID, first.ID, long, long
	for i := range o.Items {
		o.Items[i].ID = int64(i + 1)
	}
	return o, s.wrote()
}

func (s *shop) Get(_ context.Context, id int64) (order.Order, error) {
	if id != first.ID {
		return order.Order{}, order.ErrNotFound
	}
	o := first
	o.Status = s.status
	return o, s.err
}

func (s *shop) Change(_ context.Context, c order.Change) (order.Order, error) {
	o := first
	o.Status = c.To
	if c.Notes != nil {
		o.Notes = *c.Notes
	}
	return o, s.wrote()
}

func (s *shop) History(context.Context, int64) ([]order.Event, error) {
	events := []order.Event{
		{CreatedAt: long, Actor: "customer", ActorID: new(int64(7)), To: order.Pending, Reason: "placed"},
		{CreatedAt: long, Actor: "system", From: new(order.Pending), To: order.Expired, Reason: "not paid in time"},
	}
	if s.status == order.Cancelled {
		events[1] = order.Event{CreatedAt: long, Actor: "customer", ActorID: new(int64(7)), From: new(order.Pending), To: order.Cancelled}
	}
	return events, s.err
}

func (s *shop) List(_ context.Context, f order.Filter, r page.Request) ([]order.Order, int64, error) {
	s.filter, s.page = f, r
	return slices.Repeat([]order.Order{first}, min(r.Rows(), max(0, 3-int(r.Skip)))), 3, s.err
}

// under is an API under test: its routes over a shop.
type under struct {
	*echo.Echo
	shop   *shop
	bearer map[string]string // Authorization headers
}

func serve(t *testing.T, changes ...func(*shop)) under {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	cursors, err := page.NewCursors("x")
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{price: felt.Price, status: order.Pending, lines: []order.BasketLine{mine}}
	s.bank = &bank{shop: s, state: payment.New}
	for _, change := range changes {
		if change != nil {
			change(s)
		}
	}
	issued, log := token.Config{Issuer: "slippers", Audience: "slippers"}, slog.New(slog.DiscardHandler)
	e := httpserver.New(httpserver.Config{RequestTimeout: time.Minute}, log, prometheus.NewRegistry())
	changing := order.Changing{Orders: s, Stock: s, Log: log}
	limits := payment.Limits{Most: 1_000_000_000, Least: 1_300_000}
	refunding := payment.Refunding{Limits: limits, Money: s.bank, Provider: octo{s.bank}, Log: log}
	httpapi.Register(e, httpapi.API{
		Shopping: order.Shopping{Carts: s, Catalogue: s},
		Placing:  order.Placing{Stock: s, Carts: s, Orders: s, Keys: s, TTL: time.Hour, Log: log},
		Changing: changing,
		Orders:   s,
		Facts:    testkit.Facts(),
		Verifier: token.NewVerifierWith(issued, func(*jwt.Token) (any, error) { return public, nil }),
		Cursors:  cursors, Secret: secret,

		Paying:    payment.Paying{Orders: changing, Attempts: s.bank, Provider: octo{s.bank}, Log: log},
		Settling:  payment.Settling{Books: s.bank, Orders: s, Stock: s, Provider: octo{s.bank}, Refunds: refunding, Log: log},
		Refunding: refunding, Payments: s.bank, Notices: s.bank, Calls: s.bank, Jobs: jobs{s.bank},
	})
	u := under{Echo: e, shop: s, bearer: map[string]string{"nobody": "", "forgotten": "Bearer nonsense", "basic": "Basic YTpi", "service": "Bearer " + secret}}
	for who, claims := range map[string]token.Claims{
		"user":     {RegisteredClaims: jwt.RegisteredClaims{Subject: "7"}, Name: "Aziza Karimova"},
		"stranger": {RegisteredClaims: jwt.RegisteredClaims{Subject: "8"}, Name: "Zuhra Alimova"},
		"admin":    {RegisteredClaims: jwt.RegisteredClaims{Subject: "1"}, Name: "Botir Alimov", Admin: true},
	} {
		claims.SessionID, claims.Issuer, claims.Audience = "s", issued.Issuer, jwt.ClaimStrings{issued.Audience}
		claims.ExpiresAt = jwt.NewNumericDate(time.Now().Add(time.Minute))
		tok := jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims)
		tok.Header["typ"] = token.Type
		raw, err := tok.SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		u.bearer[who] = "Bearer " + raw
	}
	return u
}

// request makes "GET /path" as who, with "Header: value" lines.
func (u under) request(t *testing.T, request, who, body string, headers ...string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	u.as(t, r, who)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if i > 0 && strings.HasPrefix(headers[i-1], name+": ") {
			r.Header.Add(name, value) // the same one again
			continue
		}
		r.Header.Set(name, value)
	}
	return r
}

// as gives r the credential of who.
func (u under) as(t *testing.T, r *http.Request, who string) {
	t.Helper()
	bearer, known := u.bearer[who]
	if !known {
		t.Fatalf("nobody is called %q", who)
	}
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
}

// answer sends a request and returns what came.
func (u under) answer(t *testing.T, request, who, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	u.ServeHTTP(rec, u.request(t, request, who, body, headers...))
	return rec
}
