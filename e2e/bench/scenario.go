package bench

import (
	"context"
	"errors"
	"fmt"
)

// errUnavailable says that the store does not do yet, or not any more, what would be measured.
var errUnavailable = errors.New("not available")

// scenario measures the cache while things happen to it.
func scenario(ctx context.Context, l *lab) ([]table, error) {
	admin, err := l.admin(ctx)
	if err != nil {
		return nil, err
	}
	t := table{title: "The cache at work", head: []string{"what", "measured", "must reach"}}
	for _, s := range []struct {
		name, key string
		measure   func(ctx context.Context, admin string) (string, error)
	}{
		{fmt.Sprintf("hit rate at %s requests/s, %d edits/s", perSecond(steadyRate), editsPerSecond), "scenario/hits", l.hits},
		{"invalidation of `slippers:*`", "scenario/purge", l.purges},
		{fmt.Sprintf("memory of the gateway, %s distinct URLs", perSecond(distinct)), "scenario/memory", l.growth},
	} {
		l.say("%s", s.name)
		measured, err := s.measure(ctx, admin)
		if errors.Is(err, errUnavailable) {
			measured, err = err.Error(), nil
		}
		if err != nil {
			return nil, fmt.Errorf("measuring the %s: %w", s.name, err)
		}
		t.add(s.name, measured, l.numbers.judge(s.key))
	}
	t.notes = []string{hitsNote, purgesNote, growthNote}
	return []table{t}, nil
}

// cached returns errUnavailable unless the gateway says what its cache does.
func (l *lab) cached(ctx context.Context) error {
	a, err := fetch(ctx, l.store.URL+pagePath)
	if err != nil {
		return err
	}
	if a.header.Get("Cache-Status") == "" {
		return fmt.Errorf("%w: GET %s answered %s", errUnavailable, pagePath, a.cache())
	}
	return nil
}
