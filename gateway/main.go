// Gateway is the only process that the world can reach: it checks who may ask what, bounds it, and passes it on.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/front"
	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/logging"
	"github.com/slippers-api/slippers/kit/metrics"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/token"
	"github.com/slippers-api/slippers/kit/tracing"
)

const name = "gateway"

// version is stamped by the build.
var version = "dev"

// config is everything that may differ between two deployments.
type config struct {
	Log     logging.Config
	Tracing tracing.Config
	HTTP    httpserver.Config
	Redis   redis.Config
	Token   token.Config
	Front   front.Config
	Limit   limits.Config
	Cache   edge.Config

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
	cfg, err := environ.Read[config]()
	log, level := logging.New(cfg.Log, name, out)
	if err == nil {
		err = run(cfg, log, level)
	}
	if err != nil {
		log.Error("stopped", "err", err)
	}
	if stopErr := out.Stop(); err != nil || stopErr != nil {
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
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	verifier, err := token.NewVerifier(ctx, cfg.Token, log)
	if err != nil {
		return err
	}
	bound(cfg.Cache)
	reg := metrics.NewRegistry(version)
	redis.Observe(rdb, reg)
	app, err := build(cfg, rdb, verifier, log, reg)
	if err != nil {
		return err
	}
	go app.limits.Follow(ctx, log)
	log.Info("serving", "addr", cfg.HTTP.Addr, "version", version)
	ops := httpserver.NewOps(reg, nil)
	ops.Handle("/log-level", level)
	return httpserver.Run(ctx, cfg.HTTP, app, ops)
}

// spare is what the gateway may take beside its cache.
const spare = 40 << 20

// bound lets the collector work harder before the process takes much more than its cache may, unless GOMEMLIMIT says what it may:
// left to itself it would let as much garbage pile up as there are pages.
func bound(c edge.Config) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(int64(c.Bytes) + spare) //nolint:gosec // nobody has that much
	}
}
