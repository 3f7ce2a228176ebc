package batch_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// clusterOf starts so many Redis servers that share the keys, and returns a client of all.
func clusterOf(t *testing.T, nodes int) *redis.ClusterClient {
	t.Helper()
	patience := time.Minute
	cluster := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: testkit.RedisCluster(t, nodes), ReadTimeout: patience, WriteTimeout: patience, PoolTimeout: patience,
	})
	t.Cleanup(func() { _ = cluster.Close() })
	return cluster
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
				got, err := gateways[n%2].Do(t.Context(), batch.Ask{
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
