package edge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/singleflight"

	"github.com/slippers-api/slippers/gateway/internal/proxy"
)

// Config is a part of the configuration of the gateway.
type Config struct {
	// Bytes is about how much memory the pages in this process may take.
	Bytes uint64 `env:"CACHE_BYTES" envDefault:"134217728"`

	// Slots is how many pages Redis holds for all gateways, each of at most 16 KiB, compressed; larger ones stay in the gateway
	// that read them. Each has its place by its key, and drives out what was there: so no query, however invented, makes Redis
	// grow.
	Slots uint32 `env:"CACHE_SHARED_SLOTS" envDefault:"4096"`

	// StaleIfError is for how long pages are served that cannot be checked, because Redis is away.
	StaleIfError time.Duration `env:"CACHE_STALE_IF_ERROR" envDefault:"30s"`

	// StaleWhileRevalidate is for how long after its time a page is served while it is read anew. It must still be that of
	// its stamps: never for a page that was changed.
	StaleWhileRevalidate time.Duration `env:"CACHE_STALE_WHILE_REVALIDATE" envDefault:"60s"`

	// LoadTimeout bounds one reading of a page from its service. It outlives the client who asked first.
	LoadTimeout time.Duration `env:"CACHE_LOAD_TIMEOUT" envDefault:"6s"`

	// Lease is for how long one gateway may keep the others from reading the same page. Those wait, and then read it too.
	Lease time.Duration `env:"CACHE_LEASE" envDefault:"1s"`
}

// Origin is who knows the pages.
type Origin interface {
	// Get asks for a page by its path and query, with nothing of the client's but the request id.
	Get(ctx context.Context, target, requestID string) (*http.Response, error)
}

// Cache keeps pages.
type Cache struct {
	cfg     Config
	origin  Origin
	rdb     redis.UniversalClient
	log     *slog.Logger
	local   *otter.Cache[string, *entry]
	flights singleflight.Group
	metrics *metrics
}

// New returns a cache of what origin knows.
func New(cfg Config, origin Origin, rdb redis.UniversalClient, log *slog.Logger, reg prometheus.Registerer) (*Cache, error) {
	local, err := otter.New(&otter.Options[string, *entry]{
		MaximumWeight: cfg.Bytes,
		Weigher:       func(_ string, e *entry) uint32 { return e.weight() },
	})
	if err != nil {
		return nil, fmt.Errorf("making the store of pages: %w", err)
	}
	c := &Cache{cfg: cfg, origin: origin, rdb: rdb, log: log, local: local}
	c.metrics = newMetrics(reg, cfg.Bytes, func() float64 { return float64(local.WeightedSize()) })
	return c, nil
}

// Plan is what a request needs to know from Redis before it can be answered. The zero Plan needs nothing: the request is
// none of the cache's.
type Plan struct {
	Tags []string

	page *Page
	key  string
	held *entry
}

// Plan returns the plan for a GET of page.
func (c *Cache) Plan(page *Page, ctx echo.Context) Plan {
	id := ""
	if len(ctx.ParamValues()) > 0 {
		id = ctx.Param("id")
	}
	key, tags, ok := page.key(id, ctx.Request().URL.RawQuery)
	if !ok {
		return Plan{page: page}
	}
	p := Plan{Tags: tags, page: page, key: key}
	p.held, _ = c.local.GetIfPresent(key)
	return p
}

// early is how long before its time a page may be read anew, so that not all who need it find it expired at once.
const early = 0.1

// Serve answers a request whose plan has been asked: stamps are those of the plan's tags, or nil when Redis is away. next
// asks the service itself.
func (c *Cache) Serve(ctx echo.Context, p Plan, stamps []string, next echo.HandlerFunc) error {
	now := time.Now()
	count := c.metrics.of(p.page)
	switch e := p.held; {
	case p.key == "":
		return c.pass(ctx, statusBypass, count.bypass, next)
	case stamps == nil && e != nil && now.UnixNano()-e.confirmed.Load() < int64(c.cfg.StaleIfError):
		count.stale.Inc()
		return e.write(ctx, statusDegraded, now)
	case stamps == nil:
		return c.pass(ctx, statusUncertain, count.bypass, next)
	case e.fresh(stamps) && now.Before(e.Expires):
		e.confirmed.Store(now.UnixNano())
		count.hit.Inc()
		if left := e.Expires.Sub(now); left < time.Duration(early*float64(p.page.TTL)) && rand.Float64() > float64(left)/(early*float64(p.page.TTL)) { //nolint:gosec // spreads work, keeps no secret
			c.refresh(p, stamps)
		}
		return e.write(ctx, statusHit, now)
	case e.fresh(stamps) && now.Sub(e.Expires) < c.cfg.StaleWhileRevalidate:
		e.confirmed.Store(now.UnixNano())
		count.stale.Inc()
		c.refresh(p, stamps)
		return e.write(ctx, statusExpired, now)
	}
	return c.miss(ctx, p, stamps, next)
}

func (c *Cache) pass(ctx echo.Context, status []string, count prometheus.Counter, next echo.HandlerFunc) error {
	count.Inc()
	ctx.Response().Header()["Cache-Status"] = status
	return next(ctx)
}

func (c *Cache) miss(ctx echo.Context, p Plan, stamps []string, next echo.HandlerFunc) error {
	count, status, joined := c.metrics.of(p.page), statusMiss, statusMissJoined
	if p.held != nil && !p.held.fresh(stamps) {
		c.drop(p) // else it were back as soon as Redis is away, should there be no other one to take its place
		status, joined = statusStale, statusStaleJoined
	}
	filled, err := c.fill(ctx.Request().Context(), p, stamps, time.Time{}, ctx.Request().Header.Get(echo.HeaderXRequestID))
	refused, _ := errors.AsType[*refusal](err)
	switch {
	case err == nil:
		if filled.joined {
			count.coalesced.Inc()
			status = joined
		} else {
			count.miss.Inc()
		}
		return filled.write(ctx, status, time.Now())
	case refused.final():
		c.drop(p)
	case p.held.fresh(stamps): // nobody has changed it since: better an old copy of it than none
		count.stale.Inc()
		return p.held.write(ctx, statusExpired, time.Now())
	case errors.Is(err, proxy.ErrTimeout): // all who wait have waited long enough
		return c.pass(ctx, statusBypass, count.bypass, func(echo.Context) error { return err })
	}
	if refused != nil && !filled.joined {
		count.bypass.Inc()
		return refused.write(ctx)
	}
	return c.pass(ctx, statusBypass, count.bypass, next) // the service's own answer says best what is wrong
}

// drop forgets the page that p holds, unless another one has taken its place.
func (c *Cache) drop(p Plan) {
	c.local.ComputeIfPresent(p.key, func(now *entry) (*entry, otter.ComputeOp) {
		if now == p.held {
			return nil, otter.InvalidateOp
		}
		return now, otter.CancelOp
	})
}

// refresh reads a page anew while the one that is there is served.
func (c *Cache) refresh(p Plan, stamps []string) {
	held := p.held
	if !held.refreshing.CompareAndSwap(false, true) {
		return
	}
	go func() { // ends with LoadTimeout at the latest
		defer held.refreshing.Store(false)
		if _, err := c.fill(context.Background(), p, stamps, held.Read, ""); err != nil {
			c.log.Warn("refreshing a page", "page", p.page.Name, "err", err)
		}
	}()
}
