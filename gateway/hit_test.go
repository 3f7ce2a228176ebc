package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// discard is an answer that nobody reads.
type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// hit returns what serves one request for a page that is there.
func hit(tb testing.TB, s *shop, path string) func() {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodGet, path, nil)
	w := &discard{http.Header{}}
	return func() {
		clear(w.header)
		r.Header = http.Header{"Accept": {"*/*"}, "User-Agent": {"wrk"}}
		s.ServeHTTP(w, r)
	}
}

func BenchmarkEdgeHit(b *testing.B) {
	c := &catalogue{}
	s := open(b, c.serve, withRedis(b))
	path, _ := item()
	one := hit(b, s, path)
	one()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		one := hit(b, s, path)
		for pb.Next() {
			one()
		}
	})
	if n := c.calls.Load(); n != 1 {
		b.Errorf("%d calls: these were no hits", n)
	}
}
