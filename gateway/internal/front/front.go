// Package front is what every request meets before its route, whatever it asks: who the client is, what a client may not
// say, the headers on every answer, CORS and compression.
package front

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Config is a part of the configuration of the gateway.
type Config struct {
	// TrustedProxies are the networks (CIDR, comma-separated) whose X-Forwarded-For and X-Forwarded-Proto are believed: the
	// ingress. Empty believes nobody. A network too wide lets clients invent their address.
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"`

	// CORSOrigins are the origins (comma-separated, such as https://shop.example) whose pages may call the API with
	// credentials; "*" lets every page call it without. Empty lets none.
	CORSOrigins []string `env:"CORS_ORIGINS"`

	// TrustTraces lets the ingress say which trace a request belongs to, and whether that is kept. If clients reach the gateway
	// by it, they can.
	TrustTraces bool `env:"TRACES_TRUST_INCOMING" envDefault:"false"`
}

// Use puts all of it in front of e's routes.
func Use(e *echo.Echo, cfg Config) {
	e.IPExtractor = httpserver.AddressBehind(cfg.TrustedProxies)
	e.Pre(meet)
	if !cfg.TrustTraces {
		e.Pre(ownTrace)
	}
	if len(cfg.CORSOrigins) > 0 {
		e.Use(cors(cfg.CORSOrigins))
	}
}

// What every answer says. The values are shared: nobody writes to them.
var (
	nosniff = []string{"nosniff"}
	deny    = []string{"DENY"}
	origin  = []string{"strict-origin-when-cross-origin"}

	started = time.Now()
)

// meet sets the headers that every answer carries, errors too, and makes the path that is routed also the one that is sent
// on.
func meet(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		begun := time.Now()
		h := c.Response().Header()
		h["X-Content-Type-Options"], h["X-Frame-Options"], h["Referrer-Policy"] = nosniff, deny, origin
		c.Response().Before(func() {
			now := time.Now()
			took := strconv.AppendFloat(make([]byte, 0, 8), now.Sub(begun).Seconds(), 'f', 3, 64)
			h["X-Process-Time"], h["X-Uptime"] = []string{string(append(took, 's'))}, uptime(now)
		})
		onePath(c.Request().URL)
		return next(c)
	}
}

// ownTrace takes off what a client says of traces.
func ownTrace(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Request().Header
		for _, name := range []string{"Traceparent", "Tracestate", "Baggage"} {
			delete(h, name)
		}
		return next(c)
	}
}

// lastUptime is what was answered before, which is good for a second.
var lastUptime atomic.Pointer[seconds]

type seconds struct {
	n    int64
	text []string
}

func uptime(now time.Time) []string {
	n := int64(now.Sub(started) / time.Second)
	if last := lastUptime.Load(); last != nil && last.n == n {
		return last.text
	}
	s := &seconds{n, []string{strconv.FormatInt(n, 10)}}
	lastUptime.Store(s)
	return s.text
}

// onePath gives u one path. The rule of trailing slashes reads it without its escapes and the router reads it with them,
// so an escaped slash would leave the two different.
func onePath(u *url.URL) {
	if u.RawPath == "" {
		return
	}
	raw := strings.TrimSuffix(u.RawPath, "/")
	if path, err := url.PathUnescape(raw); err == nil && raw != "" {
		u.RawPath, u.Path = raw, path
	}
}

// Believe replaces what a client says about itself by what we believe, for those to whom its request is passed on. From
// there on the X-Forwarded headers are ours.
func Believe(trusted []netip.Prefix) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			address, proto := c.RealIP(), protoOf(r, trusted)
			for name := range r.Header {
				if name == "Forwarded" || name == "X-Real-Ip" || name == "Upgrade" || // the proxy refuses some before it can drop them
					strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "X-User-") {
					delete(r.Header, name)
				}
			}
			r.Header.Set(echo.HeaderXForwardedFor, address)
			r.Header.Set("X-Forwarded-Host", r.Host)
			r.Header.Set(echo.HeaderXForwardedProto, proto)
			return next(c)
		}
	}
}

// protoOf returns the scheme that the client used: a trusted proxy's word, else the connection's.
func protoOf(r *http.Request, trusted []netip.Prefix) string {
	said := r.Header.Get(echo.HeaderXForwardedProto)
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	believed := err == nil && slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(peer.Addr().Unmap()) })
	switch {
	case believed && (said == "http" || said == "https"):
		return said
	case r.TLS != nil:
		return "https"
	default:
		return "http"
	}
}

func cors(origins []string) echo.MiddlewareFunc {
	return middleware.CORSWithConfig(middleware.CORSConfig{
		AllowOrigins:     origins,
		AllowCredentials: !slices.Contains(origins, "*"),
		AllowMethods:     []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete},
		AllowHeaders: []string{
			"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Refresh-Token", "X-Cart-Token", "X-Request-Id",
		},
		ExposeHeaders: []string{
			"ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Cart-Token", "X-Process-Time",
			"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id",
		},
		MaxAge: int((10 * time.Minute).Seconds()),
	})
}
