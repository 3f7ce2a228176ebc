// Package redis opens the client that a service keeps its copies and counters through.
//
// Redis is never the only copy of anything. Every caller must know what it does when Redis does not answer.
package redis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/slippers-api/slippers/kit/tracing"
)

// Mode is how the Redis is run.
type Mode string

// The modes.
const (
	Single   Mode = "single"
	Cluster  Mode = "cluster"
	Sentinel Mode = "sentinel"
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Mode) UnmarshalText(b []byte) error {
	switch *m = Mode(b); *m {
	case Single, Cluster, Sentinel:
		return nil
	}
	return errors.New("must be single, cluster or sentinel")
}

// Config is a part of the configuration of every service that uses Redis.
type Config struct {
	// URL may name a server that is down at start and at any time after. It may carry a password, so it is never logged.
	// Time-outs in it (?read_timeout=100ms, also dial_, write_ and pool_timeout) take the place of ours, which are 50 ms.
	// Further nodes of a cluster, or sentinels, are ?addr=host:port; sentinels also need ?master_name=.
	URL string `env:"REDIS_URL" envDefault:"redis://localhost:6379/0" json:"-"`

	// Mode is how the Redis is run: single, cluster or sentinel.
	Mode Mode `env:"REDIS_MODE" envDefault:"single"`
}

// The library would write to stderr by itself. What a caller gets to know as an error is enough.
func init() { redis.SetLogger(silent{}) }

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

const (
	patience = 50 * time.Millisecond
	tries    = -1 // none but the first: whoever asks knows what to do without an answer
)

var noNews = maintnotifications.Config{Mode: maintnotifications.ModeDisabled}

// Open returns a client that gives up soon: a hanging Redis must not cost a request more than 50 ms. It does not connect yet.
func Open(cfg Config) (redis.UniversalClient, error) {
	c, err := client(cfg)
	if err != nil {
		return nil, fmt.Errorf("reading REDIS_URL: not the URL of a Redis (REDIS_MODE=%s)", cfg.Mode) // the library's error may quote it
	}
	if err := tracing.Redis(c); err != nil {
		return nil, fmt.Errorf("tracing Redis: %w", err)
	}
	return c, nil
}

func client(cfg Config) (redis.UniversalClient, error) {
	switch cfg.Mode {
	case Cluster:
		o, err := redis.ParseClusterURL(cfg.URL)
		if err != nil {
			return nil, err //nolint:wrapcheck // nobody may read it
		}
		hasten(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries, o.DisableIdentity, o.MaintNotificationsConfig = true, 1, tries, true, &noNews
		o.MaxRedirects = 3 // what has moved to another node is asked for there
		return redis.NewClusterClient(o), nil
	case Sentinel:
		o, err := redis.ParseFailoverURL(cfg.URL)
		if err != nil {
			return nil, err //nolint:wrapcheck // as above
		}
		if o.MasterName == "" {
			return nil, errors.New("no master_name")
		}
		hasten(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
		o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries, o.DisableIdentity = true, 1, tries, true
		return redis.NewFailoverClient(o), nil
	case Single:
	}
	o, err := redis.ParseURL(cfg.URL)
	if err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	hasten(&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout)
	// A late answer to the handshake must never be read as another command's.
	o.ContextTimeoutEnabled, o.DialerRetries, o.MaxRetries, o.DisableIdentity, o.MaintNotificationsConfig = true, 1, tries, true, &noNews
	return redis.NewClient(o), nil
}

// hasten sets what the URL did not.
func hasten(dial, read, write, pool *time.Duration) {
	*dial = cmp.Or(*dial, 2*patience)
	for _, d := range []*time.Duration{read, write, pool} {
		*d = cmp.Or(*d, patience)
	}
}

// Patience is how long c waits for an answer.
func Patience(c redis.UniversalClient) time.Duration {
	switch c := c.(type) {
	case *redis.Client:
		return c.Options().ReadTimeout
	case *redis.ClusterClient:
		return c.Options().ReadTimeout
	}
	return patience
}
