package postgres_test

import (
	"errors"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
)

// during returns what a handler's error becomes.
func during(t *testing.T, err error) error {
	t.Helper()
	return postgres.Outages(func(echo.Context) error { return err })(nil)
}

func TestOutagesAreNoFaultsOfOurs(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = nobody.Close()
	down, err := pgxpool.New(t.Context(), "postgres://x@"+nobody.Addr().String()+"/x?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	defer down.Close()
	if err := during(t, down.Ping(t.Context())); !errors.Is(err, postgres.ErrDown) || fault.Of(err).RetryAfter == 0 {
		t.Errorf("nobody listens: got %v", err)
	}

	db, err := postgres.Open(t.Context(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = db.Exec(t.Context(), "SELECT pg_terminate_backend(pg_backend_pid())")
	if err := during(t, err); !errors.Is(err, postgres.ErrDown) {
		t.Errorf("the connection was ended: got %v", err)
	}
	_, err = db.Exec(t.Context(), "SET LOCAL statement_timeout = '1ms'; SELECT pg_sleep(60)")
	if err := during(t, err); !errors.Is(err, httpserver.ErrTimeout) {
		t.Errorf("a statement took too long: got %v", err)
	}
	err = pgx.BeginFunc(t.Context(), testkit.Unanswered(t, db), func(pgx.Tx) error { return nil })
	if err := during(t, err); !errors.Is(err, postgres.ErrDown) {
		t.Errorf("the connection was cut: got %v", err)
	}
	_, err = db.Exec(t.Context(), "SELECT 1/0")
	if got := during(t, err); got == nil || errors.Is(got, postgres.ErrDown) {
		t.Errorf("a mistake of ours: got %v, want it as it is", got)
	}
	ours := fault.New(fault.Conflict, "x", "x").Because(err)
	if got := during(t, ours); !errors.Is(got, ours) || errors.Is(got, postgres.ErrDown) {
		t.Errorf("a fault: got %v, want it as it is", got)
	}
}
