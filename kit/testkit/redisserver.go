package testkit

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisServer is a server that is one test's alone, with a client of it.
type RedisServer struct {
	*redis.Client

	args []string
	cmd  *exec.Cmd
}

// NewRedisServer starts one that saves nothing by itself; more are further arguments. Its client waits for it on a busy machine.
func NewRedisServer(t *testing.T, more ...string) *RedisServer {
	t.Helper()
	port := strconv.Itoa(FreePort(t))
	o := redis.Options{Addr: "127.0.0.1:" + port, MaxRetries: -1}
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = time.Minute, time.Minute, time.Minute, time.Minute
	s := &RedisServer{
		Client: redis.NewClient(&o),
		args:   append(slices.Clip(more), "--port", port, "--save", "", "--bind", "127.0.0.1", "--dir", t.TempDir()), // a sentinel's file is first
	}
	t.Cleanup(func() { _ = s.Close() })
	s.start(t)
	t.Cleanup(s.Kill)
	return s
}

func (s *RedisServer) start(t *testing.T) {
	t.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("this needs redis-server on PATH (Debian: apt-get install redis-server); CI has it")
	}
	s.cmd = exec.Command(server, s.args...) //nolint:gosec,noctx // Kill ends it
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	comes(t, "Redis answers", func(ctx context.Context) bool { return s.Ping(ctx).Err() == nil })
}

// Kill ends it at once.
func (s *RedisServer) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Signal sends its process a signal.
func (s *RedisServer) Signal(t *testing.T, signal os.Signal) {
	t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}

// Restart kills it and starts another one, which knows what was saved last.
func (s *RedisServer) Restart(t *testing.T) {
	t.Helper()
	s.Kill()
	s.start(t)
}
