package batch

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// single asks one Redis: a batch is one call of the script.
type single struct{ rdb redis.UniversalClient }

func (s *single) run(ctx context.Context, ops []*op) error {
	keys, args := make([]string, 0, len(ops)), make([]any, 0, 4*len(ops))
	for _, o := range ops {
		keys, args = append(keys, o.redisKey()), o.arguments(args)
	}
	reply, err := script.Run(ctx, s.rdb, keys, args...).Slice()
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

// cluster asks many: each operation is a call of its own, because a call may touch the keys of one slot only. The client
// sends those for one node together.
type cluster struct{ rdb *redis.ClusterClient }

func (c *cluster) run(ctx context.Context, ops []*op) error {
	unknown, err := c.pipeline(ctx, ops, func(p redis.Pipeliner, key string, args []any) *redis.Cmd {
		return p.EvalSha(ctx, script.Hash(), []string{key}, args...)
	})
	if len(unknown) > 0 { // on nodes that have not run it yet; those that have must not count twice
		_, again := c.pipeline(ctx, unknown, func(p redis.Pipeliner, key string, args []any) *redis.Cmd {
			return script.Eval(ctx, p, []string{key}, args...)
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
