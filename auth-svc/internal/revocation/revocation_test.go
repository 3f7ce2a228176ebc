package revocation_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/auth-svc/internal/revocation"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/testkit"
)

type sessions struct{ asked []time.Duration }

func (s *sessions) RevokedSince(_ context.Context, while time.Duration) ([]string, error) {
	s.asked = append(s.asked, while)
	return []string{"a", "b"}, nil
}

func TestRedisIsToldAllThatMatters(t *testing.T) {
	t.Parallel()
	ctx, rdb, prefix, s := t.Context(), testkit.Redis(t), "test:"+rand.Text()+":", &sessions{}
	a := revocation.New(rdb, prefix, s, 15*time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	keys := []string{prefix + "revoked:a", prefix + "revoked:b", prefix + "ready"}
	t.Cleanup(func() { rdb.Del(context.Background(), append(keys, prefix+"revoked:c")...) })

	renew := func(what string, all bool) {
		t.Helper()
		if err := a.Renew(ctx); err != nil {
			t.Fatal(err)
		}
		if n := rdb.Exists(ctx, keys...).Val(); n != 3 {
			t.Errorf("%s: %d of 3 keys are there", what, n)
		}
		if got := s.asked[len(s.asked)-1] == 16*time.Minute; got != all {
			t.Errorf("%s: asked for the last %s", what, s.asked[len(s.asked)-1])
		}
	}
	renew("at first", true)
	renew("again", false)
	rdb.Del(ctx, keys...)
	renew("after Redis lost it", true)
	rdb.Set(ctx, prefix+"ready", "another server", time.Minute)
	renew("after another server took over", true)

	if err := a.Announce(ctx, "c"); err != nil {
		t.Error(err)
	}
	if ttl := rdb.TTL(ctx, prefix+"revoked:c").Val(); ttl < 15*time.Minute || ttl > 16*time.Minute {
		t.Errorf("an ended session is remembered for %s", ttl)
	}
	if ttl := rdb.PTTL(ctx, prefix+"ready").Val(); ttl <= 0 || ttl > 2500*time.Millisecond {
		t.Errorf("the copy counts as complete for %s", ttl)
	}
}

func TestRedisAwayIsNoFailureOfALogout(t *testing.T) {
	t.Parallel()
	rdb, err := redis.Open(redis.Config{URL: "redis://127.0.0.1:1/0"})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	s := &sessions{}
	a := revocation.New(rdb, "x:", s, time.Minute, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	if err := a.Announce(t.Context(), "a"); err != nil {
		t.Errorf("while Redis is away a session cannot end: %v", err)
	}
	left, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Announce(left, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("whoever has gone is told %v", err)
	}
	if err := a.Renew(t.Context()); err == nil {
		t.Error("a copy that nobody holds is called complete")
	}
}
