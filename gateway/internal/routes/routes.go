// Package routes is the table of everything that the world may ask of Slippers, and the chain that each request to it
// passes. What is not in the table is 404; /internal is not in the table.
package routes

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Target is who answers.
type Target string

// The services.
const (
	Catalog Target = "catalog"
	Order   Target = "order"
	Auth    Target = "auth"
)

// What the gateway answers itself.
const (
	Root       Target = "root"
	Health     Target = "health"
	Pools      Target = "pools"
	OpenAPI    Target = "openapi"
	SwaggerUI  Target = "swagger-ui"
	ReDoc      Target = "redoc"
	DocsAsset  Target = "docs-asset"
	Favicon    Target = "favicon"
	ProblemDoc Target = "problem"
)

// Access is who may ask.
type Access int

// From everybody to few.
const (
	Anyone   Access = iota
	Optional        // anyone, and some may see more
	User
	Admin
)

// Route is one public operation.
type Route struct {
	Method, Path string
	Target       Target
	Access       Access

	// MaxBody is the most bytes that a body may have; zero means httpserver.MaxBody. Bodies of GET are not read at all.
	MaxBody int64

	// Timeout bounds the wait for an answer's head; zero means the configured one.
	Timeout time.Duration
}

const (
	maxUpload     = 101 << 20 // ten pictures of 10 MiB, and what multipart puts around them
	uploadTimeout = time.Minute
)

// Longest is the most time that any request may take, to the last byte of its answer.
const Longest = uploadTimeout

// Table lists every public operation, in the order of API.md. HEAD goes with GET.
var Table = []Route{
	{Method: http.MethodGet, Path: "/", Target: Root},
	{Method: http.MethodGet, Path: "/health", Target: Health},
	{Method: http.MethodGet, Path: "/admin/db-pool-status", Target: Pools, Access: Admin},
	{Method: http.MethodGet, Path: "/docs", Target: SwaggerUI},
	{Method: http.MethodGet, Path: "/redoc", Target: ReDoc},
	{Method: http.MethodGet, Path: "/openapi.json", Target: OpenAPI},
	{Method: http.MethodGet, Path: "/docs/assets/:file", Target: DocsAsset},
	{Method: http.MethodGet, Path: "/favicon.ico", Target: Favicon},
	{Method: http.MethodGet, Path: "/problems/:code", Target: ProblemDoc},

	{Method: http.MethodPost, Path: "/auth/register", Target: Auth},
	{Method: http.MethodPost, Path: "/auth/login", Target: Auth},
	{Method: http.MethodPost, Path: "/auth/refresh", Target: Auth},
	{Method: http.MethodPost, Path: "/auth/logout", Target: Auth, Access: User},
	{Method: http.MethodPost, Path: "/auth/forgot-password", Target: Auth},
	{Method: http.MethodPost, Path: "/auth/reset-password", Target: Auth},
	{Method: http.MethodGet, Path: "/.well-known/jwks.json", Target: Auth},

	{Method: http.MethodGet, Path: "/users", Target: Auth, Access: Admin},
	{Method: http.MethodGet, Path: "/users/me", Target: Auth, Access: User},
	{Method: http.MethodPut, Path: "/users/me", Target: Auth, Access: User},
	{Method: http.MethodGet, Path: "/users/:id", Target: Auth, Access: Admin},
	{Method: http.MethodPut, Path: "/users/:id", Target: Auth, Access: Admin},
	{Method: http.MethodDelete, Path: "/users/:id", Target: Auth, Access: Admin},

	{Method: http.MethodGet, Path: "/categories", Target: Catalog, Access: Optional},
	{Method: http.MethodPost, Path: "/categories", Target: Catalog, Access: Admin},
	{Method: http.MethodGet, Path: "/categories/:id", Target: Catalog},
	{Method: http.MethodPut, Path: "/categories/:id", Target: Catalog, Access: Admin},
	{Method: http.MethodDelete, Path: "/categories/:id", Target: Catalog, Access: Admin},

	{Method: http.MethodGet, Path: "/slippers", Target: Catalog},
	{Method: http.MethodPost, Path: "/slippers", Target: Catalog, Access: Admin},
	{Method: http.MethodGet, Path: "/slippers/:id", Target: Catalog},
	{Method: http.MethodPut, Path: "/slippers/:id", Target: Catalog, Access: Admin},
	{Method: http.MethodDelete, Path: "/slippers/:id", Target: Catalog, Access: Admin},
	{
		Method: http.MethodPost, Path: "/slippers/:id/upload-images", Target: Catalog, Access: Admin,
		MaxBody: maxUpload, Timeout: uploadTimeout,
	},
	{Method: http.MethodGet, Path: "/slippers/:id/images", Target: Catalog},
	{Method: http.MethodPut, Path: "/slippers/:id/images/:image_id", Target: Catalog, Access: Admin},
	{Method: http.MethodDelete, Path: "/slippers/:id/images/:image_id", Target: Catalog, Access: Admin},
	{Method: http.MethodGet, Path: "/static/slippers/:id/:file", Target: Catalog},

	{Method: http.MethodGet, Path: "/cart", Target: Order, Access: User},
	{Method: http.MethodGet, Path: "/cart/total", Target: Order, Access: User},
	{Method: http.MethodPost, Path: "/cart/items", Target: Order, Access: User},
	{Method: http.MethodPut, Path: "/cart/items/:id", Target: Order, Access: User},
	{Method: http.MethodDelete, Path: "/cart/items/:id", Target: Order, Access: User},
	{Method: http.MethodDelete, Path: "/cart/clear", Target: Order, Access: User},

	{Method: http.MethodPost, Path: "/orders/from-cart", Target: Order, Access: User},
	{Method: http.MethodPost, Path: "/orders", Target: Order, Access: User},
	{Method: http.MethodGet, Path: "/orders", Target: Order, Access: User},
	{Method: http.MethodGet, Path: "/orders/:id", Target: Order, Access: User},
	{Method: http.MethodPut, Path: "/orders/:id", Target: Order, Access: User},
	{Method: http.MethodDelete, Path: "/orders/:id", Target: Order, Access: User},
	{Method: http.MethodPost, Path: "/orders/:id/cancel", Target: Order, Access: User},
	{Method: http.MethodGet, Path: "/orders/:id/history", Target: Order, Access: User},
}

// Register serves the table on e: allow keeps those out who may not ask, patience is the time of a route that names
// none, answers has a handler for every target.
func Register(e *echo.Echo, patience time.Duration, allow func(Access) echo.MiddlewareFunc, answers map[Target]echo.HandlerFunc) {
	for _, r := range Table {
		chain := []echo.MiddlewareFunc{deadline(r.Timeout, patience), allow(r.Access), bounded(r.MaxBody)}
		if r.Method == http.MethodGet {
			httpserver.Get(e, r.Path, answers[r.Target], chain...)
		} else {
			e.Add(r.Method, r.Path, answers[r.Target], chain...)
		}
	}
}
