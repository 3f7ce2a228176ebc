// Package revocation tells the gateway through Redis which sessions have ended.
//
// PostgreSQL holds the truth; Redis holds a copy of what matters while access tokens of ended sessions may still live.
// The copy says of itself that it is complete, by a key that lives a moment and is renewed while this process can reach
// Redis. Without that key the gateway asks auth-svc, so a Redis that is down, emptied or cut off forgets nothing, and one
// that evicts keys forgets nothing for longer than it takes to look again.
package revocation

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"

	ourredis "github.com/slippers-api/slippers/kit/redis"
)

const (
	every    = time.Second / 2 // between two looks
	timely   = 2 * every       // how long a look may take
	complete = 5 * every       // how long the copy counts as complete after a look
	again    = every / 5       // between two tries to write
	overlap  = 15 * time.Second
	chunk    = 500
)

var errEvicts = errors.New("redis evicts keys while they are written: it is too small")

// Sessions is what is needed of the sessions in PostgreSQL.
type Sessions interface {
	RevokedSince(ctx context.Context, while time.Duration) ([]string, error)
}

// Announcer writes the copy.
type Announcer struct {
	rdb      redis.UniversalClient
	prefix   string
	sessions Sessions
	memory   time.Duration // how long a session's end matters
	ended    prometheus.Counter
	log      *slog.Logger

	holds string    // the contents of the Redis that has all
	last  time.Time // when it had all
}

// New returns an announcer of keys with the prefix. lifetime is that of access tokens.
func New(rdb redis.UniversalClient, prefix string, s Sessions, lifetime time.Duration, reg prometheus.Registerer, log *slog.Logger) *Announcer {
	return &Announcer{rdb: rdb, prefix: prefix, sessions: s, memory: lifetime + time.Minute, log: log, ended: promauto.With(reg).NewCounter(prometheus.CounterOpts{
		Name: "sessions_ended_total", Help: "Sessions that were ended before their time: by a logout, a changed password or role, a deletion, a stolen token.",
	})}
}

// Announce returns when nobody lets the sessions in any more, which must have ended in PostgreSQL before: Redis has it, or
// has not been called complete by anybody who did not read of it. The second takes seconds, and only while Redis is away. If
// ctx ends before that it returns an error, and Run sees to it.
func (a *Announcer) Announce(ctx context.Context, ids ...string) error {
	a.ended.Add(float64(len(ids)))
	err := a.write(context.WithoutCancel(ctx), ids)
	if err == nil {
		return nil
	}
	a.log.WarnContext(ctx, "announcing ended sessions", "err", err)
	believed := time.After(timely + complete)
	tick := time.NewTicker(again)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("announcing ended sessions: %w", ctx.Err())
		case <-believed:
			return nil
		case <-tick.C:
			if a.write(ctx, ids) == nil {
				return nil
			}
		}
	}
}

func (a *Announcer) write(ctx context.Context, ids []string) error {
	for len(ids) > 0 {
		n := min(chunk, len(ids))
		_, err := a.rdb.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, id := range ids[:n] {
				p.Set(ctx, a.prefix+"revoked:"+id, 1, a.memory)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("writing to Redis: %w", err)
		}
		ids = ids[n:]
	}
	return nil
}

// Run keeps the copy complete until ctx ends.
func (a *Announcer) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	failing := false
	for {
		err := a.Renew(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			a.log.WarnContext(ctx, "the copy of ended sessions is not complete", "err", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Renew writes what Redis may lack, and then that it lacks nothing.
func (a *Announcer) Renew(ctx context.Context) error {
	ready, began := a.prefix+"ready", time.Now()
	holds, err := ourredis.Contents(ctx, a.rdb)
	if err != nil {
		return err
	}
	has, err := a.rdb.Get(ctx, ready).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("reading from Redis: %w", err)
	}
	lost := err != nil || has != holds || a.holds != holds
	while := a.memory
	if lost {
		err = a.rdb.Del(ctx, ready).Err() // what the last look found need not be there any more
	} else {
		while = min(while, time.Since(a.last)+overlap) // a transaction may commit some time after the time that it wrote
	}
	if err != nil {
		return fmt.Errorf("writing to Redis: %w", err)
	}
	ids, err := a.sessions.RevokedSince(ctx, while)
	if err != nil {
		return err
	}
	if err := a.write(ctx, ids); err != nil {
		return err
	}
	if lost {
		if now, err := ourredis.Contents(ctx, a.rdb); err != nil || now != holds {
			return cmp.Or(err, errEvicts)
		}
	}
	// Sessions may have ended since they were read, and Announce waits only so long for the end of what is written now.
	ctx, cancel := context.WithDeadline(ctx, began.Add(timely))
	defer cancel()
	if err := a.rdb.Set(ctx, ready, holds, complete).Err(); err != nil {
		return fmt.Errorf("writing to Redis: %w", err)
	}
	a.holds, a.last = holds, began
	return nil
}
