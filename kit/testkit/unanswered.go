package testkit

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Unanswered returns connections to the database of pool that end when PostgreSQL answers a commit: it is done, and nobody
// hears of it.
func Unanswered(t testing.TB, pool *pgxpool.Pool) *pgxpool.Pool {
	t.Helper()
	cfg := pool.Config()
	dial := cfg.ConnConfig.DialFunc
	cfg.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		return &unanswered{Conn: c}, err
	}
	cut, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cut.Close)
	return cut
}

type unanswered struct {
	net.Conn
	commits atomic.Bool
}

// Write implements net.Conn.
func (c *unanswered) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("commit\x00")) {
		c.commits.Store(true)
	}
	return c.Conn.Write(b)
}

// Read implements net.Conn.
func (c *unanswered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.commits.Load() {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	return n, err
}
