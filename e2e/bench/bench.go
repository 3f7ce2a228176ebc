// Package bench measures the store: its edge beside other servers in one run, its endpoints beside the original's figures,
// and its cache while things change. It writes what it saw to a document, with the machine it saw it on.
//
// Everything listens on loopback, and nothing outlives a run. Numbers mean something only on a machine that does nothing
// else, and even there the ratios mean more than the rest.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Options say how much to measure.
type Options struct {
	// Rounds is how often everything is measured. Tables have the medians.
	Rounds int

	// Seconds is how long each measurement takes.
	Seconds int

	// Only are the suites to run: edge, watching, original, orders, scenario. Empty is all of them.
	Only []string

	// Document is the file that is written.
	Document string

	// Out reads what happens, and the tables.
	Out io.Writer
}

// suite is one part of a run.
type suite struct {
	name string
	run  func(context.Context, *lab) ([]table, error)
}

var suites = []suite{{"edge", edge}, {"watching", watching}, {"original", original}, {"orders", ordering}, {"scenario", scenario}}

// Run measures, in the root of the repository, and writes the document. A bound that was missed is no error: it is in the
// document, and the machine may have been busy.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.check(); err != nil {
		return err
	}
	l, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.close()) }()

	var tables []table
	for _, s := range suites {
		if !o.wants(s.name) {
			continue
		}
		more, err := s.run(ctx, l)
		if err != nil {
			return fmt.Errorf("measuring (%s): %w", s.name, err)
		}
		tables = append(tables, more...)
	}
	m, err := l.machine(ctx)
	if err != nil {
		return err
	}
	text := document(o, time.Now(), m, append([]table{l.numbers.table(o.wants)}, tables...))
	if err := os.WriteFile(o.Document, []byte(text), 0o644); err != nil { //nolint:gosec // it is for everybody
		return fmt.Errorf("writing the document: %w", err)
	}
	fmt.Fprintf(o.Out, "\n%s", text)
	o.say("written to %s", o.Document)
	return nil
}

func (o Options) check() error {
	if o.Rounds < 1 || o.Seconds < 1 {
		return errors.New("reading the sizes: at least one round of one second")
	}
	for _, name := range o.Only {
		if !slices.ContainsFunc(suites, func(s suite) bool { return s.name == name }) {
			return fmt.Errorf("reading the suites: %q is not edge, watching, original, orders or scenario", name)
		}
	}
	return nil
}

func (o Options) wants(suite string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, suite) }

// span is how long one measurement takes.
func (o Options) span() time.Duration { return time.Duration(o.Seconds) * time.Second }

// command is what runs the same again.
func (o Options) command() string {
	c := fmt.Sprintf("slippers bench --rounds %d --seconds %d", o.Rounds, o.Seconds)
	if len(o.Only) > 0 {
		c += " --only " + strings.Join(o.Only, ",")
	}
	return c
}

func (o Options) say(format string, args ...any) {
	fmt.Fprintf(o.Out, "bench       | "+format+"\n", args...)
}
