// Package testkit gives tests real servers and holds APIs against their documents. Tests only: the linter keeps it out
// of binaries.
//
// The servers come from the environment, which `make test` sets: TEST_DATABASE_URL names a PostgreSQL where the tests
// may create databases and roles, TEST_REDIS_URL a Redis that they may fill. A test that needs one fails without it.
package testkit

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/postgres"
)

const howToGet = "run `make test`, which finds or starts one, or set it yourself"

// Schema is what a service's tests need to know of its part of the database.
type Schema struct {
	// Migrate brings the database at url up to date.
	Migrate func(ctx context.Context, url string) error

	// Role is what the service itself connects as; tests must not be allowed more.
	Role string
}

var (
	template   string
	schema     Schema
	databases  atomic.Int64
	cloneOneBy sync.Mutex // PostgreSQL copies a template for one at a time
)

// Main runs the tests of a package against databases cloned from one that it migrates once. Call it from TestMain,
// with its *testing.M or one that does more around it.
func Main(m interface{ Run() int }, s Schema) {
	os.Exit(run(m, s))
}

func run(m interface{ Run() int }, s Schema) int {
	ctx := context.Background()
	admin := os.Getenv("TEST_DATABASE_URL")
	if admin == "" {
		fmt.Fprintln(os.Stderr, "TEST_DATABASE_URL is not set: "+howToGet)
		return 1
	}
	schema = s
	template = fmt.Sprintf("slippers_test_%s_%d", s.Role, os.Getpid())
	if err := onAdmin(ctx, "CREATE DATABASE "+template); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = onAdmin(ctx, "DROP DATABASE IF EXISTS "+template+" WITH (FORCE)") }()
	if err := s.Migrate(ctx, databaseURL(template)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Postgres returns a pool on a migrated database of the test's own, as the service's role. The database goes with the test.
func Postgres(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return PostgresTraced(t, nil)
}

// PostgresTraced is Postgres with a tracer of its queries.
func PostgresTraced(t testing.TB, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	name := fmt.Sprintf("%s_%d", template, databases.Add(1))
	cloneOneBy.Lock()
	err := onAdmin(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template)
	cloneOneBy.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	pool := connect(t, name, schema.Role, tracer)
	t.Cleanup(func() {
		pool.Close()
		if err := onAdmin(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// Superuser returns a pool on the database of pool as the role that owns everything, for what a test must arrange or
// look at but the service may not.
func Superuser(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	super := connect(t, pool.Config().ConnConfig.Database, "", nil)
	t.Cleanup(super.Close)
	return super
}

func connect(t testing.TB, database, role string, tracer pgx.QueryTracer) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(databaseURL(database))
	if err != nil {
		t.Fatal(err)
	}
	cfg.MaxConns, cfg.AfterConnect = 20, postgres.ReadUTC
	cfg.ConnConfig.Tracer = tracer
	if role != "" {
		cfg.ConnConfig.RuntimeParams["role"] = role
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

func databaseURL(name string) string {
	u, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		panic("TEST_DATABASE_URL is not a URL") // the test's author must mend it
	}
	u.Path = "/" + name
	return u.String()
}

func onAdmin(ctx context.Context, sql string) error {
	c, err := pgx.Connect(ctx, os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("reaching the PostgreSQL of the tests (%s): %w", howToGet, err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// Queries is a tracer that keeps what was sent to PostgreSQL, so that a test can count it and explain it.
type Queries struct {
	mu   sync.Mutex
	sent []Sent
}

// Sent is one statement as it was sent.
type Sent struct {
	SQL  string
	Args []any
}

// TraceQueryStart implements pgx.QueryTracer.
func (q *Queries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	q.keep(d.SQL, d.Args)
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (q *Queries) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (q *Queries) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (q *Queries) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	q.keep(d.SQL, d.Args)
}

// TraceBatchEnd implements pgx.BatchTracer.
func (q *Queries) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (q *Queries) keep(sql string, args []any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent = append(q.sent, Sent{sql, args})
}

// Take returns what was sent since the last Take.
func (q *Queries) Take() []Sent {
	q.mu.Lock()
	defer q.mu.Unlock()
	sent := q.sent
	q.sent = nil
	return sent
}

// Plan returns the plan that PostgreSQL makes for s, a line each step.
func Plan(t testing.TB, db *pgxpool.Pool, s Sent) string {
	t.Helper()
	rows, err := db.Query(t.Context(), "EXPLAIN "+s.SQL, s.Args...)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("explaining %s: %v", s.SQL, err)
	}
	return strings.Join(lines, "\n")
}

// Vacuum vacuums and analyses tables until the planner knows that all of their rows are visible, as it does in a table that
// has been there for a while. One time is not always enough: any transaction of the server that began before may hold it up.
func Vacuum(t testing.TB, super *pgxpool.Pool, tables ...string) {
	t.Helper()
	const visible = `SELECT bool_and(relallvisible >= relpages) FROM pg_class WHERE oid = ANY ($1::text[]::regclass[])`
	deadline := time.Now().Add(time.Minute)
	for done := false; !done; {
		if _, err := super.Exec(t.Context(), "VACUUM (ANALYZE) "+strings.Join(tables, ", ")); err != nil {
			t.Fatal(err)
		}
		if err := super.QueryRow(t.Context(), visible, tables).Scan(&done); err != nil {
			t.Fatal(err)
		}
		if !done && time.Now().After(deadline) {
			t.Fatalf("something keeps rows of %v invisible for a minute", tables)
		}
	}
}
