package migrations_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/migrations"
)

var databases atomic.Int32

// empty returns the URL of a database of the test's own.
func empty(t *testing.T) string {
	t.Helper()
	admin := os.Getenv("TEST_DATABASE_URL")
	if admin == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`")
	}
	name := fmt.Sprintf("slippers_test_migrations_%d_%d", os.Getpid(), databases.Add(1))
	exec(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { exec(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func exec(t *testing.T, url, sql string) {
	t.Helper()
	c, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(context.Background())
	if _, err := c.Exec(context.Background(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func pool(t *testing.T, url, role string) *pgxpool.Pool {
	t.Helper()
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	if role != "" {
		cfg.ConnConfig.RuntimeParams["role"] = role
	}
	p, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func upAll(t *testing.T, url string) {
	t.Helper()
	for _, s := range migrations.All() {
		if err := s.Up(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUpDownAndUpAgain(t *testing.T) {
	t.Parallel()
	url := empty(t)
	upAll(t, url)
	for _, s := range migrations.All() {
		all, err := s.Status(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		for range all {
			if err := s.Down(t.Context(), url); err != nil {
				t.Fatal(err)
			}
		}
		var left []string
		rows, err := pool(t, url, "").Query(t.Context(),
			`SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1 AND table_name <> 'goose_db_version'`, s.Name)
		if err != nil {
			t.Fatal(err)
		}
		if left, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(left) > 0 {
			t.Errorf("%s leaves %v behind (%v)", s.Name, left, err)
		}
	}
	upAll(t, url)
}

func TestFourMigratorsAtOnce(t *testing.T) {
	t.Parallel()
	url := empty(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, s := range migrations.All() {
				if err := s.Up(t.Context(), url); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestCheckRefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	url := empty(t)
	for _, s := range migrations.All() {
		if err := s.Check(t.Context(), pool(t, url, "")); !errors.Is(err, migrations.ErrOld) {
			t.Errorf("%s, never migrated: got %v", s.Name, err)
		}
	}
	upAll(t, url)
	for _, s := range migrations.All() {
		if err := s.Check(t.Context(), pool(t, url, s.Role)); err != nil {
			t.Errorf("%s, as its own role: %v", s.Name, err)
		}
		if err := s.Down(t.Context(), url); err != nil {
			t.Fatal(err)
		}
		if err := s.Check(t.Context(), pool(t, url, s.Role)); !errors.Is(err, migrations.ErrOld) {
			t.Errorf("%s, one behind: got %v", s.Name, err)
		}
	}
}

// No service may read what another owns, change the schema, or forge the history of migrations.
func TestARoleIsHeldToItsOwnSchema(t *testing.T) {
	t.Parallel()
	url := empty(t)
	upAll(t, url)
	for _, own := range migrations.All() {
		db := pool(t, url, own.Role)
		refused(t, db, "CREATE TABLE "+own.Name+".mine (id int)")
		refused(t, db, "CREATE TABLE public.mine (id int)")
		refused(t, db, "DELETE FROM "+own.Name+".goose_db_version")
		for _, other := range migrations.All() {
			if other == own {
				continue
			}
			for _, table := range tables(t, pool(t, url, ""), other.Name) {
				refused(t, db, "SELECT FROM "+other.Name+"."+table)
			}
		}
	}
}

func tables(t *testing.T, db *pgxpool.Pool, schema string) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), `SELECT table_name::text FROM information_schema.tables WHERE table_schema = $1`, schema)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(names) < 2 {
		t.Fatalf("tables of %s: %v, %v", schema, names, err)
	}
	return names
}

func refused(t *testing.T, db *pgxpool.Pool, sql string) {
	t.Helper()
	const insufficientPrivilege = "42501"
	_, err := db.Exec(t.Context(), sql)
	if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != insufficientPrivilege {
		t.Errorf("%s was not refused: %v", sql, err)
	}
}
