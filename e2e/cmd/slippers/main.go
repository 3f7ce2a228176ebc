// Slippers is the developers' launcher.
//
//	slippers run                       bring the whole store up, until Ctrl-C
//	slippers seed [--slippers N ...]   fill the store's database while it is empty
//	slippers observe                   watch the running store with Prometheus, Alertmanager and Grafana
//	slippers bench [--rounds N ...]    measure everything, and write docs/benchmarks.md
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
)

const usage = `usage: slippers run | observe | seed [--slippers N] [--orders N] [--users N] [--seed N] |
	bench [--rounds N] [--seconds N] [--only SUITES] [--out FILE] | with -- COMMAND ARGS`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	interrupted := ctx.Err() != nil
	stop()
	switch failed, ok := errors.AsType[*exec.ExitError](err); {
	case err == nil, interrupted && errors.Is(err, context.Canceled):
		return
	case ok && failed.Exited():
		os.Exit(failed.ExitCode())
	}
	fmt.Fprintln(os.Stderr, "slippers:", err)
	os.Exit(1)
}

func run(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "run":
		return up(ctx, os.Stdout)
	case len(args) >= 1 && args[0] == "seed":
		return fill(ctx, args[1:], os.Stdout)
	case len(args) == 1 && args[0] == "observe":
		return watch(ctx, os.Stdout)
	case len(args) >= 1 && args[0] == "bench":
		return bench(ctx, args[1:], os.Stdout)
	case len(args) > 2 && args[0] == "with" && args[1] == "--":
		return with(ctx, args[2:])
	}
	return errors.New(usage)
}
