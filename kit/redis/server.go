package redis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// unnamed is an embedded server, which loses all with its process.
const unnamed = "unnamed"

// RunID names the life of the server behind rdb, or of all that keep a part of a cluster: another one may have lost what the
// last one had.
func RunID(ctx context.Context, rdb redis.UniversalClient) (string, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return runID(ctx, rdb)
	}
	var mu sync.Mutex
	var ids []string
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		id, err := runID(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking a cluster of Redis: %w", err)
	}
	slices.Sort(ids)
	return strings.Join(ids, " "), nil
}

func runID(ctx context.Context, rdb redis.UniversalClient) (string, error) {
	info, err := rdb.Info(ctx, "server").Result()
	if err != nil && strings.Contains(err.Error(), "is not supported") {
		return unnamed, nil
	}
	if err != nil {
		return "", fmt.Errorf("asking Redis for its run id: %w", err)
	}
	_, rest, _ := strings.Cut(info, "run_id:")
	id, _, _ := strings.Cut(rest, "\r\n")
	if id == "" {
		return unnamed, nil
	}
	return id, nil
}
