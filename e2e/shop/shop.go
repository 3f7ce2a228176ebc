// Package shop runs the whole store on one machine: its services as real processes, over a PostgreSQL and a Redis that
// are there already. It is what `make run` shows and what the journeys of the tests go through.
package shop

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/slippers-api/slippers/e2e/process"
)

// Options say what the store runs on.
type Options struct {
	// Bin is the folder of the built services.
	Bin string

	// Dir is where secrets, keys and pictures are kept between two runs.
	Dir string

	// DatabaseURL connects as the role that owns the tables, to a database that Migrate has been through.
	DatabaseURL string

	// ServicesURL is where the services reach that database, as roles of their own; empty is the same.
	ServicesURL string

	// RedisURL is the Redis.
	RedisURL string

	// Ports are where the services listen on loopback.
	Ports Ports

	// Env are further variables for every service, as NAME=value.
	Env []string

	// Out gets the logs, each line with the name of its service.
	Out io.Writer

	// Log gets the logs as the services write them, in place of Out: where passing each line on would be a part of what is
	// measured.
	Log *os.File
}

// Shop is a running store.
type Shop struct {
	// URL is the gateway's.
	URL string

	services []*service // in the order of their start
	died     chan error
}

// service is one running process.
type service struct {
	*process.Process
	spec
}

// Start starts the services in turn, each when those are ready that it asks. When it returns an error, none is left running.
func Start(ctx context.Context, o Options) (_ *Shop, err error) {
	if err := o.Ports.Free(); err != nil {
		return nil, err
	}
	secrets, err := readSecrets(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := signingKey(ctx, o); err != nil {
		return nil, err
	}
	all := specs(o, secrets)
	s := &Shop{URL: "http://127.0.0.1:" + strconv.Itoa(o.Ports.Gateway.API), died: make(chan error, len(all))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	out := &lines{out: o.Out}
	for _, spec := range all {
		started, err := start(o, spec, out)
		if err != nil {
			return nil, err
		}
		s.services = append(s.services, started)
		go func() {
			<-started.Ended()
			s.died <- started.Err()
		}()
		if err := started.Answers(ctx, started.ready); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func start(o Options, s spec, out *lines) (*service, error) {
	cmd := exec.Command(filepath.Join(o.Bin, s.name)) //nolint:gosec,noctx // our own program; Stop ends it
	cmd.Env = append(append(append(os.Environ(), defaults...), s.env...), o.Env...)
	if o.Log != nil {
		cmd.Stdout, cmd.Stderr = o.Log, o.Log
	} else {
		log := out.of(s.name)
		cmd.Stdout, cmd.Stderr = log, log
	}
	p, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	return &service{Process: p, spec: s}, nil
}

// Process returns the process of a service, or nil.
func (s *Shop) Process(name string) *process.Process {
	for _, one := range s.services {
		if one.name == name {
			return one.Process
		}
	}
	return nil
}

// Died says which service ended, and how. Nothing is started again silently.
func (s *Shop) Died() <-chan error { return s.died }

// Stop ends all services, those first that others do not need.
func (s *Shop) Stop() error {
	var errs []error
	for _, one := range slices.Backward(s.services) {
		errs = append(errs, one.Stop())
	}
	return errors.Join(errs...)
}

var probes = &http.Client{Timeout: time.Second}

// ready asks whether a service is.
func (s spec) ready(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.probe, nil)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	answer, err := probes.Do(r)
	if err != nil {
		return fmt.Errorf("asking whether %s is ready: %w", s.name, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is not ready: %s", s.name, answer.Status)
	}
	return nil
}

// Pair is the two ports of a service: its API, and its probes, metrics and profiles.
type Pair struct{ API, Ops int }

// Ports are the ports of the services.
type Ports struct {
	Gateway, Catalog, Order, Auth Pair
	Octosim                       int
}

// Usual are the ports that the README names.
var Usual = Ports{Gateway: Pair{8080, 9080}, Catalog: Pair{8081, 9091}, Order: Pair{8082, 9092}, Auth: Pair{8083, 9093}, Octosim: 8084}

// FreePorts returns ports that nobody listens on now.
func FreePorts() (p Ports, err error) {
	for _, port := range p.all() {
		if *port, err = process.FreePort(); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (p *Ports) all() []*int {
	return []*int{
		&p.Gateway.API, &p.Gateway.Ops, &p.Catalog.API, &p.Catalog.Ops, &p.Order.API, &p.Order.Ops, &p.Auth.API, &p.Auth.Ops,
		&p.Octosim,
	}
}

// Free returns an error that names every port on which somebody listens.
func (p Ports) Free() error {
	var errs []error
	for _, port := range p.all() {
		l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(*port)) //nolint:noctx // it listens for a moment
		if err != nil {
			errs = append(errs, fmt.Errorf("port %d is in use: stop what listens there (`ss -ltnp sport = :%d` shows it)", *port, *port))
			continue
		}
		_ = l.Close()
	}
	return errors.Join(errs...)
}

// Ops are the addresses of the services' ops ports, by name.
func (p Ports) Ops() map[string]string {
	at := func(pair Pair) string { return "127.0.0.1:" + strconv.Itoa(pair.Ops) }
	return map[string]string{"gateway": at(p.Gateway), "catalog-svc": at(p.Catalog), "order-svc": at(p.Order), "auth-svc": at(p.Auth)}
}
