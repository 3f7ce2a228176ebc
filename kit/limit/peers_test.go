package limit_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/net/dns/dnsmessage"

	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/limit"
)

// round is how long a change may take to be seen: until it is asked again, and that is not answered.
const round = 7 * time.Second

// process is one of those that follow what dns says.
type process struct {
	*limit.Own
	*dns
	reg *prometheus.Registry
}

// most is how many processes there may be.
const most = 20

// follow runs f in a bubble of synctest, whose T is p.t, where a process follows dns from the start.
func follow(t *testing.T, first answers, log io.Writer, f func(p process)) {
	t.Helper()
	// What net remembers of this machine must not begin in a bubble, or it could not be used in the next.
	if _, err := (&net.Resolver{PreferGo: true}).LookupHost(t.Context(), "localhost"); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		p := process{dns: &dns{t: t, answers: first}, reg: prometheus.NewRegistry()}
		p.Own = limit.NewOwn(most, p.reg)
		ctx, stop := context.WithCancel(t.Context())
		var following sync.WaitGroup
		following.Go(func() {
			p.Follow(ctx, limit.Peers{Name: peersName, Dial: p.dial}, slog.New(slog.NewTextHandler(log, nil)))
		})
		synctest.Wait()
		f(p)
		stop()
		following.Wait()
	})
}

// says changes the answer, and waits until it must have been asked for.
func (p process) says(a answers) {
	p.say(a)
	p.later(round)
}

// later is when d has gone by in the bubble, and all that was to happen meanwhile has.
func (process) later(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (p process) told() float64 {
	p.t.Helper()
	families, err := p.reg.Gather()
	if err != nil || len(families) != 1 || families[0].GetName() != "rate_limit_replicas" {
		p.t.Fatalf("it tells %v, %v", families, err)
	}
	return families[0].GetMetric()[0].GetGauge().GetValue()
}

// burst is how many calls of a new caller it lets through at once.
func (p process) burst(key string, policy redis_rate.Limit) (n int) {
	for p.Count(&batch.Limit{Key: key, Limit: policy, Cost: 1}).Allowed > 0 {
		n++
	}
	return n
}

// It divides by as many as DNS tells, but by no more than there may be, and while nobody can tell, by as many as before.
func TestItFollowsHowManyThereAre(t *testing.T) {
	t.Parallel()
	strangers := answers{v4: [][4]byte{{192, 0, 2, 7}}}
	both := peers(3)
	both.v6 = [][16]byte{{15: 1}, {0: 0x20, 15: 2}, {0: 0x20, 15: 3}, {0: 0x20, 15: 4}}
	half := answers{v6: both.v6, code4: dnsmessage.RCodeServerFailure}
	follow(t, answers{never: true}, io.Discard, func(p process) {
		t := p.t
		policy := limit.PerTime(100, time.Hour)
		if n := p.burst("at first", policy); n != 5 || p.told() != 20 {
			t.Errorf("before it knows: %d at once, one of %v; want 5, of 20", n, p.told())
		}
		for _, step := range []struct {
			name string
			said answers
			of   float64
		}{
			{"two", peers(2), 2},
			{"five", peers(5), 5},
			{"no such name", answers{code4: dnsmessage.RCodeNameError, code6: dnsmessage.RCodeNameError}, 5},
			{"a name without addresses", answers{}, 5},
			{"a server that fails", answers{code4: dnsmessage.RCodeServerFailure, code6: dnsmessage.RCodeServerFailure}, 5},
			{"somebody else", strangers, 5},
			{"half an answer", half, 5},
			{"a server that says nothing", answers{never: true}, 5},
			{"four, after it", peers(4), 4},
			{"more than there may be", peers(most + 1), most},
			{"alone", peers(1), 1},
			{"two addresses each", both, 4},
		} {
			p.says(step.said)
			if n := p.burst(step.name, policy); p.told() != step.of || n != 100/int(step.of) {
				t.Errorf("%s: %d at once, one of %v; want one of %v", step.name, n, p.told(), step.of)
			}
		}
	})
}

// Whoever has been counted already goes on with what was left, and at the new pace.
func TestAChangeLocksNobodyOutAndLetsNobodyIn(t *testing.T) {
	t.Parallel()
	policy := limit.PerTime(100, time.Minute)
	follow(t, peers(most), io.Discard, func(p process) {
		t := p.t
		count := func(key string, cost int) *redis_rate.Result {
			return p.Count(&batch.Limit{Key: key, Limit: policy, Cost: cost})
		}
		p.burst("busy", policy)
		count("idle", 1)
		p.says(peers(2)) // 7 s at one in 12 s, or a little less
		if r := count("busy", 1); r.Allowed != 0 || r.RetryAfter <= 0 || r.RetryAfter > 1200*time.Millisecond {
			t.Errorf("fewer processes let in who had nothing left, or keep them out for long: %+v", r)
		}
		if n := p.burst("idle", policy); n != 4 {
			t.Errorf("who had four of five has %d, want four", n)
		}
		p.later(12 * time.Second) // ten at one in 1.2 s
		if r := count("busy", 10); r.Allowed != 10 {
			t.Errorf("the new pace is not theirs, or costs above the old part are refused for ever: %+v", r)
		}
		p.later(time.Minute)
		if n := p.burst("busy", policy); n != 50 {
			t.Errorf("after all came back: %d at once, want 50", n)
		}
		p.later(time.Minute)
		count("busy", 1)
		p.says(peers(most))
		if r := count("busy", 1); r.Allowed != 1 || r.Remaining != 4 {
			t.Errorf("with more processes there is more left than their part: %+v", r)
		}
		p.burst("busy", policy)
		if r := count("busy", 1); r.Allowed != 0 || r.RetryAfter > 12*time.Second {
			t.Errorf("and after that %+v, want one back after 12 s", r)
		}
	})
}

// However often the number changes, nobody gets more than the largest part and its pace.
func TestANumberThatSwingsGivesNothing(t *testing.T) {
	t.Parallel()
	follow(t, peers(most), io.Discard, func(p process) {
		t := p.t
		policy, passed := limit.PerTime(100, time.Hour), 0
		for i := range 40 {
			passed += p.burst("a", policy)
			p.says(peers(1 + (most-1)*(i%2)))
		}
		if most := 100 + int(40*round*100/time.Hour); passed > most {
			t.Errorf("%d passed, want %d at most", passed, most)
		}
	})
}

// One line tells of an outage, and none of a short one, such as each start is.
func TestAnOutageIsLoggedOnce(t *testing.T) {
	t.Parallel()
	unknown := answers{code4: dnsmessage.RCodeNameError, code6: dnsmessage.RCodeNameError}
	for name, tt := range map[string]struct {
		said  answers
		lasts time.Duration
		want  int
	}{
		"a short one":         {unknown, 50 * time.Second, 0},
		"a long one":          {unknown, time.Hour, 1},
		"a server that hangs": {answers{never: true}, time.Minute, 1}, // is waited for in no round until the next
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			follow(t, tt.said, &log, func(p process) {
				for range 2 {
					p.says(tt.said)
					p.later(tt.lasts - round)
					p.says(peers(2))
				}
			})
			lines, names := strings.Count(log.String(), "\n"), strings.Count(log.String(), strings.Trim(peersName, "."))
			if lines != 2*tt.want || names != 2*tt.want {
				t.Errorf("of two outages %d lines tell, want %d each:\n%s", lines, tt.want, log.String())
			}
		})
	}
}

// Where there is no name the number is what it is.
func TestWithoutANameNothingIsAsked(t *testing.T) {
	t.Parallel()
	limit.NewOwn(3, prometheus.NewRegistry()).Follow(t.Context(), limit.Peers{}, slog.New(slog.DiscardHandler))
}
