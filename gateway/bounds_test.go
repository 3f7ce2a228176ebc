package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/testkit"
)

// What the gateway holds is bounded, whatever is asked.
func TestRandomQueriesDoNotGrowIt(t *testing.T) {
	t.Parallel()
	rdb := testkit.Redis(t)
	c := &catalogue{}
	const most = 256 << 10
	s := open(t, c.serve, withRedis(t), func(cfg *config) { cfg.Cache.Bytes, cfg.Cache.Slots = most, 64 })
	for i := range 2000 {
		s.askDirectly(t, fmt.Sprintf("GET /slippers?search=%d-%d&skip=%d", time.Now().UnixNano(), i, i), "")
	}
	if size := s.metric(t, "edge_cache_bytes"); size > 1.2*most || size < most/4 {
		t.Errorf("the pages take %.0f bytes, want at most %d", size, most)
	}
	keys, err := rdb.Keys(t.Context(), "page:*").Result() // a test may
	if err != nil || len(keys) > 4096+64 {
		t.Errorf("%d pages in Redis, %v", len(keys), err)
	}
}

// A page goes to Redis compressed, and not at all when that does not make it small.
func TestPagesInRedisAreSmall(t *testing.T) {
	t.Parallel()
	noise := make([]byte, 20<<10)
	_, _ = rand.Read(noise)
	for name, tt := range map[string]struct {
		text  string
		calls int64
	}{
		"a long page":                   {strings.Repeat("felt ", 20<<10), 1},
		"one that cannot be made small": {hex.EncodeToString(noise), 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &catalogue{text: tt.text}
			path, _ := item()
			var got [2]answer
			for i := range got {
				gateway := open(t, c.serve, withRedis(t), func(cfg *config) { cfg.Cache.Slots = 1 << 31 }) // no other test's page takes its place
				got[i] = gateway.askDirectly(t, "GET "+path, "")
			}
			if n := c.calls.Load(); n != tt.calls || got[0].status != 200 || got[1].body != got[0].body {
				t.Errorf("%d calls of two gateways, want %d: %d %.60s, %d %.60s", n, tt.calls, got[0].status, got[0].body, got[1].status, got[1].body)
			}
		})
	}
}
