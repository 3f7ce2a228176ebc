// Package batch asks Redis once for many requests: whether a caller is below a limit, what the stamps of tags are, what
// keys hold.
//
// A request joins a batch that has not been sent yet, never one that is under way. So what it learns is not older than
// itself, and every request counts against its limit: sharing costs neither freshness nor exactness. It is for what every
// request asks; whoever asks once in a while calls Redis.
package batch

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-redis/redis_rate/v10"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"

	"github.com/slippers-api/slippers/kit/tracing"
)

// ErrAway is returned while Redis cannot be asked. Its cause says why.
var ErrAway = errors.New("redis is away")

// Limit is a number of events that somebody wants to be allowed.
type Limit struct {
	Key   string // as redis_rate takes it, without its prefix
	Limit redis_rate.Limit
	Cost  int // below zero it gives back what was counted before
}

// Ask is what one request wants to know, all of it optional.
type Ask struct {
	Limit *Limit
	Tags  []string // whose stamps are wanted
	Keys  []string // whose values are wanted
}

// Answer is what Redis said, in the order of the Ask.
type Answer struct {
	Limit  redis_rate.Result
	Stamps []string
	Values []Value
}

// Value is what a key holds.
type Value struct {
	Text string
	OK   bool // there is such a key
}

const (
	// One batch is under way at a time, so that the next grows meanwhile: more of them are smaller ones, which cost more in
	// all. Only beside one that takes longer than a round trip should, as after a lost packet, there may be another.
	atOnce = 2
	slow   = 2 * time.Millisecond
	// A few failures in a row leave Redis alone for a moment, so that one that hangs costs few requests their time.
	trips   = 3
	openFor = time.Second
)

// Batcher gathers what requests ask.
type Batcher struct {
	run     func(ctx context.Context, ops []*op) error
	breaker *gobreaker.CircuitBreaker[struct{}]
	sizes   prometheus.Histogram
	away    prometheus.Counter

	mu       sync.Mutex
	next     *pending // what joins now
	underway int
	last     *pending  // of them
	began    time.Time // the last one
}

// pending is a batch. Its fields may be read once done is closed.
type pending struct {
	asks  int
	since time.Time // somebody waits for it
	ops   []*op
	at    map[place]*op
	done  chan struct{}
	err   error

	sent     bool         // it is one of those under way, until all of its requests have been answered
	answered atomic.Int64 // of them
}

// New returns a batcher on rdb: one script call for a batch, or on a cluster one pipeline to each node.
func New(rdb redis.UniversalClient, reg prometheus.Registerer) *Batcher {
	run := (&single{rdb: rdb}).run
	if c, ok := rdb.(*redis.ClusterClient); ok {
		run = (&cluster{c}).run
	}
	return &Batcher{
		run: run, next: newPending(),
		breaker: gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Timeout:     openFor,
			ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= trips },
		}),
		sizes: promauto.With(reg).NewHistogram(prometheus.HistogramOpts{
			Name:    "redis_batch_requests",
			Help:    "Requests that shared one round trip to Redis. It grows with load: that is what keeps Redis cheap.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128},
		}),
		away: promauto.With(reg).NewCounter(prometheus.CounterOpts{
			Name: "redis_batch_failures_total",
			Help: "Round trips that Redis did not answer, or that were not tried because it had not answered before.",
		}),
	}
}

func newPending() *pending { return &pending{at: map[place]*op{}, done: make(chan struct{})} }

// Do asks a. It takes as long as Redis is given, whatever becomes of ctx meanwhile, which names the trace and no more. It
// wraps ErrAway when there is no answer.
func (b *Batcher) Do(ctx context.Context, a Ask) (Answer, error) {
	_, end := tracing.Within(ctx, "redis batch")
	defer end()
	b.mu.Lock()
	p := b.next
	mine := p.join(a)
	lead := b.underway == 0 || b.underway < atOnce && time.Since(b.began) >= slow
	if lead {
		b.underway++
	}
	b.mu.Unlock()

	if lead {
		runtime.Gosched() // whoever is ready to ask joins; when nobody is, it costs nothing
		b.sendNext(nil)
	}
	<-p.done
	if p.sent && p.answered.Add(1) == int64(p.asks) {
		go b.sendNext(p) // not by who was answered last: it has its answer
	}
	if p.err != nil {
		return Answer{}, p.err
	}
	return mine.read(a), nil
}

// sendNext sends what has gathered. sent is what was sent before, if anything: whoever is the last to hear of its answer sends the
// next. On a machine that is busy they wait for a processor, and more gather while they do.
func (b *Batcher) sendNext(sent *pending) {
	if p := b.take(sent); p != nil {
		if b.send(p); p.err != nil {
			b.giveUp(p.err)
		}
		close(p.done)
	}
}

// giveUp fails those who have waited for a trip that failed: a Redis that hangs may not cost them another wait. Who has only come
// asks, and so do all while another trip has just begun, beside which this one was an exception.
func (b *Batcher) giveUp(err error) {
	b.mu.Lock()
	p := b.next
	if p.asks == 0 || time.Since(p.since) < slow || b.underway > 1 && time.Since(b.began) < slow {
		b.mu.Unlock()
		return
	}
	b.next = newPending()
	b.mu.Unlock()
	b.away.Inc()
	p.err = err
	close(p.done)
}

// take returns the batch that joins now, or nil when there is none to send: then one less is under way.
func (b *Batcher) take(sent *pending) *pending {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.next
	if p.asks == 0 || b.underway > 1 && sent != b.last && time.Since(b.began) < slow { // whoever sent last sends the next
		b.underway--
		return nil
	}
	p.sent = true
	b.next, b.last, b.began = newPending(), p, time.Now()
	return p
}

func (b *Batcher) send(p *pending) {
	b.sizes.Observe(float64(p.asks))
	_, err := b.breaker.Execute(func() (struct{}, error) {
		return struct{}{}, b.run(context.Background(), p.ops) // bounded by the client's own time-outs
	})
	if err != nil {
		b.away.Inc()
		p.err = errors.Join(ErrAway, err)
	}
}

// joined says where the answers to one Ask are.
type joined struct {
	limit *op
	turn  int // among those who asked the same limit
	tags  []*op
	keys  []*op
}

// join adds what is not asked yet. What several ask alike is asked once.
func (p *pending) join(a Ask) joined {
	if p.asks++; p.asks == 1 {
		p.since = time.Now()
	}
	var j joined
	if a.Limit != nil {
		j.limit = p.op(place{limitOp, a.Limit.Key, a.Limit.Limit, a.Limit.Cost})
		j.turn = j.limit.wanted
		j.limit.wanted++
	}
	if n := len(a.Tags) + len(a.Keys); n > 0 {
		ops := make([]*op, 0, n)
		for _, tag := range a.Tags {
			ops = append(ops, p.op(place{kind: stampOp, key: tag}))
		}
		for _, key := range a.Keys {
			ops = append(ops, p.op(place{kind: valueOp, key: key}))
		}
		j.tags, j.keys = ops[:len(a.Tags)], ops[len(a.Tags):]
	}
	return j
}

func (p *pending) op(at place) *op {
	o := p.at[at]
	if o == nil {
		o = &op{place: at}
		p.at[at] = o
		p.ops = append(p.ops, o)
	}
	return o
}

func (j joined) read(a Ask) Answer {
	var out Answer
	if a.Limit != nil {
		out.Limit = j.limit.results[j.turn]
	}
	if len(j.tags) > 0 {
		out.Stamps = make([]string, len(j.tags))
		for i, o := range j.tags {
			out.Stamps[i] = o.value.Text
		}
	}
	for _, o := range j.keys {
		out.Values = append(slices.Grow(out.Values, len(j.keys)), o.value)
	}
	return out
}
