//go:build !failpoint

// Package failpoint lets a process die where a test wants it: just before or just after it commits a statement or calls
// somebody. It is compiled in by the build tag failpoint only; without it nothing is left of it.
//
// Libraries for this (gofail, pingcap/failpoint) mark lines, and rewrite the sources of such a build. Here no line is marked:
// all that a process does to the world goes through pgx and net/http, which let others watch. So a point has no name in the
// code either. Whoever wants one says what is sent there.
package failpoint

import (
	"net/http"

	"github.com/jackc/pgx/v5"
)

// Tracer returns what watches a pool: nobody.
func Tracer() pgx.QueryTracer { return nil }

// Transport returns next, which nobody watches.
func Transport(next http.RoundTripper) http.RoundTripper { return next }
