package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

func (a API) cart(c echo.Context) error {
	cart, err := a.Shopping.Cart(c.Request().Context(), token.From(c).UserID)
	return cartAnswer(c, cart, err)
}

func (a API) cartTotal(c echo.Context) error {
	cart, err := a.Shopping.Cart(c.Request().Context(), token.From(c).UserID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, cart.CartTotal)
}

// addBody is what a client may put into the cart.
type addBody struct {
	SlipperID int64  `json:"slipper_id"`
	Quantity  *int64 `json:"quantity"` // one when absent
}

func (a API) addToCart(c echo.Context) error {
	in, err := httpserver.Body[addBody](c)
	if err != nil {
		return err
	}
	quantity := int64(1)
	if in.Quantity != nil {
		quantity = *in.Quantity
	}
	cart, err := a.Shopping.Add(c.Request().Context(), token.From(c).UserID, in.SlipperID, quantity)
	return cartAnswer(c, cart, err)
}

// quantityBody is what a client may change of a line.
type quantityBody struct {
	Quantity *int64 `json:"quantity"`
}

func (a API) setCartItem(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[quantityBody](c)
	if err != nil {
		return err
	}
	cart, err := a.Shopping.Set(c.Request().Context(), token.From(c).UserID, id, in.Quantity)
	return cartAnswer(c, cart, err)
}

func (a API) removeCartItem(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	return emptyBody(c, func(ctx context.Context) error {
		cart, err := a.Shopping.Remove(ctx, token.From(c).UserID, id)
		return cartAnswer(c, cart, err)
	})
}

func (a API) clearCart(c echo.Context) error {
	return emptyBody(c, func(ctx context.Context) error {
		cart, err := a.Shopping.Clear(ctx, token.From(c).UserID)
		return cartAnswer(c, cart, err)
	})
}

// emptyBody refuses a body that says anything, for the writes that read none.
func emptyBody(c echo.Context, do func(ctx context.Context) error) error {
	if _, err := httpserver.Body[struct{}](c); err != nil {
		return err
	}
	return do(c.Request().Context())
}

func cartAnswer(c echo.Context, cart order.Cart, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, cart)
}
