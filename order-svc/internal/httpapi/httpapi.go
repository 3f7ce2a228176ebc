// Package httpapi is carts and orders over HTTP, as openapi.yaml promises it.
//
// It reads requests and writes answers. What is right is decided in package order.
package httpapi

import (
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
)

// API is what the routes need.
type API struct {
	Shopping order.Shopping
	Placing  order.Placing
	Changing order.Changing
	Orders   Orders
	Facts    diagnostics.Facts

	Paying    payment.Paying
	Settling  payment.Settling
	Refunding payment.Refunding
	Payments  Payments
	Notices   Notices
	Calls     Calls
	Jobs      Jobs

	Verifier *token.Verifier
	Cursors  page.Cursors
	Secret   string // of our own services
}

// Register adds the routes to e. No group: Echo's groups answer 404 where the method is wrong.
func Register(e *echo.Echo, a API) {
	searched := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.User}
	user := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.User, httpserver.NoQuery}
	anyone := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.Optional, httpserver.NoQuery}

	httpserver.Get(e, "/cart", a.cart, anyone...)
	httpserver.Get(e, "/cart/total", a.cartTotal, anyone...)
	e.POST("/cart/items", a.addToCart, anyone...)
	e.PUT("/cart/items/:id", a.setCartItem, anyone...)
	e.DELETE("/cart/items/:id", a.removeCartItem, anyone...)
	e.DELETE("/cart/clear", a.clearCart, anyone...)

	e.POST("/orders/from-cart", a.orderFromCart, searched...)
	e.POST("/orders", a.orderItems, user...)
	httpserver.Get(e, "/orders", a.listOrders, searched...)
	httpserver.Get(e, "/orders/:id", a.getOrder, user...)
	e.PUT("/orders/:id", a.updateOrder, user...)
	e.DELETE("/orders/:id", a.cancelOrder, user...)
	e.POST("/orders/:id/cancel", a.cancelOrder, user...)
	httpserver.Get(e, "/orders/:id/history", a.orderHistory, user...)

	admin := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.Admin, httpserver.NoQuery}
	searchedByAdmin := []echo.MiddlewareFunc{httpserver.NoStore, a.Verifier.Admin}
	e.POST("/payments/octo/create", a.createPayment, user...)
	e.POST("/payments/octo/notify", a.heard, httpserver.NoStore, httpserver.NoQuery)
	e.POST("/payments/octo/refund", a.refund, admin...)
	httpserver.Get(e, "/payments/:order_id", a.listPayments, user...)
	httpserver.Get(e, "/admin/jobs", a.listJobs, searchedByAdmin...)
	e.POST("/admin/jobs/:id/retry", a.retryJob, admin...)
	httpserver.Get(e, "/admin/payments", a.listAttention, admin...)
	e.POST("/admin/payments/:id/settle", a.settlePayment, admin...)
	e.POST("/admin/payments/:id/attention", a.attendPayment, admin...)
	e.POST("/admin/refunds/:id/settle", a.settleRefund, admin...)
	httpserver.Get(e, "/admin/statement", a.statement, searchedByAdmin...)

	diagnostics.Register(e, a.Secret, a.Facts)
}

func actor(c echo.Context) order.Actor {
	caller := token.From(c)
	return order.Actor{ID: caller.UserID, Name: caller.Name, Admin: caller.Admin}
}
