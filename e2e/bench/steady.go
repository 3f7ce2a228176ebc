package bench

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// attack sends what next returns, so many times a second whatever the answers do, and shows each answer to see.
func attack(ctx context.Context, perSecond int, span time.Duration, next vegeta.Targeter, see func(*vegeta.Result)) error {
	attacker := vegeta.NewAttacker(vegeta.Connections(clients), vegeta.HTTP2(false), vegeta.MaxBody(0), vegeta.Timeout(patience), vegeta.Redirects(vegeta.NoFollow))
	defer context.AfterFunc(ctx, func() { attacker.Stop() })()
	for r := range attacker.Attack(next, vegeta.Rate{Freq: perSecond, Per: time.Second}, span, "") {
		see(r)
	}
	return ctx.Err()
}

// steady measures the latency of one page under a steady load.
func steady(ctx context.Context, url string, span time.Duration) (sample, error) {
	var took []time.Duration
	var failed float64
	next := vegeta.NewStaticTargeter(vegeta.Target{Method: http.MethodGet, URL: url})
	err := attack(ctx, steadyRate, span, next, func(r *vegeta.Result) {
		took = append(took, r.Latency)
		if r.Code != http.StatusOK {
			failed++
		}
	})
	if err != nil {
		return sample{}, err
	}
	if len(took) == 0 {
		return sample{}, errors.New("sending a steady load: nothing was sent")
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
	return sample{
		rate: float64(len(took)) / span.Seconds(), p50: at(.5), p99: at(.99), p999: at(.999), failed: failed / float64(len(took)),
	}, nil
}
