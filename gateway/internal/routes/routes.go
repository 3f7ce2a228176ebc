// Package routes is the table of everything that the world may ask of Slippers, and the chain that each request to it
// passes. What is not in the table is 404; /internal is not in the table.
package routes

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/limits"
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
	Root           Target = "root"
	Health         Target = "health"
	Pools          Target = "pools"
	Invalidate     Target = "invalidate"
	Cache          Target = "cache"
	SlowQueries    Target = "slow-queries"
	MissingIndexes Target = "missing-indexes"
	OpenAPI        Target = "openapi"
	SwaggerUI      Target = "swagger-ui"
	ReDoc          Target = "redoc"
	DocsAsset      Target = "docs-asset"
	Favicon        Target = "favicon"
	ProblemDoc     Target = "problem"
)

// Access is who may ask.
type Access int

// From everybody to few.
const (
	Anyone   Access = iota
	Optional        // anyone, and some may see more
	Guest           // anyone, but who shows a token must be who it says
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

	// Limit is the policy that requests count against; None is for what costs nothing.
	Limit limits.Class

	// GuestLimit is the policy for those without a valid token, where it is another.
	GuestLimit limits.Class

	// Weight is how many requests one counts for; zero means one.
	Weight int

	// Page says what may be kept of a GET; nil is nothing.
	Page *edge.Page

	// Timeout bounds the wait for an answer's head; zero means the configured one.
	Timeout time.Duration
}

const (
	maxUpload     = 101 << 20 // ten pictures of 10 MiB, and what multipart puts around them
	uploadTimeout = time.Minute
)

// Table lists every public operation, in the order of API.md. HEAD goes with GET.
var Table = []Route{
	{Method: http.MethodGet, Path: "/", Target: Root, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/health", Target: Health, Limit: limits.Health},
	{Method: http.MethodGet, Path: "/admin/db-pool-status", Target: Pools, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/slow-queries", Target: SlowQueries, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/missing-indexes", Target: MissingIndexes, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/cache", Target: Cache, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/admin/cache/invalidate", Target: Invalidate, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/docs", Target: SwaggerUI},
	{Method: http.MethodGet, Path: "/redoc", Target: ReDoc},
	{Method: http.MethodGet, Path: "/openapi.json", Target: OpenAPI},
	{Method: http.MethodGet, Path: "/docs/assets/:file", Target: DocsAsset},
	{Method: http.MethodGet, Path: "/favicon.ico", Target: Favicon},
	{Method: http.MethodGet, Path: "/problems/:code", Target: ProblemDoc},

	{Method: http.MethodPost, Path: "/auth/register", Target: Auth, Limit: limits.Register},
	{Method: http.MethodPost, Path: "/auth/login", Target: Auth, Limit: limits.Login},
	{Method: http.MethodPost, Path: "/auth/refresh", Target: Auth, Limit: limits.Refresh},
	{Method: http.MethodPost, Path: "/auth/logout", Target: Auth, Access: User, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/auth/forgot-password", Target: Auth, Limit: limits.Reset},
	{Method: http.MethodPost, Path: "/auth/reset-password", Target: Auth, Limit: limits.Reset},
	{Method: http.MethodGet, Path: "/.well-known/jwks.json", Target: Auth, Limit: limits.Default},

	{Method: http.MethodGet, Path: "/users", Target: Auth, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/users/me", Target: Auth, Access: User, Limit: limits.Default},
	{Method: http.MethodPut, Path: "/users/me", Target: Auth, Access: User, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/users/:id", Target: Auth, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPut, Path: "/users/:id", Target: Auth, Access: Admin, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/users/:id", Target: Auth, Access: Admin, Limit: limits.Default},

	{Method: http.MethodGet, Path: "/categories", Target: Catalog, Access: Optional, Limit: limits.Default, Page: categoryList},
	{Method: http.MethodPost, Path: "/categories", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/categories/:id", Target: Catalog, Limit: limits.Default, Page: categoryItem},
	{Method: http.MethodPut, Path: "/categories/:id", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/categories/:id", Target: Catalog, Access: Admin, Limit: limits.Default},

	{Method: http.MethodGet, Path: "/slippers", Target: Catalog, Limit: limits.Default, Page: slipperList},
	{Method: http.MethodPost, Path: "/slippers", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/slippers/:id", Target: Catalog, Limit: limits.Default, Page: slipperItem},
	{Method: http.MethodPut, Path: "/slippers/:id", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/slippers/:id", Target: Catalog, Access: Admin, Limit: limits.Default},
	{
		Method: http.MethodPost, Path: "/slippers/:id/upload-images", Target: Catalog, Access: Admin,
		MaxBody: maxUpload, Timeout: uploadTimeout, Limit: limits.Default, Weight: 5,
	},
	{Method: http.MethodGet, Path: "/slippers/:id/images", Target: Catalog, Limit: limits.Default, Page: slipperImages},
	{Method: http.MethodPut, Path: "/slippers/:id/images/:image_id", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/slippers/:id/images/:image_id", Target: Catalog, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/static/slippers/:id/:file", Target: Catalog},

	{Method: http.MethodGet, Path: "/cart", Target: Order, Access: Guest, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/cart/total", Target: Order, Access: Guest, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/cart/items", Target: Order, Access: Guest, Limit: limits.Default, GuestLimit: limits.Guest},
	{Method: http.MethodPut, Path: "/cart/items/:id", Target: Order, Access: Guest, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/cart/items/:id", Target: Order, Access: Guest, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/cart/clear", Target: Order, Access: Guest, Limit: limits.Default},

	{Method: http.MethodPost, Path: "/orders/from-cart", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/orders", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/orders", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/orders/:id", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodPut, Path: "/orders/:id", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodDelete, Path: "/orders/:id", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/orders/:id/cancel", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/orders/:id/history", Target: Order, Access: User, Limit: limits.Default},

	{Method: http.MethodPost, Path: "/payments/octo/create", Target: Order, Access: User, Limit: limits.Payment},
	{Method: http.MethodPost, Path: "/payments/octo/notify", Target: Order, Limit: limits.Notice},
	{Method: http.MethodPost, Path: "/payments/octo/refund", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/payments/:order_id", Target: Order, Access: User, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/payments", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/admin/payments/:id/settle", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/admin/payments/:id/attention", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/admin/refunds/:id/settle", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/jobs", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodPost, Path: "/admin/jobs/:id/retry", Target: Order, Access: Admin, Limit: limits.Default},
	{Method: http.MethodGet, Path: "/admin/statement", Target: Order, Access: Admin, Limit: limits.Default},
}

// Frame is what stands around every route.
type Frame struct {
	// Admit keeps those out who may not ask, and answers what is known already.
	Admit func(Route) echo.MiddlewareFunc

	// Inside is what the requests pass that were let in.
	Inside []echo.MiddlewareFunc

	// Patience is the time of a route that names none.
	Patience time.Duration
}

// Register serves the table on e. answers has a handler for every target. Each chain is put together here, once: Echo would
// do it for every request.
func Register(e *echo.Echo, f Frame, answers map[Target]echo.HandlerFunc) {
	for _, r := range Table {
		h := answers[r.Target]
		for _, around := range slices.Backward(slices.Concat([]echo.MiddlewareFunc{f.Admit(r)}, f.Inside, []echo.MiddlewareFunc{deadline(r.Timeout, f.Patience), bounded(r.MaxBody)})) {
			h = around(h)
		}
		if last := r.Path[strings.LastIndex(r.Path, "/")+1:]; strings.HasPrefix(last, ":") {
			h = single(last[1:], h)
		}
		if r.Method == http.MethodGet {
			httpserver.Get(e, r.Path, h)
		} else {
			e.Add(r.Method, r.Path, h)
		}
	}
}
