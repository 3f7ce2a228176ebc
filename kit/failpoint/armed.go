//go:build failpoint

// Package failpoint is here in the form that kills: see failpoint.go for what it is.
package failpoint

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// point is where the process dies.
type point struct {
	after bool
	part  string // of what is sent
	left  atomic.Int64
}

// wanted reads FAILPOINT, such as "before POST /refund" or "after INSERT INTO orders.payments#2", the second time. It
// returns nil when there is none.
func wanted() *point {
	said := os.Getenv("FAILPOINT")
	if said == "" {
		return nil
	}
	when, what, ok := strings.Cut(said, " ")
	part, nth, counted := strings.Cut(what, "#")
	n := 1
	if counted {
		n, _ = strconv.Atoi(nth)
	}
	if !ok || (when != "before" && when != "after") || part == "" || n < 1 {
		panic("FAILPOINT must be before or after, and a part of what is sent: " + said)
	}
	p := &point{after: when == "after", part: part}
	p.left.Store(int64(n))
	return p
}

func (p *point) in(sent string) bool { return strings.Contains(sent, p.part) }

// reach ends the process if this is the point. Nobody hears of it: not even deferred calls.
func (p *point) reach(after bool) {
	if p.after != after || p.left.Add(-1) != 0 {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {}
}

// Tracer returns what watches a pool. Before is before anything that may be committed is sent: in a transaction, before its
// commit. After is when it is committed. A statement that concerned no row does not count.
func Tracer() pgx.QueryTracer {
	if p := wanted(); p != nil {
		return &tracer{point: p}
	}
	return nil
}

type tracer struct {
	*point
	within sync.Map // the connections with a transaction that the statement is a part of
}

// sent is where a context carries the statement.
type sent struct{}

const idle = 'I' // in no transaction

// TraceQueryStart implements pgx.QueryTracer.
func (t *tracer) TraceQueryStart(ctx context.Context, c *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	_, within := t.within.Load(c)
	if within && d.SQL == "commit" || c.PgConn().TxStatus() == idle && t.in(d.SQL) {
		t.reach(false)
	}
	return context.WithValue(ctx, sent{}, d.SQL)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t *tracer) TraceQueryEnd(ctx context.Context, c *pgx.Conn, d pgx.TraceQueryEndData) {
	sql, _ := ctx.Value(sent{}).(string)
	done := d.Err == nil && d.CommandTag.RowsAffected() > 0 && t.in(sql)
	if sql == "commit" || sql == "rollback" {
		_, within := t.within.LoadAndDelete(c)
		done = within && sql == "commit" && d.Err == nil
	}
	t.committed(c, done)
}

func (t *tracer) committed(c *pgx.Conn, done bool) {
	switch {
	case !done:
	case c.PgConn().TxStatus() == idle:
		t.reach(true)
	default:
		t.within.Store(c, nil)
	}
}

// TraceBatchStart implements pgx.BatchTracer.
func (t *tracer) TraceBatchStart(ctx context.Context, c *pgx.Conn, d pgx.TraceBatchStartData) context.Context {
	found := false
	for _, q := range d.Batch.QueuedQueries {
		found = found || t.in(q.SQL)
	}
	if found && c.PgConn().TxStatus() == idle {
		t.reach(false)
	}
	return context.WithValue(ctx, sent{}, found)
}

// TraceBatchQuery implements pgx.BatchTracer.
func (t *tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd implements pgx.BatchTracer.
func (t *tracer) TraceBatchEnd(ctx context.Context, c *pgx.Conn, d pgx.TraceBatchEndData) {
	found, _ := ctx.Value(sent{}).(bool)
	t.committed(c, found && d.Err == nil)
}

// Transport returns next, watched. Before is before a call is made, after when its answer has come.
func Transport(next http.RoundTripper) http.RoundTripper {
	if p := wanted(); p != nil {
		return transport{p, next}
	}
	return next
}

type transport struct {
	*point
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	here := t.in(r.Method + " " + r.URL.Path)
	if here {
		t.reach(false)
	}
	res, err := t.next.RoundTrip(r)
	if here && err == nil {
		t.reach(true)
	}
	return res, err
}
