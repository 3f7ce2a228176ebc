package postgres_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/postgres"
)

func config(t *testing.T) postgres.Config {
	t.Helper()
	url := os.Getenv("TEST_DATABASE_URL")
	if url == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`")
	}
	return postgres.Config{URL: url, PoolSize: 1, MaxOverflow: 1, PoolTimeout: 5 * time.Second, PoolRecycle: time.Minute}
}

func TestStatusCountsWhatIsOut(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	db, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for i, want := range []struct {
		out, overflow int32
		state         string
	}{{1, 0, "healthy"}, {2, 1, "warning"}} {
		c, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		s := postgres.StatusOf(db, cfg)
		if s.CheckedOut != want.out || s.Overflow != want.overflow || s.State != want.state || s.PoolTimeout != 5 {
			t.Errorf("after %d: %+v, want %+v", i+1, s, want)
		}
	}
}

// A request that is given up must cost its query, not its connection.
func TestAnEndedContextKeepsTheConnection(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), config(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := db.Stat().NewConnsCount()
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		if _, err := db.Exec(ctx, "SELECT pg_sleep(10)"); err == nil {
			t.Error("ten seconds passed in ten milliseconds")
		}
		cancel()
	}
	if after := db.Stat().NewConnsCount(); after > before+1 {
		t.Errorf("%d new connections for 5 ended queries", after-before)
	}
}

func TestOpenDoesNotQuoteThePassword(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	cfg.URL = "postgres://user:hunter2@127.0.0.1:99999/db"
	if _, err := postgres.Open(t.Context(), cfg); err == nil || err.Error() != "reading DATABASE_URL: not a PostgreSQL URL" {
		t.Errorf("got %v", err)
	}
}
