package batch

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	ourredis "github.com/slippers-api/slippers/kit/redis"
)

// single asks one Redis: a batch is one call of the script.
type single struct {
	rdb    redis.UniversalClient
	script atomic.Pointer[redis.Script] // of the server that was met last
}

func (s *single) run(ctx context.Context, ops []*op) error {
	keys, args := make([]string, 0, len(ops)), make([]any, 0, 4*len(ops))
	for _, o := range ops {
		keys, args = append(keys, o.redisKey()), o.arguments(args)
	}
	script := s.script.Load()
	if script == nil {
		script = nobodys
	}
	reply, err := script.EvalSha(ctx, s.rdb, keys, args...).Slice()
	if noScript(err) {
		if script, err = s.meet(ctx); err == nil {
			reply, err = script.EvalSha(ctx, s.rdb, keys, args...).Slice()
		}
	}
	if err != nil {
		return fmt.Errorf("running the batch script: %w", err)
	}
	for _, o := range ops {
		if reply, err = o.read(reply); err != nil {
			return err
		}
	}
	return nil
}

// nobodys is a script that no server has.
var nobodys = scriptFor("nobody")

// meet gives a server that has no script of ours the one with its name in it, so that no copy made under the stamps of another
// server counts, nor one from before a restart: who starts from a snapshot, or takes over from one that failed, may not know of the
// last changes. The name is asked and the script given on one connection: no other server can have it. (Before version 7, Redis
// gave scripts to replicas too.)
func (s *single) meet(ctx context.Context) (script *redis.Script, err error) {
	err = s.rdb.Watch(ctx, func(tx *redis.Tx) error {
		id, err := ourredis.ServerID(ctx, tx)
		if err != nil {
			return err
		}
		script = scriptFor("@" + id)
		return script.Load(ctx, tx).Err()
	})
	if err != nil {
		return nil, fmt.Errorf("giving Redis the batch script: %w", err)
	}
	s.script.Store(script)
	return script, nil
}

// ofCluster is the script of all nodes of a cluster. A node that takes over is told of the last changes by who made them.
var ofCluster = scriptFor("")

// cluster asks many: each operation is a call of its own, because a call may touch the keys of one slot only. The client
// sends those for one node together.
type cluster struct{ rdb *redis.ClusterClient }

func (c *cluster) run(ctx context.Context, ops []*op) error {
	unknown, err := c.pipeline(ctx, ops, func(p redis.Pipeliner, key string, args []any) *redis.Cmd {
		return p.EvalSha(ctx, ofCluster.Hash(), []string{key}, args...)
	})
	if len(unknown) > 0 { // on nodes that have not run it yet; those that have must not count twice
		_, again := c.pipeline(ctx, unknown, func(p redis.Pipeliner, key string, args []any) *redis.Cmd {
			return ofCluster.Eval(ctx, p, []string{key}, args...)
		})
		err = errors.Join(err, again)
	}
	return err
}

// pipeline runs the operations, and returns those whose node does not know the script.
func (c *cluster) pipeline(ctx context.Context, ops []*op, call func(p redis.Pipeliner, key string, args []any) *redis.Cmd) (unknown []*op, err error) {
	p := c.rdb.Pipeline()
	calls := make([]*redis.Cmd, len(ops))
	for i, o := range ops {
		calls[i] = call(p, o.redisKey(), o.arguments(nil))
	}
	_, _ = p.Exec(ctx) // each call has its own error
	for i, o := range ops {
		reply, callErr := calls[i].Slice()
		switch {
		case noScript(callErr):
			unknown = append(unknown, o)
			continue
		case callErr == nil:
			_, callErr = o.read(reply)
		}
		err = errors.Join(err, callErr)
	}
	return unknown, err
}
