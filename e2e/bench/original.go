package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/slippers-api/slippers/e2e/seed"
)

// endpoint is a row of the original's table.
type endpoint struct {
	name     string
	key      string // of its goals
	note     string // why its goals are not judged
	base     string
	requests []request
	then     figure
	samples  map[int][]sample // by the number of clients
}

// original measures what the original was measured on, under as many clients.
func original(ctx context.Context, l *lab) ([]table, error) {
	all, err := l.endpoints(ctx)
	if err != nil {
		return nil, err
	}
	measured := append([]part{l.service("gateway"), l.service("catalog-svc"), l.service("order-svc"), l.service("auth-svc")}, l.parts...)
	for round := range l.Rounds {
		for _, n := range concurrency {
			l.say("the original's table, round %d of %d, %d clients", round+1, l.Rounds, n)
			for _, e := range all {
				d := load{base: e.base, requests: e.requests, clients: n, span: l.span()}
				s, err := during(ctx, measured, func() (sample, error) { return d.run(ctx, l) })
				if err != nil {
					return nil, fmt.Errorf("loading %s: %w", e.name, err)
				}
				e.samples[n] = append(e.samples[n], s)
			}
		}
	}
	return l.originalTables(all), nil
}

// concurrency is how many clients there are at a time.
var concurrency = []int{1, 32, 64}

// endpoints prepares the rows. What writes comes last, so that the others find the same tables in every round but for it.
func (l *lab) endpoints(ctx context.Context) ([]*endpoint, error) {
	m, err := l.market(ctx)
	if err != nil {
		return nil, err
	}
	admin, regulars, everybody := m.admin, m.regulars, m.everybody
	const item = "/slippers/42"
	get := func(path string, headers ...string) request {
		return request{method: http.MethodGet, path: path, headers: headers}
	}
	gateway, catalog := l.store.URL, l.catalogURL()
	rows := []*endpoint{
		{name: "list of 20 with images, cached", key: "list-cached", base: gateway, requests: []request{get(pagePath)}, then: listCached},
		{name: "the same, gzip", key: "list-gzip", base: gateway, requests: []request{get(pagePath, "Accept-Encoding: gzip")}, then: listGzip},
		{name: "the same, uncached: catalog-svc itself", key: "list-uncached", base: catalog, requests: []request{get(pagePath)}, then: listUncached},
		{name: "item, cached", key: "item-cached", base: gateway, requests: []request{get(item)}, then: itemCached},
		{name: "item, uncached: catalog-svc itself", key: "item-uncached", base: catalog, requests: []request{get(item)}, then: itemUncached},
		{
			name: fmt.Sprintf("orders list of 20, %d customers", len(regulars)), key: "orders", base: gateway, then: ordersList,
			requests: each(regulars, func(c customer) request { return get(ordersPath, c.header) }),
		},
		{
			name: "orders list of 20, administrator", key: "orders-all", base: gateway, then: ordersList,
			requests: []request{get(ordersPath, admin)},
		},
		{
			name: "cart", key: "cart", base: gateway, then: cart,
			requests: each(everybody, func(c customer) request { return get(cartPath, c.header) }),
		},
		{
			name: "order from the cart", key: "from-cart", base: gateway, then: fromCart,
			requests: each(everybody, func(c customer) request {
				return request{method: http.MethodPost, path: placingPath, headers: []string{c.header}}
			}),
		},
		{
			name: "login", key: "login", base: gateway, then: login,
			requests: each(everybody, func(c customer) request { return loginAs(c.phone, seed.UserPassword) }),
		},
	}
	for _, e := range rows {
		e.samples = map[int][]sample{}
		var got answer
		for range 2 { // the second answer of a cache comes from it
			if got, err = must(ctx, e.base, e.requests[0]); err != nil {
				return nil, err
			}
		}
		if strings.HasSuffix(e.key, "-cached") && !got.hit() {
			e.note = " (NOT from a cache now: " + got.cache() + ")"
		}
	}
	return rows, nil
}
