package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// Usage is how full a Redis is: its server, or all masters of a cluster together. What is nil it does not say.
type Usage struct {
	UsedMemory  *int64 `json:"used_memory_bytes"`
	MaxMemory   *int64 `json:"max_memory_bytes"` // 0 is no limit
	EvictedKeys *int64 `json:"evicted_keys"`     // since the server's start
	Keys        int64  `json:"keys"`             // in the database of the client
}

// UsageOf asks the servers, and returns the error of one that does not answer. Not all say everything: the embedded one of
// development has no memory to tell of.
func UsageOf(ctx context.Context, rdb redis.UniversalClient) (Usage, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return usageOf(ctx, rdb)
	}
	var mu sync.Mutex // nodes are asked side by side
	sum := Usage{UsedMemory: new(int64), MaxMemory: new(int64), EvictedKeys: new(int64)}
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		u, err := usageOf(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		sum = Usage{
			plus(sum.UsedMemory, u.UsedMemory), plus(sum.MaxMemory, u.MaxMemory), plus(sum.EvictedKeys, u.EvictedKeys), sum.Keys + u.Keys,
		}
		return err
	})
	return sum, err
}

// plus is unknown when one of the two is.
func plus(a, b *int64) *int64 {
	if a == nil || b == nil {
		return nil
	}
	return new(*a + *b)
}

func usageOf(ctx context.Context, rdb redis.UniversalClient) (Usage, error) {
	keys, err := rdb.DBSize(ctx).Result()
	if err != nil {
		return Usage{}, fmt.Errorf("asking Redis for its keys: %w", err)
	}
	info := map[string]string{}
	for _, section := range []string{"memory", "stats"} { // one at a time, for servers before Redis 7
		text, err := rdb.Info(ctx, section).Result()
		if err != nil && !strings.Contains(err.Error(), "is not supported") {
			return Usage{}, fmt.Errorf("asking Redis for its %s: %w", section, err)
		}
		for line := range strings.Lines(text) {
			name, number, _ := strings.Cut(strings.TrimSpace(line), ":")
			info[name] = number
		}
	}
	number := func(name string) *int64 {
		if n, err := strconv.ParseInt(info[name], 10, 64); err == nil {
			return &n
		}
		return nil
	}
	return Usage{UsedMemory: number("used_memory"), MaxMemory: number("maxmemory"), EvictedKeys: number("evicted_keys"), Keys: keys}, nil
}
