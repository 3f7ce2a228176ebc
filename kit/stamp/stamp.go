// Package stamp keeps, in Redis, a stamp for each tag of what can change: "slippers", "slipper:42", "categories".
//
// Whoever keeps a copy keeps with it the stamps of its tags as they were before the data was read. The copy counts while
// every stamp is still the same; a change gives its tags new ones. That takes the same time however many copies there are,
// and needs no lock: a copy of what was read before a change can never pass for one of what came after. An absent stamp is
// equal to none: who finds it absent makes a new one.
package stamp

import (
	"context"
	"crypto/rand"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// TTL is how long a stamp lives. Every copy must live shorter.
const TTL = 24 * time.Hour

// Key is where the stamp of a tag is.
func Key(tag string) string { return "stamp:" + tag }

var (
	process = rand.Text() + "."
	count   atomic.Uint64
)

// New returns a stamp that never was: this process's own random text, and a number.
func New() string { return process + strconv.FormatUint(count.Add(1), 36) }

// Bump makes all copies with any of the tags worthless, in one round trip. Call it after the change is committed.
func Bump(ctx context.Context, rdb redis.UniversalClient, tags ...string) error {
	if len(tags) == 0 {
		return nil
	}
	p := rdb.Pipeline()
	for _, tag := range tags {
		p.Set(ctx, Key(tag), New(), TTL)
	}
	if _, err := p.Exec(ctx); err != nil {
		return fmt.Errorf("giving new stamps to %v: %w", tags, err)
	}
	return nil
}
