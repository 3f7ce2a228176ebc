package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Statement is what one statement has cost over all its calls. Values stand in none: they are sent beside the text.
type Statement struct {
	Query         string   `json:"query"` // at most queryLength characters
	Calls         int64    `json:"calls"`
	TotalMs       float64  `json:"total_ms"`
	MeanMs        float64  `json:"mean_ms"`
	MaxMs         float64  `json:"max_ms"`
	Rows          int64    `json:"rows"`
	CacheHitRatio *float64 `json:"cache_hit_ratio"` // nil when it read no block
}

// SlowQueries are the statements that have cost the database most time, or the reason why nobody knows them.
type SlowQueries struct {
	Available bool        `json:"available"`
	Reason    string      `json:"reason,omitempty"`
	Since     *time.Time  `json:"since,omitempty"` // when counting began
	Queries   []Statement `json:"queries,omitzero"`
}

// queryLength is enough to know a statement by.
const queryLength = 1000

// extension is what must be known of pg_stat_statements before it can be asked.
type extension struct {
	Schema string // quoted
	Recent bool
	Idle   bool
}

const findExtension = `
	SELECT quote_ident(n.nspname) AS schema, string_to_array(e.extversion, '.')::int[] >= '{1,9}' AS recent,
		coalesce(current_setting('pg_stat_statements.track', true) = 'none' OR current_setting('compute_query_id', true) = 'off', false) AS idle
	FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
	WHERE e.extname = 'pg_stat_statements'`

var errNoExtension = errors.New("there is no pg_stat_statements")

// reasons say by SQLSTATE why the extension does not answer.
var reasons = map[string]string{
	"42501": "The role of the service may not read pg_stat_statements: grant it USAGE on the extension's schema and SELECT on its views.",
	"55000": "PostgreSQL runs without pg_stat_statements: name it in shared_preload_libraries and restart the server.",
}

// SlowQueriesOf returns the statements of db's own role in its own database that have cost most time, those with the most
// first.
func SlowQueriesOf(ctx context.Context, db Querier, limit int) (SlowQueries, error) {
	ext, err := One[extension](ctx, db, "looking for pg_stat_statements", errNoExtension, findExtension, pgx.StrictNamedArgs{})
	switch {
	case errors.Is(err, errNoExtension):
		return SlowQueries{Reason: "The database has no extension pg_stat_statements: load it with shared_preload_libraries, then CREATE EXTENSION."}, nil
	case err != nil:
		return SlowQueries{}, err
	case !ext.Recent:
		return SlowQueries{Reason: "The extension pg_stat_statements is older than 1.9: ALTER EXTENSION pg_stat_statements UPDATE."}, nil
	case ext.Idle:
		return SlowQueries{Reason: "Nothing is counted: pg_stat_statements.track is none, or compute_query_id is off."}, nil
	}
	slow, err := ext.slowest(ctx, db, limit)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && reasons[e.Code] != "" {
		return SlowQueries{Reason: reasons[e.Code]}, nil
	}
	return slow, err
}

func (ext extension) slowest(ctx context.Context, db Querier, limit int) (SlowQueries, error) {
	const doing = "reading pg_stat_statements"
	since, err := sinceOf(ctx, db, doing, "SELECT stats_reset AS since FROM "+ext.Schema+".pg_stat_statements_info")
	if err != nil {
		return SlowQueries{}, err
	}
	all, err := All[Statement](ctx, db, doing, `
		SELECT left(regexp_replace(query, '\s+', ' ', 'g'), @length) AS query, calls, rows,
			round(total_exec_time::numeric, 3)::float8 AS total_ms, round(mean_exec_time::numeric, 3)::float8 AS mean_ms,
			round(max_exec_time::numeric, 3)::float8 AS max_ms,
			round(shared_blks_hit::numeric / nullif(shared_blks_hit + shared_blks_read, 0), 4)::float8 AS cache_hit_ratio
		FROM `+ext.Schema+`.pg_stat_statements
		WHERE userid = (SELECT oid FROM pg_roles WHERE rolname = current_user)
			AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		ORDER BY total_exec_time DESC, queryid
		LIMIT @limit`, pgx.StrictNamedArgs{"length": queryLength, "limit": limit})
	return SlowQueries{Available: err == nil, Since: since, Queries: all}, err
}

// sinceOf returns the one time that a query answers, which may be none.
func sinceOf(ctx context.Context, db Querier, doing, query string) (*time.Time, error) {
	var since *time.Time
	if err := db.QueryRow(ctx, query).Scan(&since); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return since, nil
}

// MinRowsPerScan is from how many rows on, read by a sequential scan on average, a table is worth a look. Of fewer rows than
// that an index finds nothing much faster, and PostgreSQL may be right to leave it alone.
const MinRowsPerScan = 1000

// ScannedTable is a table that is read from end to end, with many rows each time.
type ScannedTable struct {
	Schema      string `json:"schema"`
	Table       string `json:"table"`
	SeqScan     int64  `json:"seq_scan"`
	SeqTupRead  int64  `json:"seq_tup_read"`
	RowsPerScan int64  `json:"rows_per_scan"`
	IdxScan     *int64 `json:"idx_scan"` // nil when it has no index
	NLiveTup    int64  `json:"n_live_tup"`
}

// LargeScans are the tables that may lack an index.
type LargeScans struct {
	Since          *time.Time     `json:"since"` // when the statistics were last reset; nil when they never were
	MinRowsPerScan int64          `json:"min_rows_per_scan"`
	Tables         []ScannedTable `json:"tables"`
}

// mostTables bounds the answer. No schema of ours has as many.
const mostTables = 100

// LargeScansOf returns the tables of a schema whose sequential scans read MinRowsPerScan rows or more on average, those of
// which most rows were read first.
func LargeScansOf(ctx context.Context, db Querier, schema string) (LargeScans, error) {
	const doing = "reading the statistics of tables"
	since, err := sinceOf(ctx, db, doing, `SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()`)
	if err != nil {
		return LargeScans{}, err
	}
	tables, err := All[ScannedTable](ctx, db, doing, `
		SELECT schemaname AS schema, relname AS table, seq_scan, seq_tup_read, seq_tup_read / nullif(seq_scan, 0) AS rows_per_scan,
			idx_scan, n_live_tup
		FROM pg_stat_user_tables
		WHERE schemaname = @schema AND seq_tup_read / nullif(seq_scan, 0) >= @least
		ORDER BY seq_tup_read DESC, relname
		LIMIT @most`, pgx.StrictNamedArgs{"schema": schema, "least": MinRowsPerScan, "most": mostTables})
	return LargeScans{Since: since, MinRowsPerScan: MinRowsPerScan, Tables: tables}, err
}
