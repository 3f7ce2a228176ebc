package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Orders is what these handlers need of a store.
type Orders interface {
	List(ctx context.Context, f order.Filter, r page.Request) ([]order.Order, int64, error)
}

// fromCartBody is what a client may say about an order of what is in the cart.
type fromCartBody struct {
	ExpectedTotal *money.Amount `json:"expected_total"`
	Notes         *string       `json:"notes"`
}

func (a API) orderFromCart(c echo.Context) error {
	q := httpserver.Query(c)
	clear := q.Bool("clear_cart")
	if err := q.Err(); err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[fromCartBody](c)
	if err != nil {
		return err
	}
	r, err := order.NewRequest(actor(c), nil, in.Notes, in.ExpectedTotal)
	if err != nil {
		return err
	}
	r.Key, r.ClearCart = key, clear != nil && *clear
	if _, err := a.holder(c); err != nil {
		return err
	}
	return a.place(c, r)
}

// orderBody is what a client may say about an order.
type orderBody struct {
	Items         []itemBody    `json:"items"`
	Notes         *string       `json:"notes"`
	ExpectedTotal *money.Amount `json:"expected_total"`
}

type itemBody struct {
	SlipperID int64   `json:"slipper_id"`
	Quantity  int64   `json:"quantity"`
	Notes     *string `json:"notes"`
}

func (a API) orderItems(c echo.Context) error {
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[orderBody](c)
	if err != nil {
		return err
	}
	lines := make([]order.Line, len(in.Items))
	for i, l := range in.Items {
		lines[i] = order.Line{SlipperID: l.SlipperID, Quantity: l.Quantity, Notes: deref(l.Notes)}
	}
	r, err := order.NewRequest(actor(c), lines, in.Notes, in.ExpectedTotal)
	if err != nil {
		return err
	}
	r.Key = key
	return a.place(c, r)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func (a API) place(c echo.Context, r order.Request) error {
	made, replayed, err := a.Placing.Place(c.Request().Context(), r)
	if replayed {
		c.Response().Header().Set("Idempotent-Replayed", "true")
	}
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/orders/"+strconv.FormatInt(made.ID, 10))
	return c.JSON(http.StatusCreated, made)
}

const (
	newestFirst = "created_desc"
	finance     = "paid_refunded"
)

func parseFinance(s string) (bool, error) {
	if s != finance {
		return false, errors.New("must be " + finance)
	}
	return true, nil
}

func (a API) listOrders(c echo.Context) error {
	q := httpserver.Query(c)
	f := order.Filter{UserID: actor(c).Scope(), Status: httpserver.Parsed(q, "status", order.ParseStatus)}
	f.Finance = httpserver.Parsed(q, "finance", parseFinance) != nil
	r := q.Page(a.Cursors, newestFirst, page.DefaultLimit)
	if err := q.Err(); err != nil {
		return err
	}
	items, total, err := a.Orders.List(c.Request().Context(), f, r)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page.New(a.Cursors, r, items, total, func(o order.Order) (string, int64) {
		return o.CreatedAt.Format(time.RFC3339Nano), o.ID
	}))
}

func (a API) getOrder(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	o, err := a.Changing.Get(c.Request().Context(), actor(c), id)
	return orderAnswer(c, o, err)
}

// changeBody is what a client may change of an order.
type changeBody struct {
	Notes  *string `json:"notes"`
	Status *string `json:"status"`
}

func (a API) updateOrder(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[changeBody](c)
	if err != nil {
		return err
	}
	o, err := a.Changing.Update(c.Request().Context(), actor(c), id, order.Wish(in))
	return orderAnswer(c, o, err)
}

func (a API) cancelOrder(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	key, err := idempotencyKey(c)
	if err != nil {
		return err
	}
	return emptyBody(c, func(context.Context) error {
		return a.once(c, key, func(ctx context.Context, began time.Time) (any, error) {
			return a.Changing.CancelSince(ctx, actor(c), id, began)
		})
	})
}

func (a API) orderHistory(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	events, err := a.Changing.History(c.Request().Context(), actor(c), id)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, map[string]any{"order_id": id, "items": events})
}

func orderAnswer(c echo.Context, o order.Order, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, o)
}
