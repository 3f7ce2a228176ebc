package edge

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/token"
)

// The ways an invalidation can fail.
var (
	ErrPattern = fault.New(fault.Invalid, "cache-pattern-invalid", "The pattern names nothing that is cached.")
	ErrAway    = fault.New(fault.Unavailable, "cache-unavailable", "The cache cannot be reached at the moment.").After(time.Second)
)

// umbrellas are the tags that everything of their name carries: one new stamp for them is enough.
var umbrellas = []string{"slippers", "slipper", "categories", "category", "users"}

const (
	// scattered is the name without an umbrella: its stamps are looked for.
	scattered = "orders"

	scanned        = 500 // keys for each step of a scan, so that none holds Redis up
	maxPattern     = 200
	invalidateTime = 30 * time.Second
)

type invalidateBody struct {
	Pattern string `json:"pattern"`
}

// invalidated is what an invalidation did.
type invalidated struct {
	Pattern    string  `json:"pattern"`
	Generation string  `json:"generation"` // another one each time
	TookMs     float64 `json:"took_ms"`
}

// Invalidate makes copies worthless by a pattern of their names: "slippers:*" (or "slippers:"), "slipper:42", "slipper:4*",
// "*". It takes the same time however many copies there are, but for a glob, which looks through the stamps.
func (c *Cache) Invalidate(ctx echo.Context) error {
	in, err := httpserver.Body[invalidateBody](ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	limited, cancel := context.WithTimeout(ctx.Request().Context(), invalidateTime)
	defer cancel()
	tags, err := c.tagsOf(limited, strings.TrimSpace(in.Pattern))
	if err != nil {
		return err
	}
	generation := stamp.New()
	for some := range slices.Chunk(tags, scanned) {
		if err := stamp.Bump(limited, c.rdb, some...); err != nil {
			return ErrAway.Because(err)
		}
	}
	took := time.Since(start)
	name, _, _ := strings.Cut(in.Pattern, ":")
	c.metrics.invalidations.WithLabelValues(labelOf(name)).Inc()
	c.log.InfoContext(limited, "cache invalidated", "pattern", in.Pattern, "tags", len(tags), "by", token.From(ctx).UserID, "took", took,
		"id", ctx.Request().Header.Get(echo.HeaderXRequestID))
	return ctx.JSON(http.StatusOK, invalidated{in.Pattern, generation, float64(took.Microseconds()) / 1000})
}

// labelOf bounds the label values to names that we know.
func labelOf(name string) string {
	if slices.Contains(umbrellas, name) || name == scattered {
		return name
	}
	return "all"
}

// tagsOf returns the tags that a pattern means.
func (c *Cache) tagsOf(ctx context.Context, pattern string) ([]string, error) {
	name, rest, colon := strings.Cut(pattern, ":")
	known := slices.Contains(umbrellas, name) || name == scattered
	broken := ErrPattern.WithBroken(fault.Broken{
		Pointer: "/pattern",
		Detail:  "must be *, or one of " + strings.Join(append(slices.Clone(umbrellas), scattered), ", ") + " with a colon and what follows it",
	})
	switch {
	case pattern == "*":
		more, err := c.scan(ctx, scattered+":*")
		return append(more, umbrellas...), err
	case !known || !colon || len(pattern) > maxPattern || strings.ContainsRune(pattern, 0):
		return nil, broken
	case (rest == "" || rest == "*") && name != scattered:
		return []string{name}, nil
	case rest == "":
		return c.scan(ctx, name+":*")
	case strings.ContainsAny(rest, `*?[\`):
		return c.scan(ctx, pattern)
	}
	return []string{pattern}, nil
}

// scan returns the tags that have a stamp and match a glob; what has none has no copy that counts. On a cluster it looks at
// every node.
func (c *Cache) scan(ctx context.Context, glob string) ([]string, error) {
	var mu sync.Mutex // a cluster's nodes are looked at side by side
	var tags []string
	look := func(ctx context.Context, rdb redis.Cmdable) error {
		keys := rdb.Scan(ctx, 0, stamp.Key(glob), scanned).Iterator()
		for keys.Next(ctx) {
			mu.Lock()
			tags = append(tags, strings.TrimPrefix(keys.Val(), stamp.Key("")))
			mu.Unlock()
		}
		return keys.Err()
	}
	var err error
	if cluster, ok := c.rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return look(ctx, node) })
	} else {
		err = look(ctx, c.rdb)
	}
	if err != nil {
		return nil, ErrAway.Because(fmt.Errorf("looking for stamps: %w", err))
	}
	return tags, nil
}
