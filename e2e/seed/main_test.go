package seed_test

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/e2e/seed"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
)

// No role: a seed is written by the owner of the tables.
func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Migrate: func(ctx context.Context, url string) error {
		for _, s := range migrations.All() {
			if err := s.Up(ctx, url); err != nil {
				return err
			}
		}
		return nil
	}})
}

// bcryptOf is what the stand-in for auth-svc prints: a hash of nothing anyone knows.
const bcryptOf = "$2a$04$abcdefghijklmnopqrstuuJ9RGzv0pJQ9c5mV2rVd4XkqGmYt2u1y"

// demo returns the options of the demo without pictures on a database of the test's own, and a pool on that.
func demo(t *testing.T) (seed.Options, *pgxpool.Pool) {
	t.Helper()
	db := testkit.Postgres(t)
	dir := t.TempDir()
	auth := filepath.Join(dir, "auth-svc")
	script := "#!/bin/sh\n[ \"$1\" = hash-password ] && [ -n \"$(cat)\" ] && echo '" + bcryptOf + "'\n"
	if err := os.WriteFile(auth, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	o := seed.Demo
	o.DatabaseURL, o.AuthBinary = databaseURL(t, db), auth
	o.Now = time.Date(2026, 3, 8, 0, 0, 0, 0, time.UTC)
	return o, db
}

func databaseURL(t *testing.T, db *pgxpool.Pool) string {
	t.Helper()
	u, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + db.Config().ConnConfig.Database
	return u.String()
}

// run seeds, or fails the test.
func run(t *testing.T, o seed.Options) {
	t.Helper()
	if err := seed.Run(t.Context(), o, t.Output()); err != nil {
		t.Fatal(err)
	}
}

// tables returns a digest of the rows of every table of ours.
func tables(t *testing.T, db *pgxpool.Pool) map[string]string {
	t.Helper()
	names := query[string](t, db, `SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
		WHERE schemaname IN ('catalog', 'auth', 'orders') AND tablename <> 'goose_db_version' ORDER BY 1`)
	digests := map[string]string{}
	for _, n := range names {
		digests[n] = query[string](t, db, `SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(r::text, E'\n' ORDER BY r::text)), '') FROM `+n+` r`)[0]
	}
	return digests
}

// query returns the one column of what sql finds.
func query[T any](t *testing.T, db *pgxpool.Pool, sql string, args ...any) []T {
	t.Helper()
	rows, err := db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return found
}

// invariant lists the slippers whose books do not balance.
const invariant = `SELECT s.id || ': ' || coalesce(m.came, 0) || ' came, ' || s.quantity || ' left, ' || coalesce(r.gone, 0) || ' held or sold, ' || coalesce(m.back, 0) || ' back'
	FROM catalog.slippers s
	LEFT JOIN (SELECT slipper_id, sum(quantity) FILTER (WHERE kind IN ('initial', 'restocked')) AS came,
			sum(quantity) FILTER (WHERE kind = 'returned') AS back FROM catalog.stock_movements GROUP BY slipper_id) m ON m.slipper_id = s.id
	LEFT JOIN (SELECT l.slipper_id, sum(l.quantity) AS gone FROM catalog.reservation_lines l
			JOIN catalog.reservations v ON v.id = l.reservation_id WHERE v.state IN ('held', 'sold') GROUP BY l.slipper_id) r ON r.slipper_id = s.id
	WHERE coalesce(m.came, 0) <> s.quantity + coalesce(r.gone, 0) - coalesce(m.back, 0)`
