package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// ours is the gateway of the store, through everything that a visitor's request passes.
type ours struct{}

func (ours) name() string { return "**Slippers gateway**, edge hit, limit in Redis" }

func (ours) start(ctx context.Context, s site) (*running, error) {
	r := &running{
		url: s.store.URL + edgePath, stop: func() error { return nil }, // the store goes on
		parts: append([]part{s.service("gateway")}, s.server("Redis")...),
	}
	got, err := fetch(ctx, r.url)
	if err != nil {
		return nil, err
	}
	if !got.hit() {
		r.note = "its answers do NOT come from its cache now: " + got.cache()
		r.parts = slices.Concat(r.parts, []part{s.service("catalog-svc")}, s.server("PostgreSQL"))
	}
	return r, nil
}

// hit tells whether the gateway answered from its cache (RFC 9211).
func (a answer) hit() bool {
	return strings.Contains(a.header.Get("Cache-Status"), "; hit")
}

// spared tells whether nothing was asked of a service for the answer.
func (a answer) spared() bool {
	return a.hit() || strings.Contains(a.header.Get("Cache-Status"), "; collapsed")
}

// cache is what an answer says of the cache.
func (a answer) cache() string {
	if v := a.header.Get("Cache-Status"); v != "" {
		return fmt.Sprintf("%d with Cache-Status: %s", a.status, v)
	}
	return fmt.Sprintf("%d without Cache-Status", a.status)
}
