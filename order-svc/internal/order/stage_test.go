package order_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

var (
	aziza    = order.Actor{ID: 7, Name: "Aziza Karimova"}
	boss     = order.Actor{ID: 1, Admin: true}
	owning   = order.Actor{ID: 7, Admin: true}
	stranger = order.Actor{ID: 8}
	errDown  = errors.New("nobody answers")
)

// stage is everything around the rules. It writes down what is asked of it, and fails where it was told to.
type stage struct {
	calls []string
	fail  map[string]error  // by call
	then  map[string]func() // at the end of a call
	lines bytes.Buffer      // that were logged

	basket   order.Basket
	slippers []order.Slipper
	order    order.Order
	reserved []order.Reserved
	done     *order.Outcome

	owners   []order.Holder // of every cart that was looked at, added to or merged, in turn
	dropped  []int64
	change   order.Change
	began    order.Request
	ids      []uuid.UUID // of every reservation that was named, in turn
	wanted   []order.Line
	reserve  time.Time // how long the last reservation was to live
	expires  time.Time // when the last order was to expire
	placed   order.Order
	refusals []order.Refusal
}

func (s *stage) log() *slog.Logger { return slog.New(slog.NewTextHandler(&s.lines, nil)) }

// said returns the calls so far.
func (s *stage) said() string { return strings.Join(s.calls, " ") }

func (s *stage) call(ctx context.Context, name string) error {
	s.calls = append(s.calls, name)
	err := errors.Join(s.fail[name], ctx.Err())
	if then := s.then[name]; then != nil {
		then()
	}
	return err
}

func (s *stage) Cart(ctx context.Context, who order.Holder) (order.Basket, error) {
	s.owners = append(s.owners, who)
	return s.basket, s.call(ctx, "cart")
}

func (s *stage) Add(ctx context.Context, who order.Holder, _, _ int64) error {
	s.owners = append(s.owners, who)
	return s.call(ctx, "add")
}

func (s *stage) Open(ctx context.Context, token order.CartToken, _, _ int64) error {
	s.owners = append(s.owners, order.Holder{Token: token})
	return s.call(ctx, "open")
}

func (s *stage) Merge(ctx context.Context, user int64, token order.CartToken) error {
	s.owners = append(s.owners, order.Holder{User: user, Token: token})
	return s.call(ctx, "merge")
}

func (s *stage) Set(ctx context.Context, _ order.Holder, _, _ int64) error {
	return s.call(ctx, "set")
}

func (s *stage) Remove(ctx context.Context, _ order.Holder, _ int64) error {
	return s.call(ctx, "remove")
}

func (s *stage) Clear(ctx context.Context, _ order.Holder) error {
	return s.call(ctx, "clear")
}

func (s *stage) Drop(ctx context.Context, _ int64, slippers []int64) error {
	s.dropped = slippers
	return s.call(ctx, "drop")
}

func (s *stage) Slippers(ctx context.Context, _ []int64) ([]order.Slipper, error) {
	return s.slippers, s.call(ctx, "slippers")
}

func (s *stage) Get(ctx context.Context, _ int64) (order.Order, error) {
	return s.order, s.call(ctx, "get")
}

func (s *stage) Change(ctx context.Context, c order.Change) (order.Order, error) {
	s.change = c
	o := s.order
	o.Status = c.To
	return o, s.call(ctx, "change")
}

func (s *stage) History(ctx context.Context, _ int64) ([]order.Event, error) {
	return []order.Event{{To: order.Pending}}, s.call(ctx, "history")
}

func (s *stage) Sell(ctx context.Context, id uuid.UUID) error {
	s.ids = append(s.ids, id)
	return s.call(ctx, "sell")
}

func (s *stage) Return(ctx context.Context, id uuid.UUID) error {
	s.ids = append(s.ids, id)
	return s.call(ctx, "return")
}

func (s *stage) Release(ctx context.Context, id uuid.UUID) error {
	s.ids = append(s.ids, id)
	return s.call(ctx, "release")
}

func (s *stage) Reserve(ctx context.Context, id uuid.UUID, expires time.Time, lines []order.Line) ([]order.Reserved, error) {
	s.ids, s.reserve, s.wanted = append(s.ids, id), expires, lines
	return s.reserved, s.call(ctx, "reserve")
}

func (s *stage) Begin(ctx context.Context, r order.Request, id uuid.UUID) (order.Intent, error) {
	s.began = r
	return order.Intent{ReservationID: id, Lines: r.Lines, Done: s.done}, s.call(ctx, "begin")
}

func (s *stage) Renew(ctx context.Context, _ order.Request, from, to uuid.UUID) error {
	s.ids = append(s.ids, from, to)
	return s.call(ctx, "renew")
}

// Refuse keeps the refusal as a database does.
func (s *stage) Refuse(ctx context.Context, _ order.Request, id uuid.UUID, why order.Refusal) error {
	b, err := json.Marshal(why)
	var kept order.Refusal
	err = errors.Join(err, json.Unmarshal(b, &kept))
	s.ids, s.refusals = append(s.ids, id), append(s.refusals, kept)
	return errors.Join(err, s.call(ctx, "refuse"))
}

func (s *stage) Unlock(ctx context.Context, _ order.Request, id uuid.UUID) error {
	s.ids = append(s.ids, id)
	return s.call(ctx, "unlock")
}

func (s *stage) Place(ctx context.Context, o order.Order, expires time.Time, _ order.Request) (order.Order, error) {
	s.placed, s.expires = o, expires
	return o, s.call(ctx, "place")
}
