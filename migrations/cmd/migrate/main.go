// Migrate brings the database up to date. It runs before a rollout, never inside a service.
//
//	migrate up | down SERVICE | status
//
// DATABASE_URL connects as the role that owns the schemas. CATALOG_DB_PASSWORD, AUTH_DB_PASSWORD and ORDERS_DB_PASSWORD,
// where set, become the passwords of the services' roles at up.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/slippers-api/slippers/migrations"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv("DATABASE_URL"), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1) //nolint:gocritic // stop only restores the signals
	}
}

var errUsage = errors.New("usage: migrate up | down SERVICE | status, with DATABASE_URL set")

func run(ctx context.Context, url string, args []string) error {
	switch {
	case url == "" || len(args) == 0:
		return errUsage
	case args[0] == "up" && len(args) == 1:
		return up(ctx, url)
	case args[0] == "down" && len(args) == 2:
		for _, s := range migrations.All() {
			if s.Name == args[1] {
				return s.Down(ctx, url)
			}
		}
	case args[0] == "status" && len(args) == 1:
		return status(ctx, url)
	}
	return errUsage
}

func up(ctx context.Context, url string) error {
	for _, s := range migrations.All() {
		if err := s.Up(ctx, url); err != nil {
			return err
		}
		if password := os.Getenv(strings.ToUpper(s.Name) + "_DB_PASSWORD"); password != "" {
			if err := s.Password(ctx, url, password); err != nil {
				return err
			}
		}
		fmt.Println(s.Name, "is up to date")
	}
	return nil
}

func status(ctx context.Context, url string) error {
	for _, s := range migrations.All() {
		all, err := s.Status(ctx, url)
		if err != nil {
			return err
		}
		for _, m := range all {
			fmt.Printf("%-8s %-40s %s\n", s.Name, m.Source.Path, m.State)
		}
	}
	return nil
}
