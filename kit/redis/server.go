package redis

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// unnamed is an embedded server, which loses all with its process.
const unnamed = "unnamed"

// RunID names the life of the one server behind rdb: another one may have lost what the last one had.
func RunID(ctx context.Context, rdb redis.UniversalClient) (string, error) {
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
