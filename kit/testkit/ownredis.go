package testkit

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// OwnRedis is a part of the tests' Redis that nobody else sees: every key gets a prefix on its way, so it is for commands
// of one key and for scripts. Its client waits for a Redis on a busy machine, except while it is Away.
type OwnRedis struct {
	*redis.Client

	// Away says whether Redis cannot be reached.
	Away atomic.Bool

	// ReadOnly says whether Redis refuses what would change it, as one does that another has taken over from.
	ReadOnly atomic.Bool

	prefix atomic.Pointer[string]
	runID  atomic.Pointer[string]
}

// NewOwnRedis returns a part for one test.
func NewOwnRedis(t testing.TB) *OwnRedis {
	t.Helper()
	o := *Redis(t).Options()
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = time.Minute, time.Minute, time.Minute, time.Minute
	r := &OwnRedis{Client: redis.NewClient(&o)}
	r.Flush()
	r.TakeOver()
	r.AddHook(ownHook{r})
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// TakeOver makes Redis answer as if another server was there now.
func (r *OwnRedis) TakeOver() { r.runID.Store(new(rand.Text())) }

// Flush makes Redis forget everything.
func (r *OwnRedis) Flush() { r.prefix.Store(new(rand.Text() + ":")) }

// ownHook is what OwnRedis does to commands.
type ownHook struct{ r *OwnRedis }

var (
	errAway     = errors.New("the tests have taken Redis away")
	errReadOnly = errors.New("READONLY the tests let Redis change nothing")
)

// DialHook implements redis.Hook.
func (ownHook) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook implements redis.Hook.
func (h ownHook) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := h.before(cmd); err != nil {
			return err
		}
		err := next(ctx, cmd)
		_, told := errors.AsType[redis.Error](err) // an embedded server has no INFO
		if info, ok := cmd.(*redis.StringCmd); ok && cmd.Name() == "info" && (err == nil || told) {
			info.SetErr(nil)
			info.SetVal("run_id:" + *h.r.runID.Load() + "\r\n")
			return nil
		}
		return err
	}
}

// ProcessPipelineHook implements redis.Hook.
func (h ownHook) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			if err := h.before(cmd); err != nil {
				return err
			}
		}
		return next(ctx, cmds)
	}
}

func (h ownHook) before(cmd redis.Cmder) error {
	switch {
	case h.r.Away.Load():
		cmd.SetErr(errAway)
		return errAway
	case h.r.ReadOnly.Load() && cmd.Name() == "set":
		cmd.SetErr(errReadOnly)
		return errReadOnly
	}
	args, keys := cmd.Args(), []any(nil)
	switch cmd.Name() {
	case "get", "set":
		keys = args[1:2]
	case "eval", "evalsha":
		if n, ok := args[2].(int); ok {
			keys = args[3 : 3+n]
		}
	}
	prefix := *h.r.prefix.Load() // one for the whole command
	for i, key := range keys {
		if key, ok := key.(string); ok {
			keys[i] = prefix + key
		}
	}
	return nil
}
