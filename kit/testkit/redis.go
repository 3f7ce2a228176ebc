package testkit

import (
	"os"
	"testing"

	"github.com/redis/go-redis/v9"

	ourredis "github.com/slippers-api/slippers/kit/redis"
)

// Redis returns a client of the tests' Redis, set up as the services set it up. It is shared: use keys of your own.
func Redis(t testing.TB) *redis.Client {
	t.Helper()
	url := os.Getenv("TEST_REDIS_URL")
	if url == "" {
		t.Fatal("TEST_REDIS_URL is not set: " + howToGet)
	}
	c, err := ourredis.Open(ourredis.Config{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	single, ok := c.(*redis.Client)
	if !ok {
		t.Fatalf("TEST_REDIS_URL is that of a %T", c)
	}
	return single
}
