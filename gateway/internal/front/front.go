// Package front is what every request meets before its route, whatever it asks: who the client is, what a client may not
// say, the headers on every answer, CORS and compression.
package front

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// Config is a part of the configuration of the gateway.
type Config struct {
	// TrustedProxies are the networks (CIDR, comma-separated) whose X-Forwarded-For and X-Forwarded-Proto are believed: the
	// ingress. Empty believes nobody. A network too wide lets clients invent their address.
	TrustedProxies []netip.Prefix `env:"TRUSTED_PROXIES"`

	// CORSOrigins are the origins (comma-separated, such as https://shop.example) whose pages may call the API with
	// credentials; "*" lets every page call it without. Empty lets none.
	CORSOrigins []string `env:"CORS_ORIGINS"`
}

// Use puts all of it in front of e's routes.
func Use(e *echo.Echo, cfg Config) {
	e.IPExtractor = addressBehind(cfg.TrustedProxies)
	e.Pre(announce(time.Now()), onePath, believe(cfg.TrustedProxies))
	if len(cfg.CORSOrigins) > 0 {
		e.Use(cors(cfg.CORSOrigins))
	}
}

// addressBehind returns how the client's address is found: through trusted proxies, else from the connection.
func addressBehind(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, p := range trusted {
		p = p.Masked()
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// announce sets the headers that every answer carries, errors too.
func announce(started time.Time) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			begun := time.Now()
			h := c.Response().Header()
			h.Set(echo.HeaderXContentTypeOptions, "nosniff")
			h.Set(echo.HeaderXFrameOptions, "DENY")
			h.Set(echo.HeaderReferrerPolicy, "strict-origin-when-cross-origin")
			c.Response().Before(func() {
				now := time.Now()
				h.Set("X-Process-Time", fmt.Sprintf("%.3fs", now.Sub(begun).Seconds()))
				h.Set("X-Uptime", strconv.FormatInt(int64(now.Sub(started).Seconds()), 10))
			})
			return next(c)
		}
	}
}

// onePath makes the path that is routed also the one that is sent on. The rule of trailing slashes reads the path without
// its escapes and the router reads it with them, so an escaped slash would leave the two different.
func onePath(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		u := c.Request().URL
		raw := strings.TrimSuffix(u.RawPath, "/")
		if path, err := url.PathUnescape(raw); err == nil && raw != "" {
			u.RawPath, u.Path = raw, path
		}
		return next(c)
	}
}

// believe replaces what a client says about itself by what we believe. From here on the X-Forwarded headers are ours.
func believe(trusted []netip.Prefix) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			address, proto := c.RealIP(), protoOf(r, trusted)
			for name := range r.Header {
				if name == "Forwarded" || name == "X-Real-Ip" ||
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
			"Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Refresh-Token", "X-Request-Id",
		},
		ExposeHeaders: []string{
			"ETag", "Idempotent-Replayed", "Location", "RateLimit", "RateLimit-Policy", "Retry-After", "X-Process-Time",
			"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id",
		},
		MaxAge: int((10 * time.Minute).Seconds()),
	})
}
