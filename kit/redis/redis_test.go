package redis_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/slippers-api/slippers/kit/redis"
)

// A Redis that accepts and never answers is the worst kind: nothing refuses, so only our own deadline ends it.
func TestAHangingRedisIsGivenUp(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := redis.Open(redis.Config{URL: "redis://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	start := time.Now()
	if err := c.Get(t.Context(), "key").Err(); err == nil {
		t.Error("a hanging Redis answered")
	}
	if took := time.Since(start); took > 2*time.Second { // the library's own patience is 5 s and more
		t.Errorf("gave up after %v", took)
	}
}

func TestOpenDoesNotQuoteThePassword(t *testing.T) {
	t.Parallel()
	if _, err := redis.Open(redis.Config{URL: "http://:hunter2@x"}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

// The embedded server of development has no sections of INFO; it is a server all the same.
func TestAnEmbeddedServerHasNoName(t *testing.T) {
	t.Parallel()
	m := miniredis.RunT(t)
	rdb, err := redis.Open(redis.Config{URL: "redis://" + m.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	first, err := redis.RunID(t.Context(), rdb)
	if err != nil || first == "" {
		t.Fatalf("its run id is %q, %v", first, err)
	}
	if contents, err := redis.Contents(t.Context(), rdb); err != nil || contents != first+"/0" {
		t.Errorf("its contents are %q, %v", contents, err)
	}
	m.Close()
	if _, err := redis.RunID(t.Context(), rdb); err == nil {
		t.Error("a server that is away has a run id")
	}
}
