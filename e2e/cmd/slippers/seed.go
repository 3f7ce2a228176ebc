package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"path/filepath"

	"github.com/slippers-api/slippers/e2e/seed"
	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/e2e/stack"
)

// fill seeds the database that run would use, with sizes of the caller's choice.
func fill(ctx context.Context, args []string, out io.Writer) (err error) {
	sizes := seed.Demo
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	flags.IntVar(&sizes.Slippers, "slippers", sizes.Slippers, "how many slippers")
	flags.IntVar(&sizes.Orders, "orders", sizes.Orders, "how many orders")
	flags.IntVar(&sizes.Users, "users", sizes.Users, "how many users, beside the administrator")
	flags.Uint64Var(&sizes.Seed, "seed", sizes.Seed, "which one of many shops")
	if err := flags.Parse(args); err != nil {
		return errors.Join(err, errors.New(usage))
	}
	if flags.NArg() > 0 {
		return errors.New(usage)
	}
	o, servers, done, err := prepare(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	say(out, "PostgreSQL from %s", servers.Postgres.From)
	sizes.DatabaseURL, sizes.Images, sizes.AuthBinary = o.DatabaseURL, o.Images(), filepath.Join(o.Bin, "auth-svc")
	return seed.Run(ctx, sizes, out)
}

// prepare locks .dev, builds the services, and brings up servers with a migrated database. done undoes it.
func prepare(ctx context.Context, out io.Writer) (o shop.Options, servers *stack.Servers, done func() error, err error) {
	dir, unlock, err := folder()
	if err != nil {
		return o, nil, nil, err
	}
	defer func() {
		if err != nil {
			unlock()
		}
	}()
	o = shop.Options{Bin: filepath.Join(dir, "bin"), Dir: dir, Ports: shop.Usual, Out: out, Env: []string{"LOG_FORMAT=text"}}
	say(out, "building")
	if err := build(ctx, o.Bin, out); err != nil {
		return o, nil, nil, err
	}
	if servers, err = stack.Start(ctx, stack.Options{Dir: dir, Keep: true, Statements: true, Out: out}); err != nil {
		return o, nil, nil, err
	}
	o.DatabaseURL, o.RedisURL = servers.Postgres.URL, servers.Redis.URL
	if err := shop.Migrate(ctx, o); err != nil {
		return o, nil, nil, errors.Join(err, servers.Stop())
	}
	return o, servers, func() error {
		defer unlock()
		return servers.Stop()
	}, nil
}
