package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// One runs a query that answers one row of T, matched by name. It returns missing when there is none. doing says in an
// error what was tried.
func One[T any](ctx context.Context, db Querier, doing string, missing error, query string, args pgx.StrictNamedArgs) (T, error) {
	rows, err := db.Query(ctx, query, args)
	if err != nil {
		return *new(T), fmt.Errorf("%s: %w", doing, err)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return *new(T), missing
	case err != nil:
		return *new(T), fmt.Errorf("%s: %w", doing, err)
	}
	return v, nil
}

// KeepPlan is the first statement of a transaction in which PostgreSQL shall keep its plans of those after it. It would plan a
// statement with arrays anew each time, because it cannot know how long they are: that can take longer than running it.
// Only for statements whose best plan does not hang on their arguments.
const KeepPlan = `SELECT set_config('plan_cache_mode', 'force_generic_plan', true)`

// Planned is All in a transaction of its own with KeepPlan, or within that of db, in one round trip.
func Planned[T any](ctx context.Context, db Querier, doing, query string, args pgx.StrictNamedArgs) (all []T, err error) {
	var b pgx.Batch
	b.Queue(KeepPlan)
	b.Queue(query, args).Query(func(rows pgx.Rows) (err error) {
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	})
	if err := db.SendBatch(ctx, &b).Close(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return all, nil
}

// All runs a query that answers any number of rows of T, matched by name. doing says in an error what was tried.
func All[T any](ctx context.Context, db Querier, doing, query string, args pgx.StrictNamedArgs) ([]T, error) {
	rows, err := db.Query(ctx, query, args)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return all, nil
}

// List runs the query of a page and the query of its total in one round trip.
func List[T any](ctx context.Context, db Querier, list, count string, listArgs, countArgs pgx.StrictNamedArgs) ([]T, int64, error) {
	var items []T
	var total int64
	var b pgx.Batch
	b.Queue(list, listArgs).Query(func(rows pgx.Rows) (err error) {
		items, err = pgx.CollectRows(rows, pgx.RowToStructByName[T])
		return err
	})
	b.Queue(count, countArgs).QueryRow(func(row pgx.Row) error { return row.Scan(&total) })
	if err := db.SendBatch(ctx, &b).Close(); err != nil {
		return nil, 0, fmt.Errorf("listing: %w", err)
	}
	return items, total, nil
}

// Patiently reads in a transaction whose statements may take that long each: for what looks at whole tables while no request waits
// for it. ctx needs a deadline above that: nothing else bounds the wait for a connection.
func Patiently(ctx context.Context, db *pgxpool.Pool, each time.Duration, read func(tx pgx.Tx) error) error {
	return pgx.BeginTxFunc(ctx, db, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', $1, true)`, strconv.FormatInt(each.Milliseconds(), 10)); err != nil {
			return fmt.Errorf("allowing statements %v: %w", each, err)
		}
		return read(tx)
	})
}

// Refused says whether err proves that nothing was written: PostgreSQL itself said no, or was never asked. A connection that
// ends proves nothing: it may do so between a commit and its answer. pgx then says that it was closed, as if before asking.
func Refused(err error) bool {
	e, said := errors.AsType[*pgconn.PgError](err)
	return said && e.SeverityUnlocalized == "ERROR" || pgconn.SafeToRetry(err) && !errors.Is(err, pgconn.ErrConnClosed)
}
