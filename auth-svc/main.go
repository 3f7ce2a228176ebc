// Auth-svc keeps users and their passwords, and lets them in: sessions, tokens and the keys that sign them.
//
//	auth-svc                 serve
//	auth-svc generate-key    print a new signing key
//	auth-svc hash-password   print the hash of the password on standard input
//	auth-svc create-admin NAME SURNAME PHONE   add an administrator, with the password on standard input
package main

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/attempts"
	"github.com/slippers-api/slippers/auth-svc/internal/httpapi"
	"github.com/slippers-api/slippers/auth-svc/internal/notify"
	"github.com/slippers-api/slippers/auth-svc/internal/revocation"
	"github.com/slippers-api/slippers/auth-svc/internal/signing"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/environ"
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

const name = "auth-svc"

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
	Keys      signing.Config
	Passwords account.PasswordConfig
	Lifetimes account.Lifetimes
	Cookie    httpapi.Cookie
	Notify    notify.Config
	Attempts  attempts.Config

	// TrustedProxies are the networks (CIDR, comma-separated) whose X-Forwarded-For is believed: the gateways. While it is empty
	// all clients of a gateway have one address, and whoever knows a phone number can keep its owner out.
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"`

	// InternalSecret is what our services show each other. It must be the same in all of them.
	InternalSecret string `env:"INTERNAL_SECRET,required,notEmpty" json:"-"`

	// SessionExpiry is how often sessions are looked for that ended long ago.
	SessionExpiry time.Duration `env:"SESSION_EXPIRY_INTERVAL" envDefault:"10m"`
}

// revocations is the prefix of the keys that the gateway reads.
const revocations = "session:"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var log *slog.Logger
	var err error
	if len(os.Args) > 1 {
		log, err = slog.New(slog.NewTextHandler(os.Stderr, nil)), command(ctx, os.Args[1:])
	} else {
		log, err = service(ctx)
	}
	stop()
	if err != nil {
		log.Error("stopped", "err", err)
		os.Exit(1)
	}
}

func service(ctx context.Context) (*slog.Logger, error) {
	cfg, err := environ.Read[config]()
	log, level := logging.New(cfg.Log, name, os.Stdout)
	if err == nil {
		err = serve(ctx, cfg, log, level)
	}
	return log, err
}

func serve(ctx context.Context, cfg config, log *slog.Logger, level logging.Level) error {
	flush, err := tracing.Start(ctx, cfg.Tracing, name, version, log)
	if err != nil {
		return err
	}
	defer flush()
	reg := metrics.NewRegistry(version)
	db, err := postgres.Open(ctx, cfg.Postgres, postgres.NewStatements(reg))
	if err != nil {
		return err
	}
	defer db.Close()
	probe, err := postgres.Probe(ctx, cfg.Postgres)
	if err != nil {
		return err
	}
	defer probe.Close()
	schema := func(ctx context.Context) error { return migrations.Auth.Check(ctx, probe) }
	if err := schema(ctx); err != nil {
		return err
	}
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	keys, err := signing.Load(cfg.Keys, cfg.Token)
	if err != nil {
		return err
	}
	passwords, err := account.NewPasswords(cfg.Passwords)
	if err != nil {
		return err
	}
	notifier, err := notify.New(cfg.Notify, log)
	if err != nil {
		return err
	}
	codeKey, err := account.CodeKey(cfg.InternalSecret)
	if err != nil {
		return err
	}
	cursors, err := page.NewCursors(cfg.InternalSecret)
	if err != nil {
		return err
	}

	redis.Observe(rdb, reg)
	reg.MustRegister(postgres.Collector(db, cfg.Postgres))
	outbox := store.NewOutbox(db, rdb, reg, log)
	asks := batch.New(rdb, reg)
	copies, err := cache.Open(cache.Setup{Config: cfg.Cache, Batch: asks, Redis: rdb, Registry: reg, Log: log})
	if err != nil {
		return err
	}
	keys.Observe(reg)
	users, sessions := store.NewUsers(db, outbox), store.NewSessions(db)
	revoked := revocation.New(rdb, revocations, sessions, cfg.Lifetimes.Access, reg, log)
	tries := attempts.New(cfg.Attempts, asks, rdb, reg)
	app := httpserver.New(cfg.HTTP, log, reg)
	app.IPExtractor = httpserver.AddressBehind(cfg.TrustedProxies)
	app.Use(postgres.Outages)
	httpapi.Register(app, httpapi.API{
		Entry: account.Entry{
			Users: users, Sessions: sessions, Passwords: passwords, Tokens: keys, Revoked: revoked, Attempts: tries, Lifetimes: cfg.Lifetimes,
		},
		Recovery: account.Recovery{
			Users: users, Codes: store.NewCodes(db, outbox), Passwords: passwords, Notifier: notifier, Revoked: revoked, Attempts: tries, Key: codeKey,
		},
		Changing: account.Changing{Users: users, Passwords: passwords, Revoked: revoked, Attempts: tries},
		Users:    store.NewCachedUsers(users, copies), Sessions: sessions, Revoked: revoked, Cookie: cfg.Cookie, JWKS: keys.JWKS(), Outcomes: httpapi.NewOutcomes(reg),
		Facts:    diagnostics.Of(db, cfg.Postgres, migrations.Auth.Name, copies),
		Verifier: token.NewVerifierWith(cfg.Token, keys.Find), Cursors: cursors, Secret: cfg.InternalSecret,
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
	g.Go(func() error { return revoked.Run(ctx) })
	go tries.Follow(ctx, log)
	g.Go(func() error {
		return account.Forgetting{Sessions: sessions, Every: cfg.SessionExpiry, Log: log}.Run(ctx)
	})
	return g.Wait()
}
