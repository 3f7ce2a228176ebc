package redis

import (
	"cmp"
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
	return ofAll(ctx, rdb, func(ctx context.Context, node redis.UniversalClient) (string, error) {
		return ServerID(ctx, node)
	})
}

// ServerID names the life of the one server that c asks: RunID for who has a connection to it.
func ServerID(ctx context.Context, c redis.Cmdable) (string, error) {
	info, err := info(ctx, c, "server")
	return cmp.Or(field(info, "run_id"), unnamed), err
}

// Contents is RunID and how many keys were evicted: while it stays the same, what was written is there until its time is over.
func Contents(ctx context.Context, rdb redis.UniversalClient) (string, error) {
	return ofAll(ctx, rdb, func(ctx context.Context, node redis.UniversalClient) (string, error) {
		info, err := info(ctx, node) // all of it, because servers before Redis 7 take one section at a time
		return cmp.Or(field(info, "run_id"), unnamed) + "/" + cmp.Or(field(info, "evicted_keys"), "0"), err
	})
}

// ofAll is what the server says, or all that keep a part of a cluster.
func ofAll(ctx context.Context, rdb redis.UniversalClient, ask func(context.Context, redis.UniversalClient) (string, error)) (string, error) {
	cluster, ok := rdb.(*redis.ClusterClient)
	if !ok {
		return ask(ctx, rdb)
	}
	var mu sync.Mutex
	var all []string
	err := cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
		said, err := ask(ctx, node)
		mu.Lock()
		defer mu.Unlock()
		all = append(all, said)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("asking a cluster of Redis: %w", err)
	}
	slices.Sort(all)
	return strings.Join(all, " "), nil
}

// info is what a server says of itself. An embedded one says nothing.
func info(ctx context.Context, rdb redis.Cmdable, sections ...string) (string, error) {
	text, err := rdb.Info(ctx, sections...).Result()
	if err != nil && !strings.Contains(err.Error(), "is not supported") {
		return "", fmt.Errorf("asking Redis about itself: %w", err)
	}
	return text, nil
}

func field(info, name string) string {
	_, rest, _ := strings.Cut("\n"+info, "\n"+name+":")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}
