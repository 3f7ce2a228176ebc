// Package httpapi is the catalogue over HTTP, as openapi.yaml promises it: for everybody, for admins, and for the other
// services under /internal.
//
// It reads requests and writes answers. What is right is decided in package catalog.
package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/token"
)

// API is what the routes need.
type API struct {
	Slippers   Slippers
	Categories Categories
	Images     Images
	Uploading  catalog.Uploading
	Pictures   Pictures
	Stock      Stock
	Facts      diagnostics.Facts

	Verifier *token.Verifier
	Cursors  page.Cursors
	Secret   string // of our own services
}

// Register adds the routes to e.
func Register(e *echo.Echo, a API) {
	admin := []echo.MiddlewareFunc{a.Verifier.Admin, httpserver.NoQuery}

	httpserver.Get(e, "/categories", a.listCategories, a.Verifier.Optional)
	e.POST("/categories", a.createCategory, admin...)
	httpserver.Get(e, "/categories/:id", a.getCategory, httpserver.NoQuery)
	e.PUT("/categories/:id", a.updateCategory, admin...)
	e.DELETE("/categories/:id", a.deleteCategory, admin...)

	httpserver.Get(e, "/slippers", a.listSlippers)
	e.POST("/slippers", a.createSlipper, admin...)
	httpserver.Get(e, "/slippers/:id", a.getSlipper)
	e.PUT("/slippers/:id", a.updateSlipper, admin...)
	e.DELETE("/slippers/:id", a.deleteSlipper, admin...)

	e.POST("/slippers/:id/upload-images", a.uploadImages, admin...)
	httpserver.Get(e, "/slippers/:id/images", a.listImages, httpserver.NoQuery)
	e.PUT("/slippers/:id/images/:image_id", a.updateImage, admin...)
	e.DELETE("/slippers/:id/images/:image_id", a.deleteImage, admin...)
	httpserver.Get(e, "/static/slippers/:id/:file", a.getPicture)

	// Not a group: Echo's groups answer 404 where the method is wrong.
	internal := httpserver.Internal(a.Secret)
	httpserver.Get(e, "/internal/slippers", a.shelf, internal)
	e.PUT("/internal/reservations/:id", a.reserve, internal, httpserver.NoQuery)
	e.POST("/internal/reservations/:id/release", a.release, internal, httpserver.NoQuery)
	e.POST("/internal/reservations/:id/return", a.returned, internal, httpserver.NoQuery)
	e.POST("/internal/reservations/:id/sell", a.sell, internal, httpserver.NoQuery)
	diagnostics.Register(e, a.Secret, a.Facts)
}

// private answers what no cache may keep.
func private(c echo.Context, status int, body any) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(status, body)
}

// gone answers that something was deleted.
func gone(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.NoContent(http.StatusNoContent)
}
