package redis_test

import (
	"context"
	"testing"

	"github.com/alicebob/miniredis/v2"
	goredis "github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestUsageIsWhatTheServerSays(t *testing.T) {
	t.Parallel()
	rdb := testkit.Redis(t)
	if err := rdb.Set(t.Context(), "usage_test", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	u, err := redis.UsageOf(t.Context(), rdb)
	if err != nil || u.Keys < 1 {
		t.Fatalf("got %+v, %v", u, err)
	}
	if id, _ := redis.RunID(t.Context(), rdb); id == "unnamed" {
		return // the tests run on an embedded server, which has no more
	}
	if u.UsedMemory == nil || *u.UsedMemory < 100<<10 || u.MaxMemory == nil || u.EvictedKeys == nil {
		t.Errorf("it lacks numbers that a real server has: %+v", u)
	}
}

// A cluster is as full as its masters are together.
func TestUsageOfAClusterIsTheSum(t *testing.T) {
	t.Parallel()
	a, b := miniredis.RunT(t), miniredis.RunT(t)
	_, _, _ = a.Set("a", "x"), b.Set("b", "x"), b.Set("c", "x")
	slots := []goredis.ClusterSlot{
		{Start: 0, End: 8191, Nodes: []goredis.ClusterNode{{Addr: a.Addr()}}}, {Start: 8192, End: 16383, Nodes: []goredis.ClusterNode{{Addr: b.Addr()}}},
	}
	rdb := goredis.NewClusterClient(&goredis.ClusterOptions{
		MaxRetries: -1, ClusterSlots: func(context.Context) ([]goredis.ClusterSlot, error) { return slots, nil },
	})
	defer rdb.Close()
	if u, err := redis.UsageOf(t.Context(), rdb); err != nil || u.Keys != 3 || u.UsedMemory != nil {
		t.Errorf("got %+v, %v, want the keys of both", u, err)
	}
	b.Close()
	if u, err := redis.UsageOf(t.Context(), rdb); err == nil {
		t.Errorf("a cluster whose half is away has %+v", u)
	}
}

func TestUsageOfAnEmbeddedServer(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	rdb, err := redis.Open(redis.Config{URL: "redis://" + m.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	_ = m.Set("a", "x")
	u, err := redis.UsageOf(t.Context(), rdb)
	if err != nil || u.Keys != 1 || u.UsedMemory != nil || u.MaxMemory != nil || u.EvictedKeys != nil {
		t.Errorf("got %+v, %v, want one key and nothing else", u, err)
	}
	m.Close()
	if u, err := redis.UsageOf(t.Context(), rdb); err == nil {
		t.Errorf("a server that is away has %+v", u)
	}
}
