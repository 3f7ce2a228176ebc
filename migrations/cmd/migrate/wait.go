package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/migrations"
)

const (
	askAgain = 500 * time.Millisecond
	patience = 5 * time.Second // with one answer
)

// wait returns when the schema of s is there. Until then neither the server nor the role need to exist.
func wait(ctx context.Context, url string, s migrations.Service) error {
	db, err := pgxpool.New(ctx, url)
	if err != nil {
		return errors.New("reading DATABASE_URL: not a PostgreSQL URL") // pgx's own error may quote it
	}
	defer db.Close()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	var said string
	for {
		one, cancel := context.WithTimeout(ctx, patience)
		err := s.Check(one, db)
		cancel()
		if err == nil {
			return nil
		}
		if err.Error() != said {
			said = err.Error()
			fmt.Fprintln(os.Stderr, "waiting:", said)
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
