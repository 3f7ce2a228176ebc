package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const purgesNote = "Invalidation: `POST " + purgePath + "`, medians of 50 calls: what the store says it took, and what the client waited. " +
	"The keys are others beside the cache's own, which a scan would have to pass."

const (
	fewKeys, manyKeys = 1_000, 1_000_000
	purgeCalls        = 50
	keysAtATime       = 10_000
	keyLife           = 10 * time.Minute // should nobody be left to delete them
)

// purges measures what it costs to make all lists stale, with few keys in Redis and with many.
func (l *lab) purges(ctx context.Context, admin string) (_ string, err error) {
	purge := request{
		method: http.MethodPost, path: purgePath, body: `{"pattern":"slippers:*"}`,
		headers: []string{admin, "Content-Type: application/json"},
	}
	a, err := send(ctx, l.store.URL, purge)
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", fmt.Errorf("%w: POST %s answered %d", errUnavailable, purgePath, a.status)
	}
	defer func() { err = errors.Join(err, l.keys(context.WithoutCancel(ctx), 0, manyKeys, false)) }()
	if err := l.keys(ctx, 0, fewKeys, true); err != nil {
		return "", err
	}
	few, err := l.purge(ctx, purge)
	if err != nil {
		return "", err
	}
	if err := l.keys(ctx, fewKeys, manyKeys, true); err != nil {
		return "", err
	}
	many, err := l.purge(ctx, purge)
	if err != nil {
		return "", err
	}
	l.numbers["scenario/purge"] = many.took
	l.numbers["scenario/purge-more"] = many.took - few.took
	return fmt.Sprintf("%s keys: %s; %s keys: %s", perSecond(fewKeys), few, "1,000,000", many), nil
}

// purged is what an invalidation took, in milliseconds.
type purged struct {
	took   float64 // as the store says
	waited time.Duration
}

func (p purged) String() string {
	return fmt.Sprintf("%.2f ms (%s ms for the client)", p.took, millis(p.waited))
}

func (l *lab) purge(ctx context.Context, r request) (purged, error) {
	var all []purged
	for range purgeCalls {
		a, err := must(ctx, l.store.URL, r)
		if err != nil {
			return purged{}, err
		}
		var said struct {
			Took *float64 `json:"took_ms"`
		}
		if err := json.Unmarshal(a.body, &said); err != nil || said.Took == nil {
			return purged{}, fmt.Errorf("%w: POST %s answered no took_ms: %.200s", errUnavailable, purgePath, a.body)
		}
		all = append(all, purged{*said.Took, a.took})
	}
	return purged{
		middle(all, func(p purged) float64 { return p.took }),
		middle(all, func(p purged) time.Duration { return p.waited }),
	}, nil
}

// keys sets or deletes the keys from one number to another.
func (l *lab) keys(ctx context.Context, from, to int, set bool) error {
	for start := from; start < to; start += keysAtATime {
		pipe := l.redis.Pipeline()
		for i := start; i < min(start+keysAtATime, to); i++ {
			key := fmt.Sprintf("slippers:bench:%d", i)
			if set {
				pipe.Set(ctx, key, "a cached body", keyLife)
			} else {
				pipe.Unlink(ctx, key)
			}
		}
		if _, err := pipe.Exec(ctx); err != nil {
			return fmt.Errorf("filling Redis: %w", err)
		}
	}
	return nil
}
