package testkit

import (
	"context"
	"net"
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
