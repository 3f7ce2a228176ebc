package batch_test

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/stamp"
)

// clusterOf starts so many Redis servers that share the keys, and returns a client of all.
func clusterOf(t *testing.T, nodes int) *redis.ClusterClient {
	t.Helper()
	server, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("a cluster needs redis-server on PATH (Debian: apt-get install redis-server); CI has it")
	}
	const slots = 16384
	var all []*redis.Client
	var addresses []string
	for range nodes {
		port := freePort(t)
		cmd := exec.Command(server, "--port", strconv.Itoa(port), "--cluster-enabled", "yes", "--save", "", "--bind", "127.0.0.1", "--dir", t.TempDir())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
		address := "127.0.0.1:" + strconv.Itoa(port)
		c := redis.NewClient(&redis.Options{Addr: address})
		t.Cleanup(func() { _ = c.Close() })
		all, addresses = append(all, c), append(addresses, address)
	}
	for i, c := range all {
		comes(t, "a node answers", func(ctx context.Context) bool { return c.Ping(ctx).Err() == nil })
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
	patience := time.Minute
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: addresses, ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience})
	t.Cleanup(func() { _ = cluster.Close() })
	return cluster
}

func freePort(t *testing.T) int {
	t.Helper()
	for { // the cluster's own port is 10,000 above
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port < 55_000 {
			return port
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

// On a cluster a batch goes to each node that has something of it: limits stay exact and stamps the same, also when a node
// has forgotten the script.
func TestABatchReachesEveryNodeOfACluster(t *testing.T) {
	t.Parallel()
	rdb := clusterOf(t, 3)
	gateways := []*batch.Batcher{newBatcher(rdb), newBatcher(rdb)}
	const callers, requests, allowed = 20, 100, 30
	limit := redis_rate.Limit{Rate: 1, Burst: allowed, Period: time.Hour}

	var tags, keys []string
	nodes := map[string]bool{}
	for i := range callers {
		tags = append(tags, fmt.Sprintf("slipper:%d", i))
		keys = append(keys, fmt.Sprintf("copy:%d", i))
		node, err := rdb.MasterForKey(t.Context(), stamp.Key(tags[i]))
		if err != nil {
			t.Fatal(err)
		}
		nodes[node.Options().Addr] = true
		if err := rdb.Set(t.Context(), keys[i], i, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(nodes) != 3 {
		t.Fatalf("the tags are on %d nodes: choose others", len(nodes))
	}

	var admitted [callers]atomic.Int64
	var seen sync.Map // tag to stamp
	var g sync.WaitGroup
	for i := range callers {
		g.Go(func() {
			for n := range requests {
				if n == requests/2 {
					_ = rdb.ForEachMaster(t.Context(), func(ctx context.Context, c *redis.Client) error { return c.ScriptFlush(ctx).Err() })
				}
				other := (i + n) % callers
				got, err := gateways[n%2].Do(batch.Ask{
					Limit: &batch.Limit{Key: fmt.Sprintf("user:%d", i), Limit: limit, Cost: 1},
					Tags:  []string{tags[i], tags[other]}, Keys: []string{keys[other], "nothing"},
				})
				if err != nil {
					t.Error(err)
					return
				}
				admitted[i].Add(int64(got.Limit.Allowed))
				for j, tag := range []string{tags[i], tags[other]} {
					if first, there := seen.LoadOrStore(tag, got.Stamps[j]); there && first != got.Stamps[j] {
						t.Errorf("the stamp of %s is %q and %q", tag, first, got.Stamps[j])
					}
				}
				if got.Values[0].Text != strconv.Itoa(other) || got.Values[1].OK {
					t.Errorf("%s holds %+v, and nothing %+v", keys[other], got.Values[0], got.Values[1])
				}
			}
		})
	}
	g.Wait()
	for i := range admitted {
		if n := admitted[i].Load(); n != allowed {
			t.Errorf("caller %d was admitted %d times of %d", i, n, allowed)
		}
	}
}
