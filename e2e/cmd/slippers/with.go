package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"github.com/slippers-api/slippers/e2e/stack"
)

// with runs command with TEST_DATABASE_URL and TEST_REDIS_URL set, and returns its error.
func with(ctx context.Context, command []string) (err error) {
	dir, err := os.MkdirTemp("", "slippers-")
	if err != nil {
		return fmt.Errorf("making a folder for the servers: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's user must get through to its own folder
		return fmt.Errorf("opening the folder of the servers: %w", err)
	}
	servers, err := stack.Start(ctx, stack.Options{Dir: dir, Statements: true, Containers: true, Out: os.Stdout})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Stop()) }()
	say(os.Stdout, "PostgreSQL from %s, Redis from %s", servers.Postgres.From, servers.Redis.From)

	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running it is what we were asked for
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+servers.Postgres.URL, "TEST_REDIS_URL="+servers.Redis.URL)
	return cmd.Run()
}
