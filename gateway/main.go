// Gateway is the only process that the world can reach: it checks who may ask what, bounds it, and passes it on.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap/zapcore"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/front"
	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/token"
)

// version is stamped by the build.
var version = "dev"

// config is everything that may differ between two deployments.
type config struct {
	HTTP  httpserver.Config
	Redis redis.Config
	Token token.Config
	Front front.Config
	Limit limits.Config
	Cache edge.Config

	// CatalogURL, OrderURL and AuthURL are the services. Their replicas are behind one address each.
	CatalogURL string `env:"CATALOG_URL" envDefault:"http://localhost:8081"`
	OrderURL   string `env:"ORDER_URL" envDefault:"http://localhost:8082"`
	AuthURL    string `env:"AUTH_URL" envDefault:"http://localhost:8083"`

	// CatalogOpsURL, OrderOpsURL and AuthOpsURL are where the services' probes are, for /health.
	CatalogOpsURL string `env:"CATALOG_OPS_URL" envDefault:"http://localhost:9091"`
	OrderOpsURL   string `env:"ORDER_OPS_URL" envDefault:"http://localhost:9092"`
	AuthOpsURL    string `env:"AUTH_OPS_URL" envDefault:"http://localhost:9093"`

	// InternalSecret is what our services show each other. It must be the same in all of them.
	InternalSecret string `env:"INTERNAL_SECRET,required,notEmpty" json:"-"`

	// UpstreamTimeout bounds the wait for an answer to begin. It must stay above the services' HTTP_REQUEST_TIMEOUT, so that
	// theirs is the answer.
	UpstreamTimeout time.Duration `env:"UPSTREAM_TIMEOUT" envDefault:"6s"`
}

// logFlush is how long a line may wait for others: writing each one by itself costs a tenth of all work on a busy gateway.
const logFlush = 100 * time.Millisecond

func main() {
	out := &zapcore.BufferedWriteSyncer{WS: zapcore.AddSync(struct{ io.Writer }{os.Stdout}), FlushInterval: logFlush}
	log := slog.New(slog.NewJSONHandler(out, nil)).With("service", "gateway")
	err := run(log)
	if err != nil {
		log.Error("stopped", "err", err)
	}
	if stopErr := out.Stop(); err != nil || stopErr != nil {
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	cfg, err := environ.Read[config]()
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
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
	reg := prometheus.NewRegistry()
	app, err := build(cfg, rdb, verifier, log, reg)
	if err != nil {
		return err
	}
	log.Info("serving", "addr", cfg.HTTP.Addr, "version", version)
	return httpserver.Run(ctx, cfg.HTTP, app, httpserver.NewOps(reg, nil))
}
