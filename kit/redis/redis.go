// Package redis opens the client that a service keeps its copies and counters through.
//
// Redis is never the only copy of anything. Every caller must know what it does when Redis does not answer.
package redis

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Config is a part of the configuration of every service that uses Redis.
type Config struct {
	// URL may name a server that is down at start and at any time after. It may carry a password, so it is never logged.
	// Time-outs in it (?read_timeout=100ms, also dial_, write_ and pool_timeout) take the place of ours, which are 50 ms.
	URL string `env:"REDIS_URL" envDefault:"redis://localhost:6379/0" json:"-"`
}

// The library would write to stderr by itself. What a caller gets to know as an error is enough.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Open returns a client that gives up soon: a hanging Redis must not cost a request more than 50 ms. It does not connect yet.
func Open(cfg Config) (*redis.Client, error) {
	o, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, errors.New("reading REDIS_URL: not a Redis URL") // the library's error may quote it
	}
	const patience = 50 * time.Millisecond
	o.ContextTimeoutEnabled = true
	o.DialTimeout, o.DialerRetries = cmp.Or(o.DialTimeout, 2*patience), 1
	o.ReadTimeout, o.WriteTimeout = cmp.Or(o.ReadTimeout, patience), cmp.Or(o.WriteTimeout, patience)
	o.PoolTimeout = cmp.Or(o.PoolTimeout, patience)
	o.MaxRetries = -1
	o.DisableIdentity = true // a late answer to the handshake must never be read as another command's
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}
