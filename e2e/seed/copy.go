package seed

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// schemas are those that are seeded.
const schemas = `('catalog', 'auth', 'orders')`

// refuseUsed returns ErrNotEmpty when there is anything that seeded rows would stand beside.
func refuseUsed(ctx context.Context, db *pgx.Conn) error {
	const query = `SELECT EXISTS (SELECT FROM catalog.slippers) OR EXISTS (SELECT FROM catalog.categories)
		OR EXISTS (SELECT FROM auth.users) OR EXISTS (SELECT FROM orders.orders)`
	var used bool
	if err := db.QueryRow(ctx, query).Scan(&used); err != nil {
		return fmt.Errorf("looking whether the database is empty: %w", err)
	}
	if used {
		return ErrNotEmpty
	}
	return nil
}

// table is rows for one table, in the order of its columns.
type table struct {
	name    string
	columns []string
	rows    iter.Seq[[]any]
}

func (t table) copy(ctx context.Context, tx pgx.Tx) error {
	next, stop := iter.Pull(t.rows)
	defer stop()
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		row, _ := next()
		return row, nil // nil ends the copy
	})
	if _, err := tx.CopyFrom(ctx, strings.Split(t.name, "."), t.columns, rows); err != nil {
		return fmt.Errorf("copying into %s: %w", t.name, err)
	}
	return nil
}

// write copies the whole shop.
func (s *shop) write(ctx context.Context, tx pgx.Tx, adminHash, userHash string) error {
	for _, t := range slices.Concat(s.accountTables(adminHash, userHash), s.catalogTables(), s.orderTables()) {
		if err := t.copy(ctx, tx); err != nil {
			return err
		}
	}
	return advance(ctx, tx)
}

// advance moves every identity past the ids that were copied, so that the next insert gets a free one.
func advance(ctx context.Context, tx pgx.Tx) error {
	const statement = `DO $$
		DECLARE c record;
		BEGIN
			FOR c IN SELECT format('%I.%I', table_schema, table_name) AS tbl, column_name AS col
				FROM information_schema.columns WHERE is_identity = 'YES' AND table_schema IN ` + schemas + `
			LOOP
				EXECUTE format('SELECT setval(pg_get_serial_sequence(%L, %L), (SELECT coalesce(max(%I), 0) + 1 FROM %s), false)',
					c.tbl, c.col, c.col, c.tbl);
			END LOOP;
		END $$`
	if _, err := tx.Exec(ctx, statement); err != nil {
		return fmt.Errorf("moving the identities past the copied ids: %w", err)
	}
	return nil
}

// analyze gives the planner its numbers, and index-only scans their map of visible pages. The rows stand without it.
func analyze(ctx context.Context, db *pgx.Conn) error {
	const query = `SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname IN ` + schemas
	var tables string
	if err := db.QueryRow(ctx, query).Scan(&tables); err != nil {
		return fmt.Errorf("listing the tables: %w", err)
	}
	if _, err := db.Exec(ctx, "VACUUM (ANALYZE) "+tables); err != nil {
		return fmt.Errorf("analyzing the tables: %w", err)
	}
	return nil
}
