package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/slippers-api/slippers/e2e/seed"
	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/e2e/stack"
)

// up brings the whole store up and shows it until ctx is done or a part of it dies.
func up(ctx context.Context, out io.Writer) (err error) {
	if err := shop.Usual.Free(); err != nil {
		return err // before all that takes time
	}
	o, servers, done, err := prepare(ctx, out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	say(out, "PostgreSQL from %s, Redis from %s", servers.Postgres.From, servers.Redis.From)

	logins, err := demo(ctx, o, out)
	if err != nil {
		return err
	}
	store, err := shop.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() {
		say(out, "stopping")
		err = errors.Join(err, store.Stop())
	}()
	fmt.Fprintf(out, welcome, logins)
	return wait(ctx, store, servers)
}

const welcome = `
  The store is open on http://localhost:8080 (Ctrl-C closes it)

    catalogue  http://localhost:8080/slippers/
    API        http://localhost:8080/docs and http://localhost:8080/redoc
    health     http://localhost:8080/health
    probes     http://localhost:9080/readyz and http://localhost:9080/metrics, the services' on 9091, 9092 and 9093

%s
`

// returning is what those read who were here before.
const returning = `  administrator  ` + seed.AdminPhone + `  (the password was shown at the first run; ` + "`rm -rf .dev`" + ` starts over)
  customers      ` + seed.UserPhone + ` and on  ` + seed.UserPassword

// demo seeds a new database, and says how to log in.
func demo(ctx context.Context, o shop.Options, out io.Writer) (string, error) {
	d := seed.Demo
	d.DatabaseURL, d.Images, d.AuthBinary = o.DatabaseURL, o.Images(), filepath.Join(o.Bin, "auth-svc")
	say(out, "seeding the demo, if the database is new")
	var logins bytes.Buffer
	err := seed.Run(ctx, d, &logins)
	if errors.Is(err, seed.ErrNotEmpty) {
		return returning, nil
	}
	return logins.String(), err
}

// wait returns nil when ctx is done, and an error when anything ends before.
func wait(ctx context.Context, store *shop.Shop, servers *stack.Servers) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-store.Died():
		return err
	case <-servers.Postgres.Ended():
		return errors.New("the server ended: PostgreSQL")
	case <-servers.Redis.Ended():
		return errors.New("the server ended: Redis")
	}
}

// build builds the services into bin.
func build(ctx context.Context, bin string, out io.Writer) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", bin+"/", "./auth-svc", "./catalog-svc", "./gateway", "./order-svc", "./e2e/cmd/octosim") //nolint:gosec // our own folder
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the services: %w", err)
	}
	return nil
}

// folder returns .dev, where everything is kept, and locks it against a second launcher.
func folder() (dir string, unlock func(), err error) {
	if _, err := os.Stat("go.work"); err != nil {
		return "", nil, errors.New("no go.work here: run this in the root of the repository")
	}
	if dir, err = filepath.Abs(".dev"); err != nil {
		return "", nil, fmt.Errorf("finding .dev: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's user must get through to its own folder
		return "", nil, fmt.Errorf("making .dev: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // our own folder
	if err != nil {
		return "", nil, fmt.Errorf("opening the lock of .dev: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return "", nil, errors.New("another `make run` uses .dev: stop that one first")
	}
	return dir, func() { _ = f.Close() }, nil
}

func say(out io.Writer, format string, args ...any) {
	fmt.Fprintf(out, "slippers    | "+format+"\n", args...)
}
