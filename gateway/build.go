package main

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/docs"
	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/front"
	"github.com/slippers-api/slippers/gateway/internal/gate"
	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/gateway/internal/proxy"
	"github.com/slippers-api/slippers/gateway/internal/routes"
	"github.com/slippers-api/slippers/gateway/internal/session"
	"github.com/slippers-api/slippers/gateway/internal/system"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/httpclient"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/token"
)

const (
	// internalTimeout bounds the gateway's own calls to the services.
	internalTimeout = time.Second

	// inquiryTimeout bounds those that administrators make it do: a database that they look into may be slow.
	inquiryTimeout = 4 * time.Second
)

// The services, as metrics name them.
const (
	catalogService = "catalog-svc"
	orderService   = "order-svc"
	authService    = "auth-svc"
)

// app is the gateway: what it serves, the router inside, whose routes a test compares with the document, and the limits, which
// follow how many gateways there are.
type app struct {
	http.Handler
	router *echo.Echo
	limits *limits.Limits
}

// build puts the gateway together, from the inside out.
func build(cfg config, rdb redis.UniversalClient, verifier *token.Verifier, log *slog.Logger, reg prometheus.Registerer) (*app, error) {
	calls := httpclient.NewCalls(reg)
	client := func(name, base string, timeout time.Duration) *httpclient.Client {
		return httpclient.New(base, cfg.InternalSecret, timeout, calls.To(name))
	}
	auth := client(authService, cfg.AuthURL, internalTimeout)
	transport := proxy.NewTransport()
	origin, err := proxy.NewOrigin(cfg.CatalogURL, calls.To(catalogService)(transport))
	if err != nil {
		return nil, err
	}
	cache, err := edge.New(cfg.Cache, origin, rdb, log, reg)
	if err != nil {
		return nil, err
	}
	in := gate.Gate{
		Verifier: verifier, Sessions: session.NewChecker(auth, reg), Limits: limits.New(cfg.Limit, reg), Batch: batch.New(rdb, reg), Edge: cache,
	}
	pages, err := docs.New()
	if err != nil {
		return nil, err
	}
	sys := system.System{
		Version: version, Redis: rdb, Probes: &http.Client{Transport: transport}, Pages: cache.Usage,
		Services: []system.Service{
			{Name: "catalog", OpsURL: cfg.CatalogOpsURL, API: client(catalogService, cfg.CatalogURL, inquiryTimeout)},
			{Name: "order", OpsURL: cfg.OrderOpsURL, API: client(orderService, cfg.OrderURL, inquiryTimeout)},
			{Name: "auth", OpsURL: cfg.AuthOpsURL, API: client(authService, cfg.AuthURL, inquiryTimeout)},
		},
	}
	catalog, catalogErr := proxy.To(cfg.CatalogURL, calls.To(catalogService)(transport), log)
	order, orderErr := proxy.To(cfg.OrderURL, calls.To(orderService)(transport), log)
	accounts, authErr := proxy.To(cfg.AuthURL, calls.To(authService)(transport), log)
	if err := errors.Join(catalogErr, orderErr, authErr); err != nil {
		return nil, err
	}
	answers := map[routes.Target]echo.HandlerFunc{
		routes.Catalog: catalog, routes.Order: order, routes.Auth: accounts,
		routes.Root: httpserver.NoQuery(sys.Root), routes.Health: httpserver.NoQuery(sys.Health),
		routes.Pools: httpserver.NoQuery(sys.Pools), routes.Invalidate: httpserver.NoQuery(cache.Invalidate),
		routes.SlowQueries: sys.SlowQueries, routes.MissingIndexes: httpserver.NoQuery(sys.MissingIndexes), routes.Cache: httpserver.NoQuery(sys.Cache),
		routes.OpenAPI: pages.OpenAPI, routes.SwaggerUI: pages.SwaggerUI, routes.ReDoc: pages.ReDoc,
		routes.DocsAsset: pages.Asset, routes.Favicon: pages.Favicon, routes.ProblemDoc: pages.Problem,
	}

	compress, err := front.Compress()
	if err != nil {
		return nil, err
	}
	frame := cfg.HTTP
	frame.RequestTimeout = 0 // each route bounds its own wait
	e := httpserver.New(frame, log, reg)
	front.Use(e, cfg.Front)
	routes.Register(e, routes.Frame{
		Admit: in.Admit, Inside: []echo.MiddlewareFunc{compress, front.Believe(cfg.Front.TrustedProxies)}, Patience: cfg.UpstreamTimeout,
	}, answers)
	return &app{Handler: e, router: e, limits: in.Limits}, nil
}
