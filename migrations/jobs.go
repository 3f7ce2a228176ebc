package migrations

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

// jobsUp brings River's tables in the schema to the version of the library, and lets the service use them.
func (s Service) jobsUp(ctx context.Context, url string) error {
	if err := s.jobs(ctx, url, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return execute(ctx, url, `DO $$ DECLARE t text; BEGIN
		FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = '`+s.Name+`' AND tablename LIKE 'river\_%' LOOP
			EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON `+s.Name+`.%I TO `+s.Role+`', t);
		END LOOP;
		GRANT USAGE ON ALL SEQUENCES IN SCHEMA `+s.Name+` TO `+s.Role+`;
	END $$`)
}

func (s Service) jobsDown(ctx context.Context, url string) error {
	const everything = -1
	return s.jobs(ctx, url, rivermigrate.DirectionDown, &rivermigrate.MigrateOpts{TargetVersion: everything})
}

func (s Service) jobs(ctx context.Context, url string, to rivermigrate.Direction, opts *rivermigrate.MigrateOpts) error {
	db, err := pgxpool.New(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting to migrate jobs: %w", err)
	}
	defer db.Close()
	m, err := rivermigrate.New(riverpgxv5.New(db), &rivermigrate.Config{Schema: s.Name, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return fmt.Errorf("reading the migrations of jobs: %w", err)
	}
	if _, err := m.Migrate(ctx, to, opts); err != nil {
		return fmt.Errorf("migrating jobs: %w", err)
	}
	return nil
}
