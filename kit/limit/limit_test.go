package limit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/limit"
)

type class string

func TestParse(t *testing.T) {
	t.Parallel()
	defaults := map[class]redis_rate.Limit{"a": limit.PerTime(1, time.Minute), "b": limit.PerTime(2, time.Minute)}
	got, err := limit.Parse([]byte("a=7/30s, a=8/5m"), defaults)
	want := map[class]redis_rate.Limit{"a": {Rate: 8, Burst: 8, Period: 5 * time.Minute}, "b": {Rate: 2, Burst: 2, Period: time.Minute}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v, (-want +got):\n%s", err, diff)
	}
	if defaults["a"].Rate != 1 {
		t.Error("the defaults have changed")
	}
	for _, bad := range []string{"", "a", "a=0/60s", "a=-1/60s", "a=x/60s", "a=1/60", "a=1/0s", "c=1/60s", "a=1/60s,,"} {
		if _, err := limit.Parse([]byte(bad), defaults); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.7": "address:203.0.113.7", "::ffff:203.0.113.7": "address:203.0.113.7", "": "address:unknown", "203.0.113.7:80": "address:unknown",
		"2001:db8:1:2:3::4": "network:2001:db8:1:2::", "fe80::1%eth0": "network:fe80::", "nonsense": "address:unknown",
	} {
		if got := limit.Address(address); got != want {
			t.Errorf("%q stands for %s, want %s", address, got, want)
		}
	}
}

// A process allows its part of a policy, at least one, to each, and takes back what was counted for nothing.
func TestOwnCountsItsPart(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		replicas, burst, want int
		back                  time.Duration
	}{
		"alone":                   {1, 4, 4, 15 * time.Minute},
		"one of two":              {2, 4, 2, 30 * time.Minute},
		"no replicas are one":     {0, 4, 4, 15 * time.Minute},
		"more of them than calls": {9, 4, 1, 135 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := limit.NewOwn(tt.replicas, prometheus.NewRegistry())
			count := func(key string, cost int) *redis_rate.Result {
				return o.Count(&batch.Limit{Key: key, Limit: limit.PerTime(tt.burst, time.Hour), Cost: cost})
			}
			for i := range tt.want {
				if r := count("a", 1); r.Allowed != 1 || r.Remaining != tt.want-1-i {
					t.Errorf("call %d: %+v", i, r)
				}
			}
			r := count("a", 1)
			if r.Allowed != 0 || r.RetryAfter > tt.back || r.RetryAfter < tt.back-time.Minute {
				t.Errorf("one call too many: %+v, want one back after %s", r, tt.back)
			}
			count("a", -1)
			if first, second := count("a", 1), count("a", 1); first.Allowed != 1 || second.Allowed != 0 {
				t.Errorf("with one given back: %+v, then %+v", first, second)
			}
			if r := count("b", 1); r.Allowed != 1 {
				t.Errorf("another caller: %+v", r)
			}
		})
	}
}

// A crowd makes it forget the oldest, and nobody else.
func TestOwnIsBounded(t *testing.T) {
	t.Parallel()
	o := limit.NewOwn(1, prometheus.NewRegistry())
	count := func(key string) bool {
		return o.Count(&batch.Limit{Key: key, Limit: limit.PerTime(1, time.Hour), Cost: 1}).Allowed > 0
	}
	count("first")
	for i := range 9_999 {
		count(fmt.Sprint(i))
	}
	if count("first") {
		t.Error("one of ten thousand is forgotten")
	}
	for i := range 10_000 {
		count(fmt.Sprint("other", i))
	}
	if !count("first") {
		t.Error("ten thousand others did not drive the first out")
	}
}
