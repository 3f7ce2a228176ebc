package bench

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const growthNote = "Memory: the gateway's resident size when nobody had asked it for anything, and after all of the above and lists that differ in their lowest price, each once."

const (
	distinct = 100_000
	visitors = 16
)

// growth measures what the gateway keeps of many pages.
func (l *lab) growth(ctx context.Context, _ string) (string, error) {
	if err := l.cached(ctx); err != nil {
		return "", err
	}
	pages := make([]string, distinct)
	for i := range pages {
		pages[i] = fmt.Sprintf("%s&min_price=%d.%02d", pagePath, (i+1)/100, (i+1)%100)
	}
	sent, err := l.visit(ctx, pages, 100*l.span())
	if err != nil {
		return "", err
	}
	after, err := measure(ctx, []part{l.service("gateway")})
	if err != nil {
		return "", err
	}
	was, is := l.idle["gateway"].memory, after["gateway"].memory
	if sent == distinct {
		l.numbers["scenario/memory"] = (is - was) / cacheBytes
	}
	return fmt.Sprintf("%.0f MB when it had started, %.0f MB after %s URLs; its cache may hold %d MB",
		was/(1<<20), is/(1<<20), perSecond(float64(sent)), cacheBytes>>20), nil
}

// visit asks the gateway for each page once, for as long as span if that is not zero. It returns how many it asked for.
func (l *lab) visit(ctx context.Context, pages []string, span time.Duration) (int, error) {
	start := time.Now()
	var next atomic.Int64
	var sent atomic.Int64
	work, ctx := errgroup.WithContext(ctx)
	for range visitors {
		work.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(pages) || span > 0 && time.Since(start) > span {
					return nil
				}
				if _, err := must(ctx, l.store.URL, request{method: http.MethodGet, path: pages[i]}); err != nil {
					return err
				}
				sent.Add(1)
			}
		})
	}
	err := work.Wait()
	return int(sent.Load()), err
}
