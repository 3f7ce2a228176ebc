package testkit

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// RedisCluster starts so many Redis servers that share the keys, and returns their addresses.
func RedisCluster(t *testing.T, nodes int) []string {
	t.Helper()
	const slots = 16384
	var all []*redis.Client
	var addresses []string
	for range nodes {
		s := NewRedisServer(t, "--cluster-enabled", "yes")
		all, addresses = append(all, s.Client), append(addresses, s.Options().Addr)
	}
	for i, c := range all {
		if err := c.ClusterAddSlotsRange(t.Context(), i*slots/nodes, (i+1)*slots/nodes-1).Err(); err != nil {
			t.Fatal(err)
		}
		host, port, _ := strings.Cut(addresses[0], ":")
		if err := c.ClusterMeet(t.Context(), host, port).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range all {
		comes(t, "the cluster is whole", func(ctx context.Context) bool {
			info, err := c.ClusterInfo(ctx).Result()
			return err == nil && strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_size:"+strconv.Itoa(nodes))
		})
	}
	return addresses
}

// RedisServer is a server that is one test's alone, with a client of it.
type RedisServer struct {
	*redis.Client

	args []string
	cmd  *exec.Cmd
}

// NewRedisServer starts one that saves nothing by itself.
func NewRedisServer(t *testing.T, more ...string) *RedisServer {
	t.Helper()
	port := strconv.Itoa(FreePort(t))
	s := &RedisServer{
		Client: redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port}),
		args:   append([]string{"--port", port, "--save", "", "--bind", "127.0.0.1", "--dir", t.TempDir()}, more...),
	}
	t.Cleanup(func() { _ = s.Close() })
	s.start(t)
	t.Cleanup(s.kill)
	return s
}

func (s *RedisServer) start(t *testing.T) {
	t.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("this needs redis-server on PATH (Debian: apt-get install redis-server); CI has it")
	}
	s.cmd = exec.Command(server, s.args...) //nolint:gosec,noctx // kill ends it
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	comes(t, "Redis answers", func(ctx context.Context) bool { return s.Ping(ctx).Err() == nil })
}

func (s *RedisServer) kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// Restart kills it and starts another one, which knows what was saved last.
func (s *RedisServer) Restart(t *testing.T) {
	t.Helper()
	s.kill()
	s.start(t)
}

// FreePort returns a port of loopback that nobody listens on, with room for that of a cluster, which is 10,000 above.
func FreePort(t testing.TB) int {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens for no time at all
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if a, ok := l.Addr().(*net.TCPAddr); ok && a.Port < 55_000 {
			return a.Port
		}
	}
}

// comes waits for what another process brings about.
func comes(t *testing.T, what string, ok func(context.Context) bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(30 * time.Second)
	for !ok(t.Context()) {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}
