package redis_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestModesAreRead(t *testing.T) {
	t.Parallel()
	for url, mode := range map[string]redis.Mode{
		"redis://a:1?nonsense=1": redis.Cluster, "redis://a:1": redis.Sentinel, "http://a": redis.Single,
	} {
		if c, err := redis.Open(redis.Config{URL: url, Mode: mode}); err == nil {
			_ = c.Close()
			t.Errorf("%s opens as %s", url, mode)
		}
	}
	if err := new(redis.Mode).UnmarshalText([]byte("sharded")); err == nil {
		t.Error("sharded is a mode")
	}
}

// eventually waits for what other processes bring about.
func eventually(t *testing.T, what string, ok func(context.Context) bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	late := time.After(2 * time.Minute)
	for !ok(t.Context()) {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// Behind sentinels a client follows to the server that takes over, and tells that it is another one.
func TestAClientFollowsItsSentinels(t *testing.T) {
	t.Parallel()
	first := testkit.NewRedisServer(t)
	host, port, _ := strings.Cut(first.Options().Addr, ":")
	second := testkit.NewRedisServer(t, "--replicaof", host+" "+port)
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	text := fmt.Sprintf("sentinel monitor shop %s %s 1\nsentinel down-after-milliseconds shop 500\nsentinel failover-timeout shop 2000\n", host, port)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	sentinel := testkit.NewRedisServer(t, file, "--sentinel")
	rdb, err := redis.Open(redis.Config{
		URL:  "redis://" + sentinel.Options().Addr + "?master_name=shop&read_timeout=5s&write_timeout=5s&dial_timeout=5s&pool_timeout=5s",
		Mode: redis.Sentinel,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	eventually(t, "the first server is written to", func(ctx context.Context) bool { return rdb.Set(ctx, "key", "kept", 0).Err() == nil })
	was, err := redis.RunID(t.Context(), rdb)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the second server has a copy", func(ctx context.Context) bool {
		n, err := rdb.Do(ctx, "WAIT", 1, 1000).Int()
		return err == nil && n == 1
	})
	eventually(t, "the sentinel knows of it", func(ctx context.Context) bool {
		replicas, err := sentinel.Do(ctx, "sentinel", "replicas", "shop").Slice()
		return err == nil && len(replicas) == 1
	})
	first.Kill()
	eventually(t, "the server at "+second.Options().Addr+" has taken over", func(ctx context.Context) bool {
		now, err := redis.RunID(ctx, rdb)
		return err == nil && now != was && rdb.Set(ctx, "other", "new", 0).Err() == nil
	})
	if got := rdb.Get(t.Context(), "key").Val(); got != "kept" {
		t.Errorf("it knows %q", got)
	}
}
