package invalidation

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/redis"
	"github.com/slippers-api/slippers/kit/stamp"
)

const (
	// every is the pause between two rounds: a tag that is bumped later is bumped once in it.
	every = time.Second

	// grace is how old a row is before others than the process that made it care. It is above the time that this one takes
	// to bump it and to mark it, which is a round.
	grace = 2 * every

	// lost is how much of what it was told a Redis may have lost when another server takes over.
	lost = time.Minute

	// kept is how long a row is kept after it was done. It is above lost.
	kept = 2 * time.Minute

	rowsAtOnce   = 100
	prunedAtOnce = 1000
)

// statements are what an outbox asks of its table.
type statements struct{ record, mark, pending, again, prune, waiting string }

func statementsOn(table string) statements {
	return statements{
		record: `INSERT INTO ` + table + ` (tags) VALUES ($1) RETURNING id`,
		mark:   `UPDATE ` + table + ` SET done_at = now() WHERE id = ANY ($1) AND done_at IS NULL`,
		pending: `SELECT id, tags FROM ` + table + ` WHERE done_at IS NULL AND created_at < now() - $1::interval
			ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED`,
		again: `SELECT DISTINCT unnest(tags) FROM ` + table + ` WHERE done_at IS NULL OR done_at > now() - $1::interval`,
		prune: `DELETE FROM ` + table + ` WHERE id IN (
			SELECT id FROM ` + table + ` WHERE done_at < now() - $1::interval ORDER BY done_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
		waiting: `SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM ` + table + ` WHERE done_at IS NULL`,
	}
}

// Run makes a round each second until ctx ends, and then one more. End it after the last request: what is recorded later
// waits in the table for another process.
func (o *Outbox) Run(ctx context.Context) error {
	failing := false
	for {
		err := errors.Join(o.Round(ctx), o.look(ctx))
		if err != nil && !failing && ctx.Err() == nil {
			o.log.WarnContext(ctx, "invalidations wait in the outbox", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = o.Round(last) // what fails is in the table
			return nil
		case <-time.After(every):
		}
	}
}

// Round does what is to be done now. Any number of replicas may do it at once, each process one at a time.
func (o *Outbox) Round(ctx context.Context) error {
	err := o.follow(ctx)
	if err == nil {
		err = o.catchUp(ctx)
	}
	if err := errors.Join(err, o.mark(ctx)); err != nil {
		return err
	}
	for n := rowsAtOnce; n == rowsAtOnce; {
		if n, err = o.bumpPending(ctx); err != nil {
			return err
		}
	}
	return o.prune(ctx)
}

// follow looks which Redis server answers. After another one took over, it bumps again all that was bumped shortly before
// the last one was seen. A process that has just started knows no last one, and bumps all that is still in the table.
//
// A row that is not marked counts as bumped: the process that bumped it may not have got to marking it.
func (o *Outbox) follow(ctx context.Context) error {
	began := time.Now()
	server, err := redis.RunID(ctx, o.rdb)
	if err != nil {
		return err
	}
	if server != o.server {
		since := stamp.TTL
		if o.server != "" {
			since = min(since, began.Sub(o.seen)+lost)
			o.log.WarnContext(ctx, "another Redis server took over")
		}
		rows, err := o.db.Query(ctx, o.sql.again, since)
		if err != nil {
			return fmt.Errorf("querying the last invalidations: %w", err)
		}
		tags, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("reading the last invalidations: %w", err)
		}
		if err := o.bump(ctx, failover, tags); err != nil {
			return err
		}
	}
	o.server, o.seen = server, began
	return nil
}

// catchUp bumps what waits in memory.
func (o *Outbox) catchUp(ctx context.Context) error {
	o.mu.Lock()
	now := o.waiting
	o.waiting = waiting{tags: map[string]struct{}{}}
	o.mu.Unlock()

	tags := slices.Sorted(maps.Keys(now.tags))
	if err := o.bump(ctx, outbox, tags); err != nil {
		o.postpone(now.ids, tags)
		return err
	}
	o.finish(now.ids...)
	return nil
}

// mark writes down what this process has done since the last round.
func (o *Outbox) mark(ctx context.Context) error {
	o.mu.Lock()
	ids := o.done
	o.done = nil
	o.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	if _, err := o.db.Exec(ctx, o.sql.mark, ids); err != nil {
		o.finish(ids...)
		return fmt.Errorf("marking %d invalidations as done: %w", len(ids), err)
	}
	return nil
}

// bumpPending bumps a few that nobody did in time, and says how many. Redis is asked inside the transaction: its locks
// keep other replicas from the same rows, nobody waits for them, and they end with the process.
func (o *Outbox) bumpPending(ctx context.Context) (n int, err error) {
	type row struct {
		ID   int64
		Tags []string
	}
	err = pgx.BeginFunc(ctx, o.db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, o.sql.pending, grace, rowsAtOnce)
		if err != nil {
			return fmt.Errorf("querying pending invalidations: %w", err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[row])
		if err != nil {
			return fmt.Errorf("reading pending invalidations: %w", err)
		}
		var ids []int64
		var tags []string
		for _, r := range found {
			ids, tags = append(ids, r.ID), append(tags, r.Tags...)
		}
		if n = len(ids); n == 0 {
			return nil
		}
		slices.Sort(tags)
		if err := o.bump(ctx, outbox, slices.Compact(tags)); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, o.sql.mark, ids); err != nil {
			return fmt.Errorf("marking %d pending invalidations as done: %w", n, err)
		}
		return nil
	})
	return n, err
}

// prune deletes what was done long ago. It comes after follow: what a new Redis server must be told is still there.
func (o *Outbox) prune(ctx context.Context) error {
	for n := int64(prunedAtOnce); n == prunedAtOnce; {
		tag, err := o.db.Exec(ctx, o.sql.prune, kept, prunedAtOnce)
		if err != nil {
			return fmt.Errorf("deleting old invalidations: %w", err)
		}
		n = tag.RowsAffected()
	}
	return nil
}

// look counts what waits, for the metrics.
func (o *Outbox) look(ctx context.Context) error {
	var rows, oldest float64
	if err := o.db.QueryRow(ctx, o.sql.waiting).Scan(&rows, &oldest); err != nil {
		return fmt.Errorf("counting pending invalidations: %w", err)
	}
	o.rows.Set(rows)
	o.oldest.Set(oldest)
	return nil
}
