// Catalog-svc serves the catalogue and keeps its stock: categories, slippers, images, reservations.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/catalog-svc/internal/blobs"
	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/httpapi"
	"github.com/slippers-api/slippers/catalog-svc/internal/picture"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/kit/failpoint"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/logging"
	"github.com/slippers-api/slippers/kit/metrics"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/kit/tracing"
	"github.com/slippers-api/slippers/migrations"
)

const name = "catalog-svc"

// version is stamped by the build.
var version = "dev"

// config is everything that may differ between two deployments.
type config struct {
	Log      logging.Config
	Tracing  tracing.Config
	HTTP     httpserver.Config
	Postgres postgres.Config
	Redis    redis.Config
	Cache    cache.Config
	Token    token.Config
	Images   blobs.Config
	Watch    store.WatchConfig

	// InternalSecret is what our services show each other. It must be the same in all of them.
	InternalSecret string `env:"INTERNAL_SECRET,required,notEmpty" json:"-"`

	// ImageDecoders is how many uploaded pictures are decoded at once. Each may take 400 MB for a moment.
	ImageDecoders int `env:"IMAGE_DECODERS" envDefault:"1"`

	// ReservationExpiry is how often reservations are looked for that are held after their time.
	ReservationExpiry time.Duration `env:"RESERVATION_EXPIRY_INTERVAL" envDefault:"5s"`
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
	schema := func(ctx context.Context) error { return migrations.Catalog.Check(ctx, probe) }
	if err := schema(ctx); err != nil {
		return err
	}
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	bucket, err := blobs.Open(cfg.Images)
	if err != nil {
		return err
	}
	defer bucket.Close()
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
	images, stock := store.NewImages(db, outbox), store.NewStock(db, outbox, store.NewCounts(reg))
	httpapi.Register(app, httpapi.API{
		Slippers: store.NewCachedSlippers(store.NewSlippers(db, outbox), copies), Categories: store.NewCategories(db, outbox),
		Images: images, Pictures: bucket, Stock: stock,
		Uploading: catalog.Uploading{Pictures: picture.NewCleaner(cfg.ImageDecoders), Blobs: bucket, Gallery: images},
		Facts:     diagnostics.Of(db, cfg.Postgres, migrations.Catalog.Name, copies),
		Verifier:  verifier, Cursors: cursors, Secret: cfg.InternalSecret,
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
	g.Go(func() error { return catalog.Expiry{Stock: stock, Every: cfg.ReservationExpiry, Log: log}.Run(ctx) })
	watcher := store.NewWatcher(cfg.Watch, db, stock, reg, log)
	g.Go(func() error { return watcher.Run(ctx) })
	return g.Wait()
}
