package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/e2e/process"
	"github.com/slippers-api/slippers/e2e/seed"
	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/e2e/stack"
)

// lab is a running store of its own and all that is measured around it.
type lab struct {
	Options

	dir     string // of everything; deleted at the end
	servers *stack.Servers
	redis   *redis.Client
	shop    shop.Options
	store   *shop.Shop
	parts   []part // PostgreSQL and Redis, where they are processes of this machine
	idle    usage  // of the gateway, before anybody asked
	numbers numbers
	people  *market // once they are needed

	closers []func() error // in the order of opening
}

// open builds, starts and seeds. What it opened before an error it closes.
func open(ctx context.Context, o Options) (_ *lab, err error) {
	l := &lab{Options: o, numbers: numbers{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.close())
		}
	}()
	for program, how := range map[string]string{
		"wrk": "apt-get install wrk; Homebrew: brew install wrk", "h2load": "apt-get install nghttp2-client; Homebrew: brew install nghttp2",
	} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("the load comes from %s, which is not on PATH: install it (Debian: %s)", program, how)
		}
	}
	if l.dir, err = os.MkdirTemp("", "slippers-bench-"); err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	l.later(func() error { return os.RemoveAll(l.dir) })
	if err := os.Chmod(l.dir, 0o755); err != nil { //nolint:gosec // PostgreSQL's and nginx's users must get through to their own folders
		return nil, fmt.Errorf("opening the folder: %w", err)
	}
	for _, step := range []func(context.Context) error{l.build, l.serve, l.fill, l.start} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (l *lab) later(f func() error) { l.closers = append(l.closers, f) }

// close ends what was opened, the last first.
func (l *lab) close() error {
	var errs []error
	for _, f := range slices.Backward(l.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

func (l *lab) bin() string { return filepath.Join(l.dir, "bin") }

// build builds the services, and the server of bytes from memory.
func (l *lab) build(ctx context.Context) error {
	l.say("building")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", l.bin()+"/", //nolint:gosec // our own folder
		"./auth-svc", "./catalog-svc", "./gateway", "./order-svc", "./e2e/cmd/octosim", "./e2e/bench/cmd/origin")
	cmd.Stdout, cmd.Stderr = l.Out, l.Out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building the services: %w", err)
	}
	return nil
}

// serve starts PostgreSQL and Redis. Keep makes PostgreSQL as careful as a real one, though its folder goes with ours.
func (l *lab) serve(ctx context.Context) (err error) {
	if l.servers, err = stack.Start(ctx, stack.Options{Dir: l.dir, Keep: true, Out: l.Out}); err != nil {
		return err
	}
	l.later(l.servers.Stop)
	opt, err := redis.ParseURL(l.servers.Redis.URL)
	if err != nil {
		return fmt.Errorf("reading the address of Redis: %w", err)
	}
	l.redis = redis.NewClient(opt)
	l.later(l.redis.Close)
	l.parts, err = l.serverParts(ctx)
	return err
}

// fill migrates and seeds.
func (l *lab) fill(ctx context.Context) error {
	ports, err := shop.FreePorts()
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(l.dir, "store.log"))
	if err != nil {
		return fmt.Errorf("making the store's log: %w", err)
	}
	l.later(log.Close)
	l.shop = shop.Options{
		Bin: l.bin(), Dir: l.dir, Ports: ports, Env: settings, Out: log, Log: log,
		DatabaseURL: l.servers.Postgres.URL, RedisURL: l.servers.Redis.URL,
	}
	l.say("seeding %d slippers, %d users, %d orders", size.Slippers, size.Users, size.Orders)
	if err := shop.Migrate(ctx, l.shop); err != nil {
		return err
	}
	s := size
	s.DatabaseURL, s.AuthBinary = l.shop.DatabaseURL, filepath.Join(l.bin(), "auth-svc")
	return seed.Run(ctx, s, log)
}

// start starts the store.
func (l *lab) start(ctx context.Context) (err error) {
	l.say("starting the store")
	if l.store, err = shop.Start(ctx, l.shop); err != nil {
		return err
	}
	l.later(l.store.Stop)
	l.idle, err = measure(ctx, []part{l.service("gateway")})
	return err
}

// catalogURL is catalog-svc itself, which has no cache.
func (l *lab) catalogURL() string {
	return "http://127.0.0.1:" + strconv.Itoa(l.shop.Ports.Catalog.API)
}

// service is the process of a service, as a part of what is measured.
func (l *lab) service(name string) part { return part{name, l.store.Process(name).PID()} }

// launch starts a program and waits until url answers. What it says goes to a file, whose end explains a failure.
func (l *lab) launch(ctx context.Context, name, url string, cmd *exec.Cmd) (*process.Process, error) {
	file := filepath.Join(l.dir, name+".log")
	log, err := os.Create(file) //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("making the log of %s: %w", name, err)
	}
	defer log.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	p, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	err = p.Answers(ctx, func(ctx context.Context) error {
		_, err := fetch(ctx, url)
		return err
	})
	if err != nil {
		said, readErr := os.ReadFile(file) //nolint:gosec // our own folder
		return nil, errors.Join(fmt.Errorf("%w; it said: %s", err, bytes.TrimSpace(said)), readErr, p.Stop())
	}
	return p, nil
}

// write writes a file of a contender.
func (l *lab) write(name, content string) (string, error) {
	file := filepath.Join(l.dir, name)
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil { //nolint:gosec // nothing in it is secret
		return "", fmt.Errorf("writing %s: %w", name, err)
	}
	return file, nil
}

// freeAddress returns an address of loopback that nobody listens on.
func freeAddress() (string, error) {
	port, err := process.FreePort()
	if err != nil {
		return "", err
	}
	return "127.0.0.1:" + strconv.Itoa(port), nil
}
