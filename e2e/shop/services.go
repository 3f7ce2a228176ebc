package shop

import (
	"cmp"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/slippers-api/slippers/migrations"
)

// defaults are for one machine: a PostgreSQL as it comes has room for 100 connections, nobody speaks TLS, and codes go to
// the log.
var defaults = []string{"DB_POOL_SIZE=10", "DB_MAX_OVERFLOW=15", "COOKIE_SECURE=false", "NOTIFIER=log"}

// spec says how a service is started.
type spec struct {
	name  string
	probe string // a URL that answers 200 when it is ready
	env   []string
}

// specs lists the services, those first that others need.
func specs(o Options, s secrets) []spec {
	api := func(p Pair) string { return "http://127.0.0.1:" + strconv.Itoa(p.API) }
	ops := func(p Pair) string { return "http://127.0.0.1:" + strconv.Itoa(p.Ops) }
	common := []string{
		"REDIS_URL=" + o.RedisURL,
		"INTERNAL_SECRET=" + s.of("internal"),
		"JWKS_URL=" + api(o.Ports.Auth) + "/.well-known/jwks.json",
		"AUTH_SIGNING_KEYS=" + o.keyFile(),
		"IMAGES_URL=file://" + filepath.ToSlash(o.Images()),
		"CATALOG_URL=" + api(o.Ports.Catalog), "CATALOG_OPS_URL=" + ops(o.Ports.Catalog),
		"ORDER_URL=" + api(o.Ports.Order), "ORDER_OPS_URL=" + ops(o.Ports.Order),
		"AUTH_URL=" + api(o.Ports.Auth), "AUTH_OPS_URL=" + ops(o.Ports.Auth),
	}
	one := func(name string, p Pair, database string) spec {
		return spec{name, ops(p) + "/readyz", append([]string{
			"HTTP_ADDR=127.0.0.1:" + strconv.Itoa(p.API), "OPS_ADDR=127.0.0.1:" + strconv.Itoa(p.Ops), "DATABASE_URL=" + database,
		}, common...)}
	}
	auth := one("auth-svc", o.Ports.Auth, o.as(migrations.Auth, s))
	auth.env = append(auth.env, "TRUSTED_PROXIES=127.0.0.0/8") // the gateway
	octo := "http://127.0.0.1:" + strconv.Itoa(o.Ports.Octosim)
	order := one("order-svc", o.Ports.Order, o.as(migrations.Orders, s))
	order.env = append(order.env,
		"OCTO_URL="+octo, "OCTO_PAY_HOSTS="+strings.TrimPrefix(octo, "http://"), "OCTO_SHOP_ID=1", "OCTO_SECRET="+s.of("octo"),
		"OCTO_UNIQUE_KEY="+s.of("octo callbacks"), "OCTO_TEST=true",
		"OCTO_NOTIFY_URL="+api(o.Ports.Gateway)+"/payments/octo/notify", "OCTO_RETURN_URL="+api(o.Ports.Gateway)+"/")
	return []spec{
		{"octosim", octo + "/healthz", []string{
			"OCTOSIM_ADDR=" + strings.TrimPrefix(octo, "http://"), "OCTOSIM_SECRET=" + s.of("octo"), "OCTOSIM_UNIQUE_KEY=" + s.of("octo callbacks"),
		}},
		auth,
		one("catalog-svc", o.Ports.Catalog, o.as(migrations.Catalog, s)),
		order,
		one("gateway", o.Ports.Gateway, ""),
	}
}

// Images is the folder of pictures, for catalog-svc and for those who seed.
func (o Options) Images() string { return filepath.Join(o.Dir, "images") }

// as returns the URL with which a service reaches its part of the database, as the role of its own.
func (o Options) as(svc migrations.Service, s secrets) string {
	u, err := url.Parse(cmp.Or(o.ServicesURL, o.DatabaseURL))
	if err != nil {
		return o.DatabaseURL // the service will say what is wrong with it
	}
	u.User = url.UserPassword(svc.Role, s.of(svc.Role))
	return u.String()
}

// Environment returns what the service of the name is started with.
func (o Options) Environment(name string) ([]string, error) {
	s, err := readSecrets(o.Dir)
	if err != nil {
		return nil, err
	}
	for _, one := range specs(o, s) {
		if one.name == name {
			return slices.Concat(defaults, one.env, o.Env), nil
		}
	}
	return nil, errors.New("no service is called " + name)
}
