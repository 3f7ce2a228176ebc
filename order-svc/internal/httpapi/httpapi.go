// Package httpapi is carts and orders over HTTP, as openapi.yaml promises it.
//
// It reads requests and writes answers. What is right is decided in package order.
package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// API is what the routes need.
type API struct {
	Shopping order.Shopping
	Placing  order.Placing
	Changing order.Changing
	Orders   Orders
	Pool     func() postgres.Status

	Verifier *token.Verifier
	Cursors  page.Cursors
	Secret   string // of our own services
}

// Register adds the routes to e. No group: Echo's groups answer 404 where the method is wrong.
func Register(e *echo.Echo, a API) {
	searched := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.User}
	user := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.User, httpserver.NoQuery}

	httpserver.Get(e, "/cart", a.cart, user...)
	httpserver.Get(e, "/cart/total", a.cartTotal, user...)
	e.POST("/cart/items", a.addToCart, user...)
	e.PUT("/cart/items/:id", a.setCartItem, user...)
	e.DELETE("/cart/items/:id", a.removeCartItem, user...)
	e.DELETE("/cart/clear", a.clearCart, user...)

	e.POST("/orders/from-cart", a.orderFromCart, searched...)
	e.POST("/orders", a.orderItems, user...)
	httpserver.Get(e, "/orders", a.listOrders, searched...)
	httpserver.Get(e, "/orders/:id", a.getOrder, user...)
	e.PUT("/orders/:id", a.updateOrder, user...)
	e.DELETE("/orders/:id", a.cancelOrder, user...)
	e.POST("/orders/:id/cancel", a.cancelOrder, user...)
	httpserver.Get(e, "/orders/:id/history", a.orderHistory, user...)

	httpserver.Get(e, "/internal/db-pool", a.dbPool, httpserver.Internal(a.Secret), httpserver.NoStore, httpserver.NoQuery)
}

func (a API) dbPool(c echo.Context) error { return c.JSON(http.StatusOK, a.Pool()) }

func actor(c echo.Context) order.Actor {
	caller := token.From(c)
	return order.Actor{ID: caller.UserID, Name: caller.Name, Admin: caller.Admin}
}
