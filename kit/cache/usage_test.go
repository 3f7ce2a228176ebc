package cache_test

import (
	"testing"
	"time"

	"github.com/slippers-api/slippers/kit/cache"
)

func TestUsageSaysWhatCopiesAreGoodFor(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := s.replica(t)
	cache.New[int](r.Caches, "unused", time.Minute)
	if u := r.Usage(); u.Caches["things"].HitRatio != nil || u.MaxBytes != sound.Bytes || u.Entries != 0 {
		t.Errorf("before all: %+v", u)
	}
	for range 4 {
		r.get(t)
	}
	s.rdb.Away.Store(true)
	r.get(t)
	u := r.Usage()
	things := u.Caches["things"]
	if things.Hits != 3 || things.Misses != 1 || things.Coalesced != 0 || things.Bypassed != 1 || things.HitRatio == nil || *things.HitRatio != 0.6 {
		t.Errorf("got %+v", things)
	}
	if things.Entries != 1 || things.Bytes < 100 || u.Entries != 1 || u.Bytes != things.Bytes {
		t.Errorf("one copy is %+v of %+v", things, u)
	}
	if unused := u.Caches["unused"]; unused == nil || unused.Entries != 0 || unused.HitRatio != nil {
		t.Errorf("a cache that nobody asks: %+v", unused)
	}
}
