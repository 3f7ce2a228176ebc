// Package groupcommit writes in one transaction what requests want to write at the same moment: one commit, one wait for the
// disk, one round trip for all of them.
//
// A write joins a transaction that has not begun yet, so it waits for others only while the database is busy. When one of
// them makes a transaction fail, each is tried in one of its own: nobody fails because of somebody else.
package groupcommit

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/requestid"
	"github.com/slippers-api/slippers/kit/tracing"
)

const (
	// A group has one transaction under way, so that as many as possible share the next. When one takes longer than slow, as
	// behind somebody's lock, another may begin beside it, up to atOnce in all: those who want something else go on.
	slow   = 25 * time.Millisecond
	atOnce = 4

	// most is how many writes share a transaction: what they lock, they hold together.
	most = 32

	// patience is how long a transaction may take. Requests give up before.
	patience = 10 * time.Second
)

// Commit stores the writes of all in one transaction. After an error of a kind that postgres.Refused knows each is tried once
// more, so none may be stored then, unless it does no harm to store it again. They are in the order in which they were asked for. Its context names the trace of the first, and the requests of all.
//
// What it returns, unless nil, is done before anybody hears of the commit, while the next one is under way.
type Commit[W any] func(ctx context.Context, all []W) (publish func(), err error)

// Group gathers writes of one kind. Make one with New.
type Group[W any] struct {
	commit Commit[W]
	sizes  prometheus.Observer

	mu       sync.Mutex
	waiting  []*turn[W]
	underway int
	held     int // those of them that take long
}

// turn is a write of one request.
type turn[W any] struct {
	ctx   context.Context //nolint:containedctx // it is what waits
	write W
	done  chan error
}

// New returns a group of what commit stores. sizes, which may be nil, observes how many writes shared a transaction.
func New[W any](sizes prometheus.Observer, commit Commit[W]) *Group[W] {
	return &Group[W]{commit: commit, sizes: sizes}
}

// NewSizes returns the histogram of how many writes shared a transaction.
func NewSizes(reg prometheus.Registerer) prometheus.Histogram {
	return promauto.With(reg).NewHistogram(prometheus.HistogramOpts{
		Name: "postgres_group_commit_writes", Help: "Writes that shared one transaction. It grows with load: that is what keeps a commit cheap.",
		Buckets: []float64{1, 2, 4, 8, 16, most},
	})
}

// Do returns when write is committed, with what the commit returned, or when ctx has ended: then it may be written
// nevertheless.
func (g *Group[W]) Do(ctx context.Context, write W) error {
	ctx, end := tracing.Within(ctx, "group commit")
	defer end()
	t := &turn[W]{ctx, write, make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, t)
	g.begin()
	g.mu.Unlock()
	select {
	case err := <-t.done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("waiting for a commit: %w", ctx.Err())
	}
}

// begin sees to it that somebody commits what waits. The mutex is held.
func (g *Group[W]) begin() {
	if len(g.waiting) > 0 && g.underway == g.held && g.underway < atOnce {
		g.underway++
		go g.work()
	}
}

// work commits what waits, until nothing does or somebody else is at it.
func (g *Group[W]) work() {
	for all := g.take(); len(all) > 0; all = g.take() {
		long := time.AfterFunc(slow, func() { g.hold(1) })
		g.write(all)
		if !long.Stop() {
			g.hold(-1)
		}
	}
}

// hold counts one more that takes long, or one less.
func (g *Group[W]) hold(n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held += n
	g.begin()
}

// write commits all together, or each alone if that is refused.
func (g *Group[W]) write(all []*turn[W]) {
	publish, err := g.try(all)
	if len(all) > 1 && postgres.Refused(err) {
		for _, t := range all {
			g.write([]*turn[W]{t})
		}
		return
	}
	go func() {
		if publish != nil {
			publish()
		}
		for _, t := range all {
			t.done <- err
		}
	}()
}

// take returns those that share the next transaction. When there are none, or another worker takes them, this one ends.
func (g *Group[W]) take() []*turn[W] {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []*turn[W]
	if g.underway-g.held > 1 {
		g.underway--
		return nil
	}
	for len(g.waiting) > 0 && len(all) < most {
		t := g.waiting[0]
		g.waiting = g.waiting[1:]
		if t.ctx.Err() == nil { // else nobody waits for it any more
			all = append(all, t)
		}
	}
	if len(all) == 0 {
		g.underway--
	}
	return all
}

// try commits the writes of all in one transaction.
func (g *Group[W]) try(all []*turn[W]) (publish func(), err error) {
	defer func() { // no request's own goroutine would catch it
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a commit: %v", p)
		}
	}()
	writes, ids := make([]W, len(all)), make([]string, len(all))
	for i, t := range all {
		writes[i], ids[i] = t.write, requestid.From(t.ctx)
	}
	if g.sizes != nil {
		g.sizes.Observe(float64(len(all)))
	}
	ctx := requestid.With(context.WithoutCancel(all[0].ctx), strings.Join(ids, " "))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return g.commit(ctx, writes)
}
