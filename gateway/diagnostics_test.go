package main

import (
	"encoding/json"
	"testing"
)

// What the gateway says of its cache is what its answers said: one page was loaded, and twice it was there.
func TestTheCacheIsCounted(t *testing.T) {
	t.Parallel()
	c := &catalogue{}
	s := open(t, c.serve, withRedis(t))
	path, _ := item()
	for range 3 {
		s.ask(t, "GET "+path, nil)
	}
	s.ask(t, "GET "+path+"?x=1", nil)

	got := s.askDirectly(t, "GET /admin/cache", "", "Authorization", s.token(t, goesOn, true, 0))
	type used struct {
		Hits, Misses, Stale, Coalesced, Bypassed int
		HitRatio                                 float64 `json:"hit_ratio"`
		Entries, Bytes                           int
	}
	var answer struct {
		Gateway struct {
			Entries, Bytes int
			MaxBytes       int `json:"max_bytes"`
			Pages          map[string]used
		}
		Redis struct {
			Status string
			Keys   int
		}
	}
	if err := json.Unmarshal([]byte(got.body), &answer); err != nil {
		t.Fatalf("%v: %s", err, got.body)
	}
	g, page := answer.Gateway, answer.Gateway.Pages["slipper"]
	if page.Bytes < 1000 || g.Bytes != page.Bytes || g.Entries != 1 || g.MaxBytes != 128<<20 || len(g.Pages) != 1 {
		t.Errorf("one page is %s", got.body)
	}
	page.Bytes = 0
	if want := (used{Hits: 2, Misses: 1, Bypassed: 1, HitRatio: 0.5, Entries: 1}); page != want {
		t.Errorf("got %+v, want %+v", page, want)
	}
	if answer.Redis.Status != "healthy" || answer.Redis.Keys < 1 {
		t.Errorf("Redis is %+v", answer.Redis)
	}
}
