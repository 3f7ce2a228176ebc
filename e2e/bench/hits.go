package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
	"golang.org/x/sync/errgroup"
)

const (
	editsPerSecond = 5
	listShare      = 5   // one request in so many is for a list
	popularity     = 1.1 // of a zipf distribution: the first of all slippers is looked at far oftener than the last
	mixLength      = 1 << 16
)

const hitsNote = "Hit rate: one request in five is for one of 14 lists, the others for one of all slippers, both by a zipf distribution (s = 1.1), after each was asked for once. " +
	"Meanwhile an administrator changes the price of slippers of the same distribution; each change makes all lists stale at once. " +
	"An answer that waited for another's reading of the same page (`collapsed`) is a hit: nothing was asked for it."

// hits measures the part of answers that come from the cache while prices change.
func (l *lab) hits(ctx context.Context, admin string) (string, error) {
	if err := l.cached(ctx); err != nil {
		return "", err
	}
	lists, items := listPages(), itemPages()
	if _, err := l.visit(ctx, append(items, lists...), 0); err != nil {
		return "", err
	}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // must repeat, need not be secret
	mix := make([]string, mixLength)
	byList, byItem := zipf(random, lists), zipf(random, items)
	for i := range mix {
		if mix[i] = byItem(); random.IntN(listShare) == 0 {
			mix[i] = byList()
		}
	}

	var sent atomic.Uint64
	var answered, hit float64
	edits := 0
	work, ctx := errgroup.WithContext(ctx)
	done := make(chan struct{})
	work.Go(func() (err error) {
		edits, err = l.edit(ctx, admin, byItem, done)
		return err
	})
	work.Go(func() error {
		defer close(done)
		return attack(ctx, steadyRate, 4*l.span(), func(t *vegeta.Target) error {
			t.Method, t.URL = http.MethodGet, l.store.URL+mix[(sent.Add(1)-1)%mixLength]
			return nil
		}, func(r *vegeta.Result) {
			answered++
			if (answer{header: r.Headers}).spared() {
				hit++
			}
		})
	})
	if err := work.Wait(); err != nil {
		return "", err
	}
	l.numbers["scenario/hits"] = hit / answered
	return fmt.Sprintf("%.3f of %.0f answers in %s, during %d edits", hit/answered, answered, 4*l.span(), edits), nil
}

// attack sends what next returns, so many times a second whatever the answers do, and shows each answer to see.
func attack(ctx context.Context, perSecond int, span time.Duration, next vegeta.Targeter, see func(*vegeta.Result)) error {
	attacker := vegeta.NewAttacker(vegeta.Connections(clients), vegeta.HTTP2(false), vegeta.MaxBody(0), vegeta.Timeout(patience), vegeta.Redirects(vegeta.NoFollow))
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	for r := range attacker.Attack(next, vegeta.Rate{Freq: perSecond, Per: time.Second}, span, "") {
		see(r)
	}
	return ctx.Err()
}

// edit changes prices until done is closed, and returns how many.
func (l *lab) edit(ctx context.Context, admin string, next func() string, done <-chan struct{}) (edits int, err error) {
	clock := time.NewTicker(time.Second / editsPerSecond)
	defer clock.Stop()
	for {
		select {
		case <-done:
			return edits, nil
		case <-ctx.Done():
			return edits, ctx.Err()
		case <-clock.C:
			edits++
			_, err := must(ctx, l.store.URL, request{
				method: http.MethodPut, path: next(), body: fmt.Sprintf(`{"price":%d}`, 100_000+edits),
				headers: []string{admin, "Content-Type: application/json"},
			})
			if err != nil {
				return edits, err
			}
		}
	}
}

// zipf returns a function that picks pages, the first oftenest.
func zipf(random *rand.Rand, pages []string) func() string {
	z := rand.NewZipf(random, popularity, 1, uint64(len(pages)-1)) //nolint:gosec // there are pages
	return func() string { return pages[z.Uint64()] }
}

// listPages are the lists that people look at: all, by category, and by some orders.
func listPages() []string {
	pages := []string{pagePath, pagePath + "&skip=20", pagePath + "&skip=40"}
	for category := 1; category <= 7; category++ {
		pages = append(pages, fmt.Sprintf("%s&category_id=%d", pagePath, category))
	}
	for _, sort := range []string{"price_asc", "price_desc", "name_asc", "created_desc"} {
		pages = append(pages, pagePath+"&sort="+sort)
	}
	return pages
}

func itemPages() []string {
	pages := make([]string, size.Slippers)
	for i := range pages {
		pages[i] = fmt.Sprintf("/slippers/%d", i+1)
	}
	return pages
}
