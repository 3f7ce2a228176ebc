package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Only what PostgreSQL itself has refused, or was never asked, is known not to be written.
func TestRefused(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx   context.Context
		query string
		want  bool
	}{
		"it said no":              {t.Context(), `SELECT 1 / 0`, true},
		"it ended the connection": {t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`, false},
		"it gave up waiting":      {over, `SELECT 1`, false},
	} {
		if _, err := db.Exec(tt.ctx, tt.query); err == nil || postgres.Refused(err) != tt.want {
			t.Errorf("%s: %v is proof: %v, want %v", name, err, postgres.Refused(err), tt.want)
		}
	}
	err = pgx.BeginFunc(t.Context(), testkit.Unanswered(t, db), func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT 1`)
		return err
	})
	if err == nil || postgres.Refused(err) {
		t.Errorf("a commit without an answer: %v is proof", err)
	}
	if postgres.Refused(nil) {
		t.Error("success is a refusal")
	}
}

// What looks at everything may take longer than a request may, and the connection it did so on may not afterwards.
func TestPatientlyStatementsMayTakeLonger(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.MaxOverflow = 0 // one connection
	db, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(t.Context(), `SET statement_timeout = '200ms'`); err != nil {
		t.Fatal(err)
	}
	slow := func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), `SELECT pg_sleep(0.5)`)
		return err
	}
	if err := postgres.Patiently(t.Context(), db, 30*time.Second, slow); err != nil {
		t.Errorf("it was not waited for: %v", err)
	}
	const canceled = "57014"
	short := postgres.Patiently(t.Context(), db, 100*time.Millisecond, slow)
	_, after := db.Exec(t.Context(), `SELECT pg_sleep(0.5)`)
	for name, err := range map[string]error{"patience of 100 ms": short, "afterwards": after} {
		if e, ok := errors.AsType[*pgconn.PgError](err); !ok || e.Code != canceled {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// The process' own zone is not that of what the API says.
func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	type row struct {
		At    time.Time
		Maybe *time.Time
	}
	const query = `SELECT timestamptz '2026-03-01 12:00+05' AS at, timestamptz '2026-03-01 12:00+05' AS maybe`
	got, err := postgres.One[row](t.Context(), db, "reading a time", nil, query, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC)
	if got.At != want || *got.Maybe != want {
		t.Errorf("read %v in %v and %v in %v, want %v", got.At, got.At.Location(), *got.Maybe, got.Maybe.Location(), want)
	}
}
