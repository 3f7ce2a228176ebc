package edge

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/proxy"
	"github.com/slippers-api/slippers/kit/requestid"
)

const (
	// maxPage is the most bytes of a page that is kept.
	maxPage = 4 << 20

	// poll is how often a gateway looks whether the page is there that another one reads.
	poll = 5 * time.Millisecond
)

// errNotKept says that the service answered something that must not be kept.
var errNotKept = errors.New("not an answer to keep")

// filled is a page that was not there before.
type filled struct {
	*entry
	joined bool // somebody else's loading
}

// fill returns the page as it is under stamps: what another gateway has stored after since, or what the service says now.
// All who want the same under the same stamps wait for one loading; those with other stamps have one of their own, because
// theirs is another page. It goes on in the trace of from, whatever becomes of that. It returns proxy.ErrTimeout.
func (c *Cache) fill(from context.Context, p Plan, stamps []string, since time.Time, requestID string) (filled, error) {
	first := false
	v, err, _ := c.flights.Do(strings.Join(append([]string{p.key}, stamps...), "\n"), func() (any, error) {
		first = true
		if e, ok := c.local.GetIfPresent(p.key); ok && e.fresh(stamps) && e.Read.After(since) && time.Now().Before(e.Expires) {
			return e, nil // stored since the caller looked
		}
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(from), c.cfg.LoadTimeout) // those who wait are not bound to who asked first
		defer cancel()
		e, err := c.lookOrLoad(ctx, p, stamps, since, requestID)
		c.metrics.of(p.page).fill.Observe(time.Since(start).Seconds())
		if err != nil && ctx.Err() != nil {
			return nil, proxy.ErrTimeout.Because(err)
		}
		if err != nil {
			return nil, err
		}
		e.confirmed.Store(start.UnixNano())
		e.page = p.page.Name
		c.keep(e)
		return e, nil
	})
	if err != nil {
		return filled{joined: !first}, err
	}
	e, _ := v.(*entry)
	return filled{e, !first}, nil
}

// keep stores the page in this process, unless the one there was known to be good after this one began to be read, and is
// another: then this one is from before a change.
func (c *Cache) keep(e *entry) {
	c.local.Compute(e.Key, func(now *entry, found bool) (*entry, otter.ComputeOp) {
		if found && !now.fresh(e.Stamps) && now.confirmed.Load() > e.confirmed.Load() {
			return now, otter.CancelOp
		}
		return e, otter.WriteOp
	})
}

// lookOrLoad takes the page from Redis, or becomes the one of all gateways who loads it, or waits for that one.
func (c *Cache) lookOrLoad(ctx context.Context, p Plan, stamps []string, since time.Time, requestID string) (*entry, error) {
	slot, claim := c.slot(p.key), "lease:"+strconv.FormatUint(hash(p.key, stamps...), 36)
	again := time.NewTicker(poll)
	defer again.Stop()
	for deadline := time.Now().Add(c.cfg.Lease); time.Now().Before(deadline); {
		pipe := c.rdb.Pipeline()
		mine, stored := pipe.SetNX(ctx, claim, "", c.cfg.Lease), pipe.Get(ctx, slot)
		if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
			break // Redis has gone meanwhile: load for ourselves
		}
		if b, err := stored.Bytes(); err == nil {
			if e, err := decode(b); err == nil && e.Key == p.key && e.fresh(stamps) && e.Read.After(since) {
				if mine.Val() {
					c.rdb.Del(ctx, claim)
				}
				return e, nil
			}
		}
		if mine.Val() {
			e, err := c.load(ctx, p, stamps, requestID)
			c.share(ctx, slot, claim, e)
			return e, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another gateway: %w", ctx.Err())
		case <-again.C:
		}
	}
	return c.load(ctx, p, stamps, requestID)
}

// load asks the service. The stamps are from before it was asked.
func (c *Cache) load(ctx context.Context, p Plan, stamps []string, requestID string) (*entry, error) {
	if requestID == "" {
		requestID = requestid.New()
	}
	now := time.Now()
	res, err := c.origin.Get(ctx, p.key, requestID)
	if err != nil {
		return nil, fmt.Errorf("loading %s: %w", p.page.Name, err)
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusBadRequest {
		return nil, refused(res)
	}
	if !keepable(res) {
		return nil, fmt.Errorf("loading %s: %w: %s", p.page.Name, errNotKept, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", p.page.Name, err)
	}
	if len(body) > maxPage {
		return nil, fmt.Errorf("reading %s: %w: more than %d bytes", p.page.Name, errNotKept, maxPage)
	}
	return newEntry(meta{
		Key: p.key, Stamps: stamps, Read: now.UTC(), Expires: now.Add(p.page.TTL).UTC(),
		ContentType: res.Header.Get("Content-Type"), CacheControl: res.Header.Get("Cache-Control"), ETag: res.Header.Get("ETag"),
	}, body)
}

// share gives the page, if there is one, to the other gateways, and lets them read it. They do without when it fails: a claim
// ends by itself. It is one round trip, because Redis may have gone, and has one wait.
func (c *Cache) share(ctx context.Context, slot, claim string, e *entry) {
	pipe := c.rdb.Pipeline()
	var err error
	if e != nil {
		var b []byte
		if b, err = e.encode(); err == nil {
			pipe.Set(ctx, slot, b, time.Until(e.Expires)+c.cfg.StaleWhileRevalidate)
		}
	}
	pipe.Del(ctx, claim) // after it is there
	if _, failed := pipe.Exec(ctx); err != nil || failed != nil {
		c.log.Debug("sharing a page", "err", errors.Join(err, failed))
	}
}

// slot is the place of a page in Redis.
func (c *Cache) slot(key string) string {
	return "page:" + strconv.FormatUint(hash(key)%uint64(c.cfg.Slots), 10)
}

func hash(key string, more ...string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, key) // a hash takes everything
	for _, s := range more {
		_, _ = io.WriteString(h, "\n"+s)
	}
	return h.Sum64()
}
