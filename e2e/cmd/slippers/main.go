// Slippers is the developers' launcher.
//
//	slippers with -- COMMAND ARGS...   run a command with a PostgreSQL and a Redis of its own
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/slippers-api/slippers/e2e/stack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(failed.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "slippers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 2 && args[0] == "with" && args[1] == "--" {
		return with(ctx, args[2:])
	}
	return errors.New("usage: slippers with -- COMMAND ARGS")
}

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
	postgres, err := stack.Postgres(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postgres.Stop()) }()
	redis, err := stack.Redis(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, redis.Stop()) }()
	fmt.Printf("PostgreSQL from %s, Redis from %s\n", postgres.From, redis.From)

	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // running it is what we were asked for
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), "TEST_DATABASE_URL="+postgres.URL, "TEST_REDIS_URL="+redis.URL)
	return cmd.Run()
}
