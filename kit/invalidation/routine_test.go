package invalidation_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/invalidation"
)

func TestACrashAfterTheCommitLosesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "list", "thing:1")
	s.record(t, "list", "thing:1")
	if s.other.round(t); bumped() != "" || s.rows(t) != "1, 0 done" {
		t.Error("another process did not wait for the first to do it")
	}
	s.later(t, 3*time.Second)
	s.rdb.ReadOnly.Store(true)
	if err := s.other.Round(t.Context()); err == nil || s.rows(t) != "1, 0 done" {
		t.Errorf("a round that cannot bump: %v, rows %s", err, s.rows(t))
	}
	s.rdb.ReadOnly.Store(false)
	s.other.round(t)
	if got := bumped(); got != "list thing:1 " || s.rows(t) != "1, 1 done" {
		t.Errorf("bumped %sof rows %s", got, s.rows(t))
	}
	if s.other.round(t); bumped() != "" {
		t.Error("bumped again in the next round")
	}

	s.record(t, "list")
	next := start(s.db, s.rdb.Client)
	if next.round(t); bumped() != "list thing:1 " {
		t.Error("a process that has just started did not bump what it found")
	}
}

func TestAnotherServerIsToldOfTheLastMinute(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "thing:1", "thing:2", "thing:3", "thing:4")
	write := func(tag string) {
		t.Helper()
		p := s.record(t, tag)
		s.Publish(t.Context(), p)
	}
	write("thing:1")
	s.round(t)
	s.later(t, time.Minute)
	write("thing:2")
	s.round(t)
	s.later(t, 30*time.Second)
	write("thing:3") // is not marked yet
	if got := bumped(); got != "thing:1 thing:2 thing:3 " {
		t.Fatalf("wrote %s", got)
	}
	if s.other.round(t); bumped() != "" {
		t.Error("the same server was told again")
	}

	s.rdb.TakeOver()
	s.rdb.Away.Store(true) // it takes a while to take over
	if err := s.other.Round(t.Context()); err == nil {
		t.Error("a round without Redis succeeded")
	}
	s.rdb.Away.Store(false)
	s.other.round(t)
	if got := bumped(); got != "thing:2 thing:3 " || s.other.bumps(t, "thing", "failover") != 2 {
		t.Errorf("the new server was told of %s", got)
	}
	if s.other.round(t); bumped() != "" {
		t.Error("the new server was told again")
	}
}

// As many writes as there may be bump a tag that can wait once in a round, and once more after the last.
func TestLaterTagsAreBumpedOnceInARound(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "list", "thing:1")
	sell := func() {
		t.Helper()
		p := s.record(t, "thing:1", "list")
		s.Publish(t.Context(), invalidation.Pending{ID: p.ID, Tags: []string{"thing:1"}, Later: []string{"list"}})
		if got := bumped(); got != "thing:1 " {
			t.Errorf("a sale bumped %s", got)
		}
	}
	for round := range 2 {
		for range 20 {
			sell()
		}
		s.other.round(t)
		s.round(t)
		if got := bumped(); got != "list " || s.bumps(t, "list", "outbox") != round+1 {
			t.Errorf("the round bumped %s, %d in all", got, s.bumps(t, "list", "outbox"))
		}
		if s.round(t); bumped() != "" || s.rows(t) != fmt.Sprintf("%d, %d done", 20*(round+1), 20*(round+1)) {
			t.Errorf("bumped again, or rows %s", s.rows(t))
		}
	}

	for _, fault := range []*atomic.Bool{&s.rdb.Away, &s.rdb.ReadOnly} {
		sell()
		fault.Store(true)
		if err := s.Round(t.Context()); err == nil {
			t.Error("a round without Redis succeeded")
		}
		fault.Store(false)
		if s.round(t); bumped() != "list " {
			t.Error("a round that failed has lost the last bump")
		}
	}

	sell()
	s.later(t, 3*time.Second) // and the process is gone
	if s.other.round(t); bumped() != "list thing:1 " {
		t.Error("a crash has lost the last bump")
	}
}

func TestReplicasDoEachRowOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	const rows = 1050
	s.exec(t, `INSERT INTO outbox (tags, created_at) SELECT ARRAY['thing:' || n], now() - interval '1 minute' FROM generate_series(1, $1) n`, rows)
	var wg sync.WaitGroup
	for _, p := range []process{s.process, s.other} {
		wg.Go(func() { p.round(t) })
	}
	wg.Wait()
	if n := s.bumps(t, "thing", "outbox") + s.other.bumps(t, "thing", "outbox"); n != rows || s.rows(t) != "1050, 1050 done" {
		t.Errorf("%d bumps of %d rows, %s", n, rows, s.rows(t))
	}
}

// A replica that is in the middle of some rows keeps others from them, and from nothing else.
func TestARowInWorkIsSkipped(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.record(t, "thing:1")
	s.record(t, "thing:2")
	s.later(t, 3*time.Second)
	tx, err := s.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	if _, err := tx.Exec(t.Context(), `SELECT FROM outbox WHERE tags = '{thing:1}' FOR UPDATE`); err != nil {
		t.Fatal(err)
	}
	bumped := s.stamps(t, "thing:1", "thing:2")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = s.Round(ctx)
	if got := bumped(); got != "thing:2 " || err != nil {
		t.Errorf("bumped %s, %v", got, err)
	}
}

func TestOldRowsGo(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.exec(t, `INSERT INTO outbox (tags, created_at, done_at)
		SELECT '{thing:1}', now() - interval '1 hour', now() - n * interval '1 second' FROM unnest(ARRAY[100, 119, 125, 3600]) n`)
	s.exec(t, `INSERT INTO outbox (tags, created_at, done_at)
		SELECT '{thing:2}', now() - interval '1 hour', now() - interval '1 hour' FROM generate_series(1, 2500)`)
	s.exec(t, `INSERT INTO outbox (tags) VALUES ('{thing:3}')`)
	s.rdb.Away.Store(true)
	if err := s.Round(t.Context()); err == nil || s.rows(t) != "2505, 2504 done" {
		t.Errorf("a round without Redis: %v, %s", err, s.rows(t))
	}
	s.rdb.Away.Store(false)
	if s.round(t); s.rows(t) != "3, 2 done" {
		t.Errorf("%s, want the pending one and two that are young", s.rows(t))
	}
}

func TestRunGoesOnAndEndsWithALastRound(t *testing.T) {
	t.Parallel()
	s := open(t)
	bumped := s.stamps(t, "list")
	later := invalidation.Pending{Tags: []string{"thing:1"}, Later: []string{"list"}}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	for n := 1; n <= 2; n++ { // two rounds that nobody calls
		s.Publish(t.Context(), later)
		for s.log.count("source=outbox") < n {
			<-s.log.more
		}
	}
	s.rdb.Away.Store(true)
	s.Publish(t.Context(), later)
	for s.log.count("invalidations wait in the outbox") == 0 {
		<-s.log.more
	}
	s.rdb.Away.Store(false)
	bumped()
	s.Publish(t.Context(), later)
	stop()
	if err := <-ended; err != nil || bumped() != "list " {
		t.Errorf("ended with %v, perhaps without a last round", err)
	}
}
