package stack

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/e2e/process"
)

// localRedis starts a Redis with a program of the machine.
func localRedis(ctx context.Context, o Options) (*Server, error) {
	program, ok := find(nil, "redis-server", "valkey-server")
	if !ok {
		return nil, fmt.Errorf("%w: neither redis-server nor valkey-server", errAbsent)
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	log := filepath.Join(o.Dir, "redis.log")
	p, err := process.Start(exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", //nolint:gosec,noctx // found above; stopped by Stop
		"--save", "", "--dir", o.Dir, "--logfile", log), syscall.SIGTERM)
	if err != nil {
		return nil, err
	}
	s := &Server{URL: redisURL("127.0.0.1", port), From: program, stop: p.Stop, ended: p.Ended()}
	if err := p.Answers(ctx, redisAnswers(s.URL)); err != nil {
		return nil, errors.Join(withLog(err, log), p.Stop())
	}
	return s, nil
}

// embeddedRedis runs a Redis in this process. It has the commands, not the speed and not the limits of memory.
func embeddedRedis(_ context.Context, o Options) (*Server, error) {
	m := miniredis.NewMiniRedis()
	if err := m.Start(); err != nil {
		return nil, fmt.Errorf("starting the embedded Redis: %w", err)
	}
	o.say("NO REDIS ON THIS MACHINE: an embedded one takes its place. It is good enough to look around, not to measure anything")
	stopped := make(chan struct{})
	go func() { // keys end by the clock, which this one does not look at by itself
		tick(stopped, m.FastForward)
	}()
	return &Server{URL: "redis://" + m.Addr() + "/0", From: "an EMBEDDED server (miniredis)", stop: func() error {
		close(stopped)
		m.Close()
		return nil
	}}, nil
}

func redisURL(host string, port int) string { return fmt.Sprintf("redis://%s:%d/0", host, port) }

func redisAnswers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		opt, err := redis.ParseURL(url)
		if err != nil {
			return fmt.Errorf("reading the address of Redis: %w", err)
		}
		c := redis.NewClient(opt)
		defer c.Close()
		return c.Ping(ctx).Err()
	}
}
