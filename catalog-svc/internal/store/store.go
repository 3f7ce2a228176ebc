// Package store keeps the catalogue in PostgreSQL. The rules that a constraint can hold are the tables'; the rest is the
// domain's.
package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/postgres"
)

// listed runs the query of a page and the query of its total in one round trip.
func listed[T any](ctx context.Context, db postgres.Querier, list, count string, listArgs, countArgs pgx.StrictNamedArgs) ([]T, int64, error) {
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
