package limits_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/gateway/internal/limits"
)

// A page that asks ten things at once is served without Redis too: what counts is how many gateways there are, not how many
// there may be.
func TestAPageIsServedWithoutRedis(t *testing.T) {
	t.Parallel()
	// What net remembers of this machine must not begin in a bubble, or it could not be used in the next.
	if _, err := (&net.Resolver{PreferGo: true}).LookupHost(t.Context(), "localhost"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"": 5, "localhost": 10} {
		synctest.Test(t, func(t *testing.T) {
			cfg := limits.Config{Replicas: 20, Peers: name}
			if err := cfg.Policies.UnmarshalText([]byte("default=100/60s")); err != nil {
				t.Fatal(err)
			}
			l := limits.New(cfg, prometheus.NewRegistry())
			ctx, stop := context.WithCancel(t.Context())
			var following sync.WaitGroup
			following.Go(func() { l.Follow(ctx, slog.New(slog.DiscardHandler)) })
			synctest.Wait()
			served := 0
			for range 10 {
				if l.Judge(http.Header{}, limits.Default, l.Count(limits.Default, limits.Caller{User: 7}, 1), nil) == nil {
					served++
				}
			}
			if served != want {
				t.Errorf("with %q for the peers %d of 10 are served, want %d", name, served, want)
			}
			stop()
			following.Wait()
		})
	}
}
