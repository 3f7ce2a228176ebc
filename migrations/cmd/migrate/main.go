// Migrate brings the database up to date. It runs before a rollout, never inside a service.
//
//	migrate up | down SERVICE | status
//	migrate wait SERVICE   until its schema is as new as this program, for what must not start before
//
// DATABASE_URL connects as the role that owns the schemas; to wait, the service's own is enough. CATALOG_DB_PASSWORD,
// AUTH_DB_PASSWORD and ORDERS_DB_PASSWORD, where set, become the passwords of the services' roles at up. Each may stand in
// a file, named by DATABASE_URL_FILE and so on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/migrations"
)

// version is stamped by the build.
var version = "dev"

type config struct {
	// URL connects as the role that owns the schemas.
	URL string `env:"DATABASE_URL" json:"-"`

	// CatalogPassword, AuthPassword and OrdersPassword become those of the services' roles.
	CatalogPassword string `env:"CATALOG_DB_PASSWORD" json:"-"`
	AuthPassword    string `env:"AUTH_DB_PASSWORD" json:"-"`
	OrdersPassword  string `env:"ORDERS_DB_PASSWORD" json:"-"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cfg, err := environ.Read[config]()
	if err == nil {
		err = run(ctx, cfg, os.Args[1:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1) //nolint:gocritic // stop only restores the signals
	}
}

var errUsage = errors.New("usage: migrate up | down SERVICE | status | wait SERVICE, with DATABASE_URL set")

func run(ctx context.Context, cfg config, args []string) error {
	if cfg.URL == "" || len(args) == 0 || len(args) > 2 {
		return errUsage
	}
	command, named := args[0], strings.Join(args[1:], "")
	var one *migrations.Service
	for _, s := range migrations.All() {
		if s.Name == named {
			one = &s
		}
	}
	switch {
	case command == "up" && named == "":
		return up(ctx, cfg)
	case command == "down" && one != nil:
		return one.Down(ctx, cfg.URL)
	case command == "wait" && one != nil:
		return wait(ctx, cfg.URL, *one)
	case command == "status" && named == "":
		return status(ctx, cfg.URL)
	}
	return errUsage
}

func up(ctx context.Context, cfg config) error {
	passwords := map[string]string{
		migrations.Catalog.Name: cfg.CatalogPassword, migrations.Auth.Name: cfg.AuthPassword, migrations.Orders.Name: cfg.OrdersPassword,
	}
	for _, s := range migrations.All() {
		if err := s.Up(ctx, cfg.URL); err != nil {
			return err
		}
		if password := passwords[s.Name]; password != "" {
			if err := s.Password(ctx, cfg.URL, password); err != nil {
				return err
			}
		}
		fmt.Println(s.Name, "is up to date for", version)
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
