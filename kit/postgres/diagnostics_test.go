package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
)

const role = "slippers_kit"

// TestMain gives the tests of diagnostics databases of their own, with a schema and without pg_stat_statements.
func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Role: role, Migrate: func(ctx context.Context, url string) error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		_, err = c.Exec(ctx, `
			DO $$ BEGIN
				IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '`+role+`') THEN CREATE ROLE `+role+`; END IF;
			END $$;
			CREATE SCHEMA shop; GRANT USAGE, CREATE ON SCHEMA shop TO `+role+`;
			DROP EXTENSION IF EXISTS pg_stat_statements`)
		return err
	}})
}

func do(t *testing.T, db postgres.Querier, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// The tests' PostgreSQL must be started with shared_preload_libraries=pg_stat_statements, as `make test` does.
func TestSlowQueriesAreTheRolesOwn(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	super := testkit.Superuser(t, db)
	do(t, super, `CREATE EXTENSION pg_stat_statements`, `SELECT pg_sleep(0.2) AS of_somebody_else`)
	for range 2 {
		do(t, db, "SELECT pg_sleep(0.05),\n\t\t'hunter2' AS mine")
	}
	do(t, db, `SELECT pg_sleep(0.01), `+strings.Repeat("1 + ", 600)+`1 AS long`)

	got, err := postgres.SlowQueriesOf(t.Context(), db, 100)
	if err != nil || !got.Available || got.Reason != "" || len(got.Queries) < 3 {
		t.Fatalf("got %+v, %v", got, err)
	}
	first := got.Queries[0]
	if first.Query != "SELECT pg_sleep($1), $2 AS mine" || first.Calls != 2 || first.Rows != 2 || first.TotalMs < 100 || first.MeanMs < 50 ||
		first.MaxMs < 50 || first.TotalMs < first.MaxMs {
		t.Errorf("the slowest is %+v", first)
	}
	if long := got.Queries[1].Query; utf8.RuneCountInString(long) != 1000 {
		t.Errorf("a long text has %d characters: %s", utf8.RuneCountInString(long), long)
	}
	if !slices.IsSortedFunc(got.Queries, func(a, b postgres.Statement) int { return int(b.TotalMs*1000 - a.TotalMs*1000) }) {
		t.Errorf("not by their time: %+v", got.Queries)
	}
	if all := fmt.Sprint(got.Queries); strings.Contains(all, "hunter2") || strings.Contains(all, "somebody_else") {
		t.Errorf("it tells what it should not: %s", all)
	}
	if got.Since == nil || time.Since(*got.Since) < 0 || got.Since.Location() != time.UTC {
		t.Errorf("counted since %v", got.Since)
	}
	if got, err := postgres.SlowQueriesOf(t.Context(), db, 1); err != nil || len(got.Queries) != 1 {
		t.Errorf("one is %+v, %v", got, err)
	}
}

// What is missing is said, in place of an empty list.
func TestWithoutCountsThereIsAReason(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		arrange []string // as a superuser
		setting string
		reason  string
	}{
		"no extension":  {nil, "", "then CREATE EXTENSION"},
		"an old one":    {[]string{`CREATE EXTENSION pg_stat_statements VERSION '1.8'`}, "", "ALTER EXTENSION pg_stat_statements UPDATE"},
		"out of reach":  {[]string{`CREATE SCHEMA "Far away"`, `CREATE EXTENSION pg_stat_statements SCHEMA "Far away"`}, "", "may not read"},
		"switched off":  {[]string{`CREATE EXTENSION pg_stat_statements`}, "pg_stat_statements.track", "Nothing is counted"},
		"in a schema":   {[]string{`CREATE SCHEMA "Aside"`, `CREATE EXTENSION pg_stat_statements SCHEMA "Aside"`, `GRANT USAGE ON SCHEMA "Aside" TO ` + role}, "", ""},
		"as it is made": {[]string{`CREATE EXTENSION pg_stat_statements`}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := testkit.Postgres(t)
			do(t, testkit.Superuser(t, db), tt.arrange...)
			if tt.setting != "" {
				cfg := db.Config()
				cfg.ConnConfig.RuntimeParams[tt.setting] = "none"
				other, err := pgxpool.NewWithConfig(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				defer other.Close()
				db = other
			}
			do(t, db, `SELECT 1`)
			got, err := postgres.SlowQueriesOf(t.Context(), db, 20)
			if err != nil || got.Available != (tt.reason == "") || !strings.Contains(got.Reason, tt.reason) || got.Available != (len(got.Queries) > 0) {
				t.Errorf("got %+v, %v, want the reason %q", got, err, tt.reason)
			}
			if b, err := json.Marshal(got); err != nil || !got.Available && string(b) != `{"available":false,"reason":"`+got.Reason+`"}` {
				t.Errorf("as JSON: %s, %v", b, err)
			}
		})
	}
}

// unloaded answers as a server does that has the extension's tables and not its library.
type unloaded struct{ *pgxpool.Pool }

func (unloaded) QueryRow(context.Context, string, ...any) pgx.Row { return unloadedRow{} }

type unloadedRow struct{}

func (unloadedRow) Scan(...any) error { return &pgconn.PgError{Code: "55000"} }

func TestAServerWithoutTheLibraryIsAReason(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	do(t, testkit.Superuser(t, db), `CREATE EXTENSION pg_stat_statements`)
	got, err := postgres.SlowQueriesOf(t.Context(), unloaded{db}, 20)
	if err != nil || got.Available || !strings.Contains(got.Reason, "shared_preload_libraries") {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A database that does not answer has not said that it lacks anything.
func TestAnOutageIsNoReason(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := postgres.SlowQueriesOf(ctx, db, 20); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := postgres.LargeScansOf(ctx, db, "shop"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLargeScansAreThoseOfTheSchemasLargeTables(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	super := testkit.Superuser(t, db)
	for reader, statements := range map[*pgxpool.Pool][]string{
		super: {`CREATE SCHEMA other`, `CREATE TABLE other.heap AS SELECT generate_series(1, 9000) AS id`, `SELECT count(*) FROM other.heap`},
		db: {
			`CREATE TABLE shop.heap AS SELECT generate_series(1, 3000) AS id`, `CREATE TABLE shop.unread AS SELECT generate_series(1, 3000) AS id`,
			`CREATE TABLE shop.small AS SELECT generate_series(1, 999) AS id`, `CREATE TABLE shop.indexed (id int PRIMARY KEY)`,
			`INSERT INTO shop.indexed SELECT generate_series(1, 2500)`,
			`SET enable_indexscan = off`, `SET enable_indexonlyscan = off`, `SET enable_bitmapscan = off`,
			`SELECT count(*) FROM shop.heap`, `SELECT count(*) FROM shop.heap`, `SELECT count(*) FROM shop.small`, `SELECT count(*) FROM shop.indexed`,
		},
	} {
		c, err := pgx.ConnectConfig(t.Context(), reader.Config().ConnConfig)
		if err != nil {
			t.Fatal(err)
		}
		do(t, c, statements...)
		if err := c.Close(t.Context()); err != nil { // it tells its counts at the latest now
			t.Fatal(err)
		}
	}
	var got, other postgres.LargeScans
	for end := time.Now().Add(20 * time.Second); len(got.Tables) < 2 || len(other.Tables) < 1; {
		var err, otherErr error
		got, err = postgres.LargeScansOf(t.Context(), db, "shop")
		other, otherErr = postgres.LargeScansOf(t.Context(), db, "other")
		if err := errors.Join(err, otherErr); err != nil {
			t.Fatal(err)
		}
		if time.Now().After(end) {
			t.Fatalf("got %+v and %+v, want two tables and one", got.Tables, other.Tables)
		}
	}
	first := got.Tables[0]
	first.NLiveTup = 0 // an estimate, which PostgreSQL makes when it likes
	if want := (postgres.ScannedTable{Schema: "shop", Table: "heap", SeqScan: 2, SeqTupRead: 6000, RowsPerScan: 3000}); first != want {
		t.Errorf("the first is %+v, want %+v", first, want)
	}
	// Making its index was a scan too, of nothing.
	if second := got.Tables[1]; second.Table != "indexed" || second.SeqTupRead != 2500 || second.IdxScan == nil || *second.IdxScan != 0 || len(got.Tables) > 2 {
		t.Errorf("after it: %+v", got.Tables[1:])
	}
	if len(other.Tables) != 1 || other.Tables[0].SeqTupRead != 9000 {
		t.Errorf("of the other schema: %+v", other.Tables)
	}

	do(t, super, `SELECT pg_stat_reset()`)
	got, err := postgres.LargeScansOf(t.Context(), db, "shop")
	if err != nil || got.Since == nil || time.Since(*got.Since) > time.Hour || got.Tables == nil || len(got.Tables) != 0 || got.MinRowsPerScan != 1000 {
		t.Errorf("after a reset: %+v, %v", got, err)
	}
}
