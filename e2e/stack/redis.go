package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/redis/go-redis/v9"
)

var errNoRedis = errors.New("no Redis: set REDIS_URL, or install one (Debian: apt-get install redis-server)")

// Redis returns the Redis of REDIS_URL, or starts one in dir with a program of the machine.
func Redis(ctx context.Context, dir string) (Server, error) {
	if url := os.Getenv("REDIS_URL"); url != "" {
		return Server{URL: url, From: "REDIS_URL", Stop: func() error { return nil }}, nil
	}
	program, ok := find(nil, "redis-server", "valkey-server")
	if !ok {
		return Server{}, errNoRedis
	}
	port, err := freePort()
	if err != nil {
		return Server{}, err
	}
	log := filepath.Join(dir, "redis.log")
	cmd := exec.Command(program, "--port", strconv.Itoa(port), "--bind", "127.0.0.1", "--save", "", "--dir", dir, "--logfile", log) //nolint:gosec,noctx // found above; stopped by Stop
	p, err := launch(cmd)
	if err != nil {
		return Server{}, err
	}
	s := Server{
		URL:  fmt.Sprintf("redis://127.0.0.1:%d/0", port),
		From: program,
		Stop: func() error { return p.stop(syscall.SIGTERM) },
	}
	c := redis.NewClient(&redis.Options{Addr: fmt.Sprintf("127.0.0.1:%d", port)})
	defer c.Close()
	if err := p.answers(ctx, log, func(ctx context.Context) error { return c.Ping(ctx).Err() }); err != nil {
		return Server{}, errors.Join(err, s.Stop())
	}
	return s, nil
}
