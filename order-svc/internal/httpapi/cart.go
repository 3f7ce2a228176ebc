package httpapi

import (
	"context"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// cartHeader is the header by which a guest's cart is found, in requests and, when one was made, in answers.
const cartHeader = "X-Cart-Token"

// holder says whose cart the request is about. What a user has gathered as a guest is in their own cart from then on. It
// returns order.ErrCartToken.
func (a API) holder(c echo.Context) (order.Holder, error) {
	var t order.CartToken
	if sent, ok := c.Request().Header[cartHeader]; ok {
		if len(sent) != 1 {
			return order.Holder{}, order.ErrCartToken
		}
		var err error
		if t, err = order.ParseCartToken(sent[0]); err != nil {
			return order.Holder{}, err
		}
	}
	return a.Shopping.Holder(c.Request().Context(), token.From(c).UserID, t)
}

func (a API) cart(c echo.Context) error {
	return a.aboutCart(c, a.Shopping.Cart)
}

func (a API) cartTotal(c echo.Context) error {
	who, err := a.holder(c)
	if err != nil {
		return err
	}
	cart, err := a.Shopping.Cart(c.Request().Context(), who)
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
	return a.aboutCart(c, func(ctx context.Context, who order.Holder) (order.Cart, error) {
		cart, made, err := a.Shopping.Add(ctx, who, in.SlipperID, quantity)
		if err == nil && made != (order.CartToken{}) {
			c.Response().Header().Set(cartHeader, made.String())
		}
		return cart, err
	})
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
	return a.aboutCart(c, func(ctx context.Context, who order.Holder) (order.Cart, error) {
		return a.Shopping.Set(ctx, who, id, in.Quantity)
	})
}

func (a API) removeCartItem(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	return emptyBody(c, func(context.Context) error {
		return a.aboutCart(c, func(ctx context.Context, who order.Holder) (order.Cart, error) {
			return a.Shopping.Remove(ctx, who, id)
		})
	})
}

func (a API) clearCart(c echo.Context) error {
	return emptyBody(c, func(context.Context) error { return a.aboutCart(c, a.Shopping.Clear) })
}

// emptyBody refuses a body that says anything, for the writes that read none.
func emptyBody(c echo.Context, do func(ctx context.Context) error) error {
	if _, err := httpserver.Body[struct{}](c); err != nil {
		return err
	}
	return do(c.Request().Context())
}

// aboutCart does something with the cart that the request is about, and answers the cart after it.
func (a API) aboutCart(c echo.Context, do func(ctx context.Context, who order.Holder) (order.Cart, error)) error {
	who, err := a.holder(c)
	if err != nil {
		return err
	}
	cart, err := do(c.Request().Context(), who)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, cart)
}
