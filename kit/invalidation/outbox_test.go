package invalidation_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/testkit"
)

// insert is a write.
func insert(ctx context.Context) func(pgx.Tx) error {
	return func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO things VALUES (1)`)
		return err
	}
}

func TestAWriteReturnsAfterItsBump(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "list", "thing:1", "thing:2", "odd")
	ctx, leave := context.WithCancel(requestid.With(t.Context(), "request-7"))
	err := s.Write(ctx, []string{"list", "thing:1", "odd"}, func(tx pgx.Tx) error {
		if err := insert(ctx)(tx); err != nil {
			return err
		}
		if got := bumped(); got != "" {
			t.Errorf("%sbumped before the commit", got)
		}
		return nil
	})
	leave()
	if got := bumped(); got != "list thing:1 odd " || err != nil {
		t.Errorf("%v, bumped %s", err, got)
	}
	s.Publish(ctx, invalidation.Pending{Tags: []string{"thing:2"}})
	if got := bumped(); got != "thing:2 " {
		t.Errorf("after the caller has gone: bumped %s", got)
	}
	if s.bumps(t, "list", "inline") != 1 || s.bumps(t, "thing", "inline") != 2 || s.bumps(t, "other", "inline") != 1 || s.bumps(t, "list", "failover") != 0 {
		t.Error("the bumps are not counted by kind")
	}
	if s.log.count(`tags="[list thing:1 odd]" source=inline id=request-7`) != 1 {
		t.Errorf("logged %s", &s.log.text)
	}
	if s.round(t); s.rows(t) != "1, 1 done" || bumped() != "" {
		t.Errorf("after a round: %s, and perhaps bumped again", s.rows(t))
	}
}

func TestAWriteThatFailsBumpsNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped, refused := s.stamps(t, "list"), errors.New("refused")
	err := s.Write(t.Context(), []string{"list"}, func(tx pgx.Tx) error { return errors.Join(insert(t.Context())(tx), refused) })
	if got := bumped(); !errors.Is(err, refused) || got != "" || s.rows(t) != "0, 0 done" {
		t.Errorf("%v, bumped %s, rows %s", err, got, s.rows(t))
	}
}

func TestAWriteSucceedsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "list", "thing:1", "later")
	s.rdb.Away.Store(true)
	if err := s.Write(t.Context(), []string{"list", "thing:1"}, insert(t.Context())); err != nil {
		t.Errorf("writing: %v", err)
	}
	s.Publish(t.Context(), invalidation.Pending{Tags: []string{"thing:1"}, Later: []string{"later"}})
	for range 2 {
		if err := s.Round(t.Context()); err == nil {
			t.Error("a round without Redis succeeded")
		}
	}
	s.rdb.Away.Store(false)
	if got := bumped(); got != "" || s.rows(t) != "1, 0 done" {
		t.Errorf("bumped %sof rows %s", got, s.rows(t))
	}
	s.round(t)
	if got := bumped(); got != "list thing:1 later " || s.rows(t) != "1, 1 done" || s.bumps(t, "list", "outbox") != 1 {
		t.Errorf("once it is back: bumped %sof rows %s", got, s.rows(t))
	}
	if s.log.count(`level=WARN msg="invalidation left to the outbox" tags="[list thing:1]"`) != 1 {
		t.Errorf("logged %s", &s.log.text)
	}
}

// A Redis that accepts and never answers costs a few writes its patience each, and the rest nothing.
func TestAHangingRedisIsLeftAlone(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rdb, err := redis.Open(redis.Config{URL: "redis://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	p := start(testkit.Postgres(t), rdb)
	begun := time.Now()
	for range 100 {
		p.Publish(t.Context(), invalidation.Pending{ID: 1, Tags: []string{"list"}})
	}
	if took := time.Since(begun); took > time.Second { // 150 ms where there is time
		t.Errorf("100 writes took %v", took)
	}
	if p.log.count("left to the outbox") != 100 || p.log.count("just failed") < 90 {
		t.Errorf("logged %s", &p.log.text)
	}
}

// A Redis that is back is asked again by the writes themselves.
func TestWritesSoonTryAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.rdb.Away.Store(true)
	for range 5 {
		s.Publish(t.Context(), invalidation.Pending{Tags: []string{"list"}})
	}
	s.rdb.Away.Store(false)
	bumped := s.stamps(t, "thing:1")
	got := ""
	for end := time.Now().Add(10 * time.Second); got == "" && time.Now().Before(end); got = bumped() {
		s.Publish(t.Context(), invalidation.Pending{Tags: []string{"thing:1"}})
	}
	if got != "thing:1 " {
		t.Errorf("bumped %s", got)
	}
	if s.Publish(t.Context(), invalidation.Pending{Tags: []string{"thing:1"}}); bumped() != "thing:1 " {
		t.Error("the next write bumped nothing")
	}
}

func TestMemoryIsBoundedWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(t, `INSERT INTO outbox (tags) SELECT ARRAY['thing:' || n] FROM generate_series(1, 10050) n`)
	s.rdb.Away.Store(true)
	for id := range int64(10_050) {
		s.Publish(t.Context(), invalidation.Pending{ID: id + 1, Tags: []string{"thing:0"}})
	}
	s.rdb.Away.Store(false)
	if s.round(t); s.rows(t) != "10050, 10000 done" {
		t.Errorf("%s, want what fits in memory", s.rows(t))
	}
	s.later(t, 3*time.Second)
	if s.other.round(t); s.rows(t) != "10050, 10050 done" || s.other.bumps(t, "thing", "outbox") != 50 {
		t.Errorf("%s, want the rest from the table", s.rows(t))
	}
}

func TestEveryCounterIsThereFromTheStart(t *testing.T) {
	t.Parallel()
	p := start(nil, testkit.Redis(t))
	all, err := p.reg.Gather()
	var names []string
	for _, m := range all {
		names = append(names, m.GetName())
		if m.GetName() == "cache_invalidations_total" && len(m.GetMetric()) != 9 {
			t.Errorf("%d series, want 3 kinds by 3 sources", len(m.GetMetric()))
		}
	}
	if got := strings.Join(names, " "); got != "cache_invalidations_late_total cache_invalidations_oldest_waiting_seconds cache_invalidations_total cache_invalidations_waiting" || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}
