// Package postgres opens the pool that a service reads and writes its schema through, and reads what its errors mean.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/tracing"
)

// Config is a part of the configuration of every service with a database.
type Config struct {
	// URL names the server, the database and the service's own role. It carries the password, so it is never logged.
	URL string `env:"DATABASE_URL,required,notEmpty" json:"-"`

	// PoolSize is the number of connections that a process keeps in normal times.
	PoolSize int32 `env:"DB_POOL_SIZE" envDefault:"50"`

	// MaxOverflow is how many more it may open under load. Replicas times both together, and one for probes, must stay below the
	// server's max_connections.
	MaxOverflow int32 `env:"DB_MAX_OVERFLOW" envDefault:"100"`

	// PoolTimeout bounds the first connection. Later, who needs one waits until their own deadline.
	PoolTimeout time.Duration `env:"DB_POOL_TIMEOUT" envDefault:"10s"`

	// PoolRecycle is the age at which a connection is replaced, so that the pool follows a failover.
	PoolRecycle time.Duration `env:"DB_POOL_RECYCLE" envDefault:"30m"`
}

const (
	statementCache = 500
	pingTimeout    = 500 * time.Millisecond
	cancelDelay    = 100 * time.Millisecond
	// statementTimeout lies below every request's deadline, so that the server gives up before the connection must be cut.
	statementTimeout = "4500ms"
)

// Open returns a pool that has reached the server once. Tracers that are nil are left out.
func Open(ctx context.Context, cfg Config, tracers ...pgx.QueryTracer) (*pgxpool.Pool, error) {
	pool, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errors.New("reading DATABASE_URL: not a PostgreSQL URL") // pgx's own error may quote it
	}
	pool.MaxConns = cfg.PoolSize + cfg.MaxOverflow
	pool.MaxConnLifetime = cfg.PoolRecycle
	pool.MaxConnLifetimeJitter = cfg.PoolRecycle / 10
	pool.PingTimeout = pingTimeout
	pool.ConnConfig.StatementCacheCapacity = statementCache
	pool.ConnConfig.Tracer = tracing.Queries(tracers...)
	pool.ConnConfig.RuntimeParams["statement_timeout"] = statementTimeout
	// A request that is given up cancels its query; cutting the connection instead costs a storm of new ones.
	pool.ConnConfig.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelDelay}
	}
	pool.AfterConnect = ReadUTC
	db, err := pgxpool.NewWithConfig(ctx, pool)
	if err != nil {
		return nil, fmt.Errorf("opening the connection pool: %w", err)
	}
	first, cancel := context.WithTimeout(ctx, cfg.PoolTimeout)
	defer cancel()
	if err := db.Ping(first); err != nil {
		db.Close()
		return nil, fmt.Errorf("reaching PostgreSQL: %w", err)
	}
	return db, nil
}

// Probe returns a pool of one connection that requests do not use. Readiness asks through it whether PostgreSQL answers: else a
// queue for the requests' own pool would take all replicas away from behind the service at once.
func Probe(ctx context.Context, cfg Config) (*pgxpool.Pool, error) {
	cfg.PoolSize, cfg.MaxOverflow = 1, 0
	return Open(ctx, cfg)
}

// ReadUTC makes times what our API promises, wherever the process thinks it is.
func ReadUTC(_ context.Context, c *pgx.Conn) error {
	c.TypeMap().RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	return nil
}

// Violates says whether err is the violation of the named constraint or unique index.
func Violates(err error, constraint string) bool {
	e, ok := errors.AsType[*pgconn.PgError](err)
	return ok && e.ConstraintName == constraint
}

// Querier is what reads and writes: a pool, or a transaction on it.
type Querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Status is how full a pool is, by the names that the original API gave its numbers.
type Status struct {
	PoolSize    int32   `json:"pool_size"`
	CheckedIn   int32   `json:"checked_in_connections"`
	CheckedOut  int32   `json:"checked_out_connections"`
	Overflow    int32   `json:"overflow"` // connections above PoolSize
	Total       int32   `json:"total_connections"`
	MaxOverflow int32   `json:"max_overflow"`
	PoolTimeout float64 `json:"pool_timeout"` // seconds

	// State is "healthy", or "warning" when the pool has no connection left to give.
	State string `json:"status"`
}

// StatusOf reads the pool that cfg opened.
func StatusOf(db *pgxpool.Pool, cfg Config) Status {
	s := db.Stat()
	state := "healthy"
	if s.AcquiredConns() >= s.MaxConns() {
		state = "warning"
	}
	return Status{
		PoolSize: cfg.PoolSize, MaxOverflow: cfg.MaxOverflow, PoolTimeout: cfg.PoolTimeout.Seconds(),
		CheckedIn: s.IdleConns(), CheckedOut: s.AcquiredConns(), Total: s.TotalConns(),
		Overflow: max(0, s.TotalConns()-cfg.PoolSize), State: state,
	}
}
