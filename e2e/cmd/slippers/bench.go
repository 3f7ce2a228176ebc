package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"strings"

	measuring "github.com/slippers-api/slippers/e2e/bench"
)

// bench runs the benchmarks and writes their document.
func bench(ctx context.Context, args []string, out io.Writer) error {
	o := measuring.Options{Out: out}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.Rounds, "rounds", 3, "how often everything is measured")
	flags.IntVar(&o.Seconds, "seconds", 5, "how long each measurement takes")
	flags.StringVar(&o.Document, "out", "docs/benchmarks.md", "the document to write")
	flags.Func("only", "suites to run, with commas between: edge, original, scenario", func(names string) error {
		o.Only = strings.Split(names, ",")
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return errors.Join(err, errors.New(usage))
	}
	if flags.NArg() > 0 {
		return errors.New(usage)
	}
	if _, err := os.Stat("go.work"); err != nil {
		return errors.New("no go.work here: run this in the root of the repository")
	}
	return measuring.Run(ctx, o)
}
