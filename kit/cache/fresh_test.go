package cache_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	ourredis "github.com/slippers-api/slippers/kit/redis"
)

// What was being loaded while a write was acknowledged is never what somebody gets who asks afterwards: not from this
// process and not from another, whichever load ends last.
func TestAHeldLoadNeverWinsOverALaterWrite(t *testing.T) {
	t.Parallel()
	for name, ends := range map[string]func(release func(), other func()){
		"held one first": func(release, other func()) { release(); other() },
		"held one last":  func(release, other func()) { other(); release() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			a, b := s.replica(t), s.replica(t)
			read, open, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = a.Get(t.Context(), "all", []string{"things"}, func(ctx context.Context) (list, error) {
					l, err := s.load(ctx)
					close(read)
					<-open
					return l, err
				})
			}()
			<-read
			written := s.write(t)
			ends(func() { close(open); <-ended }, func() {
				for who, r := range map[string]replica{"the one that loads": a, "another": b} {
					if got := r.get(t); got != written {
						t.Errorf("meanwhile, %s: version %d, want %d", who, got, written)
					}
				}
			})
			for who, r := range map[string]replica{"the one that held": a, "another": b, "a new one": s.replica(t)} {
				if got := r.get(t); got != written {
					t.Errorf("afterwards, %s: version %d, want %d", who, got, written)
				}
			}
		})
	}
}

// Readers of two processes never see less than what was acknowledged before they asked, while Redis forgets everything now
// and then.
func TestNobodyReadsWhatWasBeforeAnAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	replicas := []replica{s.replica(t), s.replica(t)}
	var acknowledged atomic.Int64
	done := make(chan struct{})
	var readers sync.WaitGroup
	for n := range 16 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				before := acknowledged.Load()
				if got := replicas[n%2].get(t); got < before {
					t.Errorf("version %d, and %d was acknowledged before", got, before)
				}
			}
		})
	}
	for i := range 400 {
		acknowledged.Store(s.write(t))
		if i%50 == 25 {
			s.rdb.Flush()
		}
		replicas[i%2].get(t)
	}
	close(done)
	readers.Wait()
	if hits := metric(t, replicas[0].reg, "cache_lookups_total", "hit"); hits == 0 {
		t.Error("there was no copy to be wrong")
	}
}

// A flushed Redis has no stamps: copies of before count for nothing, and new ones are made.
func TestAFlushedRedis(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	r.get(t)
	s.version.Add(1) // whose bump the flush takes away
	s.rdb.Flush()
	for range 2 {
		if got := r.get(t); got != 1 {
			t.Errorf("version %d, want 1", got)
		}
	}
	if n := s.loads.Load(); n != 2 {
		t.Errorf("%d loads, want one before and one after", n)
	}
}

// Without Redis everybody loads for themself, and a copy counts again when it is back, unless there was a write.
func TestWithoutRedisEverythingIsLoaded(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	r.get(t)
	s.rdb.Away.Store(true)
	for n := range int64(3) {
		s.version.Add(1)
		if got := r.get(t); got != n+1 {
			t.Errorf("version %d, want %d", got, n+1)
		}
	}
	if got := r.lookups(t); got != "hit 0, miss 1, coalesced 0, bypass 3" {
		t.Error(got)
	}
	s.rdb.Away.Store(false)
	written := s.write(t)
	until(t, "the breaker asks again", func() bool {
		return r.get(t) == written && metric(t, r.reg, "cache_lookups_total", "hit") > 0
	})
}

// A Redis that accepts and never answers costs 50 ms, and that only a few calls: the bound is for a busy machine.
func TestAHangingRedisCostsLittle(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	rdb, err := ourredis.Open(ourredis.Config{URL: "redis://" + l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer rdb.Close()
	c, reg := open[list](t, sound, rdb, "things", time.Minute)
	s := &shop{}
	start := time.Now()
	for range 100 {
		replica{c, s, reg}.get(t)
	}
	if took := time.Since(start); took > 2*time.Second || s.loads.Load() != 100 { // 5 s if each waited
		t.Errorf("%d loads took %s", s.loads.Load(), took)
	}
}

// What Redis stops answering between the stamps and the copy is loaded too.
func TestRedisGoesDuringALoad(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	got, err := r.Get(t.Context(), "all", []string{"things"}, func(ctx context.Context) (list, error) {
		s.rdb.Away.Store(true)
		return s.load(ctx)
	})
	if err != nil || len(got.Items) != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}
