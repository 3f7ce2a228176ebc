// Package migrations holds the schema of every service, and brings a database to it.
//
// Each service has one PostgreSQL schema and one login role. The role that migrates owns the tables; the service's role
// may only do with them what the migrations grant. A service never migrates itself: it checks, and refuses to start on a
// schema older than it needs.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed catalog/*.sql auth/*.sql orders/*.sql
var files embed.FS

// Service is the part of the database that one service owns.
type Service struct {
	// Name is the schema's, and the folder's here.
	Name string

	// Role is what the service connects as.
	Role string

	// Jobs says that the service has work in the background, whose tables are River's.
	Jobs bool
}

// The services with a schema.
var (
	Catalog = Service{Name: "catalog", Role: "slippers_catalog"}
	Auth    = Service{Name: "auth", Role: "slippers_auth"}
	Orders  = Service{Name: "orders", Role: "slippers_orders", Jobs: true}
)

// All lists the services with a schema.
func All() []Service { return []Service{Catalog, Auth, Orders} }

// Up creates the schema and the role where they are missing, and runs every migration that has not run yet. url must
// connect as a role that may create both; that role then owns the tables.
func (s Service) Up(ctx context.Context, url string) error {
	return s.with(ctx, url, func(p *goose.Provider) error {
		if _, err := p.Up(ctx); err != nil || !s.Jobs {
			return err
		}
		return s.jobsUp(ctx, url)
	})
}

// Down undoes the last migration.
func (s Service) Down(ctx context.Context, url string) error {
	return s.with(ctx, url, func(p *goose.Provider) error {
		last, err := p.Down(ctx)
		if err != nil || !s.Jobs || last.Source.Version > 1 {
			return err
		}
		return s.jobsDown(ctx, url) // they go with the first
	})
}

// Status returns what has run and what has not.
func (s Service) Status(ctx context.Context, url string) (status []*goose.MigrationStatus, err error) {
	err = s.with(ctx, url, func(p *goose.Provider) error {
		status, err = p.Status(ctx)
		return err
	})
	return status, err
}

// ErrOld is returned by Check for a schema that this binary is too new for.
var ErrOld = errors.New("the database schema is older than this binary needs: run migrate up")

// Check returns ErrOld unless the schema is at least as new as this binary. A newer one is fine: migrations work with
// the version before them.
func (s Service) Check(ctx context.Context, db *pgxpool.Pool) error {
	var have int64
	err := db.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+s.table()).Scan(&have)
	if err != nil {
		return fmt.Errorf("%w (reading its version: %w)", ErrOld, err)
	}
	if need := s.latest(); have < need {
		return fmt.Errorf("%w: %s is at %d of %d", ErrOld, s.Name, have, need)
	}
	return nil
}

// Password sets the password of the service's role.
func (s Service) Password(ctx context.Context, url, password string) error {
	return onConn(ctx, url, func(c *pgx.Conn) error {
		// ALTER ROLE takes no parameters, so PostgreSQL quotes the text itself.
		var statement string
		err := c.QueryRow(ctx, `SELECT format('ALTER ROLE %I PASSWORD %L', $1::text, $2::text)`, s.Role, password).Scan(&statement)
		if err != nil {
			return fmt.Errorf("quoting the password of %s: %w", s.Role, err)
		}
		if _, err := c.Exec(ctx, statement); err != nil {
			return fmt.Errorf("setting the password of %s failed", s.Role) // the error would quote it
		}
		return nil
	})
}

func (s Service) table() string { return s.Name + ".goose_db_version" }

func (s Service) latest() int64 {
	entries, err := fs.ReadDir(files, s.Name)
	if err != nil {
		panic(err) // embedded
	}
	var latest int64
	for _, e := range entries {
		if v, err := goose.NumericComponent(e.Name()); err == nil {
			latest = max(latest, v)
		}
	}
	return latest
}

// with prepares schema and role, and hands over a goose provider, while no other migrator works on the same server.
func (s Service) with(ctx context.Context, databaseURL string, do func(*goose.Provider) error) error {
	server, err := url.Parse(databaseURL)
	if err != nil {
		return errors.New("reading the database URL: not a URL")
	}
	// Roles belong to the server and advisory locks to a database: take the lock in a database that every migrator shares.
	server.Path = "/postgres"
	return onConn(ctx, server.String(), func(c *pgx.Conn) error {
		if _, err := c.Exec(ctx, "SELECT pg_advisory_lock($1)", migrating); err != nil {
			return fmt.Errorf("waiting for other migrators: %w", err)
		}
		return s.alone(ctx, databaseURL, do) // closing the connection unlocks
	})
}

// migrating is the key of the lock. Neither CREATE ROLE, CREATE SCHEMA nor GRANT bears company.
const migrating = 0x51199e25

func (s Service) alone(ctx context.Context, databaseURL string, do func(*goose.Provider) error) error {
	if err := s.prepare(ctx, databaseURL); err != nil {
		return err
	}
	cfg, err := pgx.ParseConfig(databaseURL)
	if err != nil {
		return errors.New("reading the database URL: not a PostgreSQL URL")
	}
	db := sql.OpenDB(stdlib.GetConnector(*cfg))
	defer db.Close()

	store, err := database.NewStore(database.DialectPostgres, s.table())
	if err != nil {
		return fmt.Errorf("naming the version table of %s: %w", s.Name, err)
	}
	dir, err := fs.Sub(files, s.Name)
	if err != nil {
		return fmt.Errorf("opening the migrations of %s: %w", s.Name, err)
	}
	p, err := goose.NewProvider(goose.DialectCustom, db, dir, goose.WithStore(store))
	if err != nil {
		return fmt.Errorf("reading the migrations of %s: %w", s.Name, err)
	}
	if err := do(p); err != nil {
		return fmt.Errorf("migrating %s: %w", s.Name, err)
	}
	return execute(ctx, databaseURL, "GRANT SELECT ON "+s.table()+" TO "+s.Role)
}

func (s Service) prepare(ctx context.Context, databaseURL string) error {
	return execute(ctx, databaseURL,
		`DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '`+s.Role+`') THEN CREATE ROLE `+s.Role+` LOGIN; END IF;
		END $$`,
		"CREATE SCHEMA IF NOT EXISTS "+s.Name,
		"GRANT USAGE ON SCHEMA "+s.Name+" TO "+s.Role)
}

func execute(ctx context.Context, url string, statements ...string) error {
	return onConn(ctx, url, func(c *pgx.Conn) error {
		for _, statement := range statements {
			if _, err := c.Exec(ctx, statement); err != nil {
				return fmt.Errorf("%s: %w", statement, err)
			}
		}
		return nil
	})
}

func onConn(ctx context.Context, url string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to migrate: %w", err)
	}
	defer c.Close(ctx)
	return do(c)
}
