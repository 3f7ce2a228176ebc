// Package stack finds or starts the servers that Slippers needs, as one developer has them: given by URL, installed on the
// machine, in Docker, or whatever else one command can bring up.
//
// It is for development and tests. In a cluster the chart says where the servers are.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// Options say what the servers are for.
type Options struct {
	// Dir is where data and logs go. It must be there, and others must be able to pass through it.
	Dir string

	// Keep is for data that must be there the next time. Without it they may not survive a power cut.
	Keep bool

	// Statements makes PostgreSQL count what statements cost, where it can. That costs a little itself.
	Statements bool

	// Containers prefers Docker to what is installed on the machine.
	Containers bool

	// Out reads what happens while it takes long.
	Out io.Writer
}

// Servers are a PostgreSQL and a Redis.
type Servers struct{ Postgres, Redis *Server }

// Server is one that answers at URL until it is stopped.
type Server struct {
	// URL of a PostgreSQL connects as a superuser, to a database that is there.
	URL string

	// From says who provided it, for people.
	From string

	stop  func() error    // nil leaves it alone: we did not start it
	ended <-chan struct{} // nil never ends
}

// Ended is closed when the server ends by itself.
func (s *Server) Ended() <-chan struct{} { return s.ended }

// errAbsent says that this machine has no such provider. It is wrapped with the reason.
var errAbsent = errors.New("not here")

// provider is one way to come by a server.
type provider struct {
	name  string // as SLIPPERS_PROVIDER has it
	start func(ctx context.Context, o Options) (*Server, error)
}

// The names of the providers.
const (
	given    = "url"
	local    = "local"
	docker   = "docker"
	fallback = "fallback" // what needs nothing on the machine
)

// Start returns both servers once they answer. SLIPPERS_PROVIDER names the one provider that may be used where no URL is
// given: local, docker or fallback.
func Start(ctx context.Context, o Options) (*Servers, error) {
	postgres, err := first(ctx, o, "PostgreSQL", "DATABASE_URL", "postgresql",
		provider{given, givenBy("DATABASE_URL")}, provider{local, localPostgres}, provider{docker, dockerPostgres}, provider{fallback, fetchedPostgres})
	if err != nil {
		return nil, err
	}
	redis, err := first(ctx, o, "Redis", "REDIS_URL", "redis-server",
		provider{given, givenBy("REDIS_URL")}, provider{local, localRedis}, provider{docker, dockerRedis}, provider{fallback, embeddedRedis})
	if err != nil {
		return nil, errors.Join(err, (&Servers{Postgres: postgres}).Stop())
	}
	return &Servers{postgres, redis}, nil
}

// Stop ends what was started, and waits for its end.
func (s *Servers) Stop() error {
	var errs []error
	for _, one := range []*Server{s.Redis, s.Postgres} {
		if one != nil && one.stop != nil {
			errs = append(errs, one.stop())
		}
	}
	return errors.Join(errs...)
}

// first asks the providers in turn. One that is there and fails ends the search: another one would have other data.
func first(ctx context.Context, o Options, what, variable, pkg string, providers ...provider) (*Server, error) {
	only := os.Getenv("SLIPPERS_PROVIDER")
	if only != "" && !slices.ContainsFunc(providers, func(p provider) bool { return p.name == only }) {
		return nil, fmt.Errorf("reading SLIPPERS_PROVIDER: %q is not %s, %s or %s", only, local, docker, fallback)
	}
	if o.Containers {
		slices.SortStableFunc(providers[1:], func(a, b provider) int { return rank(a) - rank(b) })
	}
	var reasons []error
	for _, p := range providers {
		if only != "" && p.name != only && p.name != given {
			continue
		}
		s, err := p.start(ctx, o)
		if err == nil {
			return s, nil
		}
		if !errors.Is(err, errAbsent) {
			return nil, fmt.Errorf("starting %s (%s): %w", what, p.name, err)
		}
		if p.name != given {
			reasons = append(reasons, fmt.Errorf("%s: %w", p.name, err))
		}
	}
	return nil, fmt.Errorf("found no %s: set %s, or install it (Debian: apt-get install %s)\n%w", what, variable, pkg, errors.Join(reasons...))
}

func rank(p provider) int {
	if p.name == docker {
		return 0
	}
	return 1
}

// givenBy returns the server that a variable names.
func givenBy(variable string) func(context.Context, Options) (*Server, error) {
	return func(context.Context, Options) (*Server, error) {
		url := os.Getenv(variable)
		if url == "" {
			return nil, errAbsent
		}
		return &Server{URL: url, From: variable}, nil
	}
}

// say tells people what takes long.
func (o Options) say(format string, args ...any) {
	if o.Out != nil {
		fmt.Fprintf(o.Out, "slippers    | "+format+"\n", args...)
	}
}
