// Package diagnostics answers under /internal what a service knows about its database and its copies. The gateway puts the
// answers of all services side by side, for administrators.
//
// Not for what should wake somebody up: that is a metric.
package diagnostics

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Facts are what is known.
type Facts struct {
	Pool        func() postgres.Status
	SlowQueries func(ctx context.Context, limit int) (postgres.SlowQueries, error)
	LargeScans  func(ctx context.Context) (postgres.LargeScans, error)
	Copies      func() cache.Usage
}

// Of returns what is known about the pool that cfg opened, the schema of the service, and its copies.
func Of(db *pgxpool.Pool, cfg postgres.Config, schema string, copies *cache.Caches) Facts {
	return Facts{
		Pool: func() postgres.Status { return postgres.StatusOf(db, cfg) },
		SlowQueries: func(ctx context.Context, limit int) (postgres.SlowQueries, error) {
			return postgres.SlowQueriesOf(ctx, db, limit)
		},
		LargeScans: func(ctx context.Context) (postgres.LargeScans, error) { return postgres.LargeScansOf(ctx, db, schema) },
		Copies:     copies.Usage,
	}
}

// Register adds the routes to e, for those who carry the credential of our own services.
func Register(e *echo.Echo, secret string, f Facts) {
	internal := httpserver.Internal(secret)
	httpserver.Get(e, "/internal/db-pool", f.pool, internal, httpserver.NoStore, httpserver.NoQuery)
	httpserver.Get(e, "/internal/slow-queries", f.slowQueries, internal, httpserver.NoStore)
	httpserver.Get(e, "/internal/missing-indexes", f.missingIndexes, internal, httpserver.NoStore, httpserver.NoQuery)
	httpserver.Get(e, "/internal/cache", f.copies, internal, httpserver.NoStore, httpserver.NoQuery)
}

func (f Facts) pool(c echo.Context) error { return c.JSON(http.StatusOK, f.Pool()) }

func (f Facts) copies(c echo.Context) error { return c.JSON(http.StatusOK, f.Copies()) }

func (f Facts) slowQueries(c echo.Context) error {
	q := httpserver.Query(c)
	limit := q.Int("limit", 20, 1, 100)
	if err := q.Err(); err != nil {
		return err
	}
	slow, err := f.SlowQueries(c.Request().Context(), int(limit))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, slow)
}

func (f Facts) missingIndexes(c echo.Context) error {
	scans, err := f.LargeScans(c.Request().Context())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, scans)
}
