// Package invalidation makes sure that a committed write makes the copies of what it changed worthless, though Redis may
// be away just then.
//
// The write's transaction also keeps the tags of what it changes in an outbox, a table in the schema of the service. Once
// it is committed the tags are bumped, before the write is answered. What that could not do is done by a routine from the
// outbox: because Redis was away, because the process died in between, or because another Redis server took over and has
// not heard of it.
//
// What nobody keeps copies of needs no row here.
package invalidation

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/postgres"
)

// Setup is what an Outbox is made of.
type Setup struct {
	DB    *pgxpool.Pool
	Redis redis.UniversalClient

	// Table is where the tags are kept: id, tags, created_at, done_at.
	Table string

	// Kinds are what tags begin with before their colon. They label the metric.
	Kinds []string

	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Outbox keeps the invalidations of one service until they are done.
type Outbox struct {
	db  *pgxpool.Pool
	log *slog.Logger
	sql statements
	*bumper

	// Only rounds use these: which Redis server was there, and when it last answered.
	server string
	seen   time.Time

	mu      sync.Mutex
	waiting waiting // for the next round
	done    []int64 // rows that are not marked yet
}

// waiting is what was recorded and is still to be bumped.
type waiting struct {
	ids  []int64
	tags map[string]struct{}
}

// inMemory bounds what waits there. What does not fit is found in the table.
const inMemory = 10_000

// New returns the outbox in a table.
func New(s Setup) *Outbox {
	return &Outbox{
		db: s.DB, log: s.Log, sql: statementsOn(s.Table), bumper: newBumper(s),
		waiting: waiting{tags: map[string]struct{}{}},
	}
}

// Pending is an invalidation that its write has recorded.
type Pending struct {
	// ID is that of its row, or 0 for one that an earlier request recorded: its answer is repeated, and must not come
	// before the bump either.
	ID int64

	// Tags are bumped at once.
	Tags []string

	// Later are the tags that are bumped within a second, together with those of other writes. The row has them too.
	Later []string
}

// Record keeps tags in tx, the transaction that changes what they name. Publish what it returns after the commit.
//
// A write that is one statement stays one when it inserts the tags itself and returns the id of their row.
func (o *Outbox) Record(ctx context.Context, tx postgres.Querier, tags ...string) (Pending, error) {
	p := Pending{Tags: tags}
	if err := tx.QueryRow(ctx, o.sql.record, tags).Scan(&p.ID); err != nil {
		return Pending{}, fmt.Errorf("recording the invalidation of %v: %w", tags, err)
	}
	return p, nil
}

// Write runs change in a transaction that records the tags too, and publishes them once it is committed.
func (o *Outbox) Write(ctx context.Context, tags []string, change func(tx pgx.Tx) error) error {
	var p Pending
	err := pgx.BeginFunc(ctx, o.db, func(tx pgx.Tx) (err error) {
		if err := change(tx); err != nil {
			return err
		}
		p, err = o.Record(ctx, tx, tags...)
		return err
	})
	if err != nil {
		return err
	}
	o.Publish(ctx, p)
	return nil
}

// Publish bumps the tags of a write that is committed. Call it before the write is answered: when it returns, they are
// bumped, or Redis could not be asked and the routine will do it. It takes no longer than the client waits for an answer.
//
// It does not mark the row as done: that would be one more commit before the answer. The routine does it for all at once,
// and a row that a crash leaves unmarked is bumped once more, which harms nobody.
func (o *Outbox) Publish(ctx context.Context, p Pending) {
	if err := o.inline(ctx, p.Tags); err != nil {
		o.postpone([]int64{p.ID}, p.Tags, p.Later)
		return
	}
	if len(p.Later) > 0 {
		o.postpone([]int64{p.ID}, p.Later)
		return
	}
	o.finish(p.ID)
}

// postpone leaves tags to the next round, after which the rows of ids are done.
func (o *Outbox) postpone(ids []int64, tags ...[]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting.ids)+len(ids) > inMemory {
		return
	}
	o.waiting.ids = append(o.waiting.ids, ids...)
	for _, some := range tags {
		for _, tag := range some {
			o.waiting.tags[tag] = struct{}{}
		}
	}
}

// finish leaves it to the next round to mark the rows of ids.
func (o *Outbox) finish(ids ...int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.done)+len(ids) <= inMemory {
		o.done = append(o.done, ids...)
	}
}
