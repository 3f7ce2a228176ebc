package stack

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"github.com/jackc/pgx/v5"
)

// statements is the setting that makes a PostgreSQL count what statements cost, for GET /admin/slow-queries.
const statements = "shared_preload_libraries=pg_stat_statements"

// statementsOf returns the setting for a program of the machine, or nothing where its library is missing: it would not start.
func (o Options) statementsOf(program string) []string {
	if !o.Statements {
		return nil
	}
	for _, dir := range []string{"lib", "lib/postgresql"} { // of Debian, and of whoever builds it as it comes
		if found, _ := filepath.Glob(filepath.Join(filepath.Dir(program), "..", dir, "pg_stat_statements.*")); len(found) > 0 {
			return []string{statements}
		}
	}
	return nil
}

// extend makes the extension on a server that was started with the setting, or stops it. It is made in the database that all
// URLs of ours name, and in the one that new databases are copied from, such as those of tests.
func (s *Server) extend(ctx context.Context) (*Server, error) {
	for _, database := range []string{"/postgres", "/template1"} {
		if err := createExtension(ctx, s.URL, database); err != nil {
			return nil, errors.Join(fmt.Errorf("creating the extension pg_stat_statements: %w", err), s.stop())
		}
	}
	return s, nil
}

func createExtension(ctx context.Context, server, database string) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	u.Path = database
	c, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
	return errors.Join(err, c.Close(ctx))
}
