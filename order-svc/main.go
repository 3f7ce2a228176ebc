// Order-svc keeps carts and orders.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/kit/failpoint"
	"github.com/slippers-api/slippers/kit/httpclient"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/logging"
	"github.com/slippers-api/slippers/kit/metrics"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/kit/tracing"
	"github.com/slippers-api/slippers/migrations"
	"github.com/slippers-api/slippers/order-svc/internal/catalogue"
	"github.com/slippers-api/slippers/order-svc/internal/httpapi"
	"github.com/slippers-api/slippers/order-svc/internal/octo"
	"github.com/slippers-api/slippers/order-svc/internal/order"
	"github.com/slippers-api/slippers/order-svc/internal/payment"
	"github.com/slippers-api/slippers/order-svc/internal/store"
	"github.com/slippers-api/slippers/order-svc/internal/work"
)

const name = "order-svc"

// version is stamped by the build.
var version = "dev"

// config is everything that may differ between two deployments.
type config struct {
	Log       logging.Config
	Tracing   tracing.Config
	HTTP      httpserver.Config
	Postgres  postgres.Config
	Redis     redis.Config
	Cache     cache.Config
	Token     token.Config
	Catalogue catalogue.Config
	Octo      octo.Config
	Refunds   payment.Limits

	// InternalSecret is what our services show each other. It must be the same in all of them.
	InternalSecret string `env:"INTERNAL_SECRET,required,notEmpty" json:"-"`

	// OrderTTL is how long an order may stay unpaid. It must stay below 23 hours: catalog-svc keeps no stock for longer.
	OrderTTL time.Duration `env:"ORDER_TTL" envDefault:"30m"`

	// OrderExpiry is how often orders are looked for that were not paid in time.
	OrderExpiry time.Duration `env:"ORDER_EXPIRY_INTERVAL" envDefault:"5s"`

	// KeyExpiry is how often idempotency keys are looked for that are older than a day.
	KeyExpiry time.Duration `env:"IDEMPOTENCY_EXPIRY_INTERVAL" envDefault:"10m"`

	// GuestCartTTL is for how long the cart of somebody who is not logged in is kept after they last came back to it.
	GuestCartTTL time.Duration `env:"GUEST_CART_TTL" envDefault:"720h"`

	// GuestCartExpiry is how often guests' carts are looked for that are kept no longer.
	GuestCartExpiry time.Duration `env:"GUEST_CART_EXPIRY_INTERVAL" envDefault:"10m"`

	// Watch is how often jobs, payments and the ledger are counted for the metrics.
	Watch time.Duration `env:"WATCH_INTERVAL" envDefault:"30s"`
}

func main() {
	cfg, err := environ.Read[config]()
	log, level := logging.New(cfg.Log, name, os.Stdout)
	if err == nil {
		err = run(cfg, log, level)
	}
	if err != nil {
		log.Error("stopped", "err", err)
		os.Exit(1)
	}
}

func run(cfg config, log *slog.Logger, level logging.Level) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	flush, err := tracing.Start(ctx, cfg.Tracing, name, version, log)
	if err != nil {
		return err
	}
	defer flush()
	reg := metrics.NewRegistry(version)
	db, err := postgres.Open(ctx, cfg.Postgres, postgres.NewStatements(reg), failpoint.Tracer())
	if err != nil {
		return err
	}
	defer db.Close()
	probe, err := postgres.Probe(ctx, cfg.Postgres)
	if err != nil {
		return err
	}
	defer probe.Close()
	schema := func(ctx context.Context) error { return migrations.Orders.Check(ctx, probe) }
	if err := schema(ctx); err != nil {
		return err
	}
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	verifier, err := token.NewVerifier(ctx, cfg.Token, log)
	if err != nil {
		return err
	}
	cursors, err := page.NewCursors(cfg.InternalSecret)
	if err != nil {
		return err
	}

	redis.Observe(rdb, reg)
	reg.MustRegister(postgres.Collector(db, cfg.Postgres))
	app := httpserver.New(cfg.HTTP, log, reg)
	app.Use(postgres.Outages)
	outbox := store.NewOutbox(db, rdb, reg, log)
	copies, err := cache.Open(cache.Setup{Config: cfg.Cache, Batch: batch.New(rdb, reg), Redis: rdb, Registry: reg, Log: log})
	if err != nil {
		return err
	}
	catalog := catalogue.New(cfg.Catalogue, cfg.InternalSecret, httpclient.NewCalls(reg).To("catalog-svc"))
	jobs, err := work.NewKeeper(db, log)
	if err != nil {
		return err
	}
	counts := store.NewCounts(reg)
	carts, orders, keys := store.NewCarts(db, cfg.GuestCartTTL), store.NewOrders(db, jobs, outbox, counts), store.NewKeys(db, outbox)
	client, err := octo.New(cfg.Octo, reg, log)
	if err != nil {
		return err
	}
	provider, payments := octo.Provider{Client: client}, store.NewPayments(db, jobs, outbox, counts)
	changing := order.Changing{Orders: orders, Stock: catalog, Log: log}
	refunding := payment.Refunding{Limits: cfg.Refunds, Money: payments, Provider: provider, Log: log}
	settling := payment.Settling{Books: payments, Orders: orders, Stock: catalog, Provider: provider, Refunds: refunding, Log: log}
	doer, err := work.NewDoer(db, settling, []work.Routine{
		{Name: "expire_orders", Every: cfg.OrderExpiry, Batch: orders.ExpireOverdue},
		{Name: "forget_keys", Every: cfg.KeyExpiry, Batch: keys.Forget},
		{Name: "forget_guest_carts", Every: cfg.GuestCartExpiry, Batch: carts.ForgetGuests},
	}, log)
	if err != nil {
		return err
	}
	httpapi.Register(app, httpapi.API{
		Shopping: order.Shopping{Carts: carts, Catalogue: catalogue.NewCached(catalog, copies)},
		Placing:  order.Placing{Stock: catalog, Carts: carts, Orders: orders, Keys: keys, TTL: cfg.OrderTTL, Log: log},
		Changing: changing,
		Orders:   store.NewCachedOrders(orders, copies),
		Facts:    diagnostics.Of(db, cfg.Postgres, migrations.Orders.Name, copies),
		Verifier: verifier, Cursors: cursors, Secret: cfg.InternalSecret,

		Paying:   payment.Paying{Orders: changing, Attempts: payments, Provider: provider, Log: log},
		Settling: settling, Refunding: refunding, Payments: payments, Notices: provider, Calls: keys, Jobs: work.Admin{Jobs: jobs},
	})
	ops := httpserver.NewOps(reg, map[string]func(context.Context) error{"postgres": probe.Ping, "schema": schema})
	ops.Handle("/log-level", level)

	log.Info("serving", "addr", cfg.HTTP.Addr, "version", version)
	g, ctx := errgroup.WithContext(ctx)
	served, done := context.WithCancel(context.WithoutCancel(ctx))
	g.Go(func() error {
		defer done()
		return httpserver.Run(ctx, cfg.HTTP, app, ops)
	})
	g.Go(func() error { return outbox.Run(served) }) // for the last request too
	g.Go(func() error { return work.Run(ctx, doer, cfg.HTTP.DrainTimeout) })
	watcher := work.NewWatcher(db, payments.Unexplained, store.Patience, reg)
	g.Go(func() error { return watcher.Run(ctx, cfg.Watch, log) })
	return g.Wait()
}
