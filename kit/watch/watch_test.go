package watch_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/slippers-api/slippers/kit/watch"
)

// answered returns how long ago each check was answered, and nothing for never.
func answered(t *testing.T, reg *prometheus.Registry) map[string]time.Duration {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	ago := map[string]time.Duration{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if at := m.GetGauge().GetValue(); f.GetName() == "watch_last_success_timestamp_seconds" && at > 0 {
				ago[m.GetLabel()[0].GetValue()] = time.Since(time.Unix(int64(at), 0))
			}
		}
	}
	return ago
}

// One check fails and one hangs, as with a pool that has no connection left. The others are asked all the same, and it is told
// since when those two are not answered.
func TestAFailingCheckStandsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("canceling statement due to statement timeout")
		well := true
		hang := func(ctx context.Context) error {
			if well {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		}
		fail := func(context.Context) error {
			if well {
				return nil
			}
			return broken
		}
		reg, asked := prometheus.NewRegistry(), 0
		w := watch.New(reg,
			watch.Check{Name: "failing", Timeout: time.Minute, Ask: fail},
			watch.Check{Name: "hanging", Timeout: time.Minute, Ask: hang},
			watch.Check{Name: "sound", Timeout: time.Minute, Ask: func(context.Context) error { asked++; return nil }},
		)
		if n := testutil.CollectAndCount(reg, "watch_last_success_timestamp_seconds"); n != 3 || len(answered(t, reg)) != 0 {
			t.Errorf("%d series before the first round, of which %v are answered", n, answered(t, reg))
		}
		if err := w.All(t.Context()); err != nil {
			t.Fatal(err)
		}
		well = false
		time.Sleep(time.Hour) //nolint:forbidigo // of the bubble
		err := w.All(t.Context())
		if !errors.Is(err, broken) || !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "failing: ") || asked != 2 {
			t.Errorf("got %v, and the sound one was asked %d times", err, asked)
		}
		if ago := answered(t, reg); ago["failing"] < time.Hour || ago["hanging"] < time.Hour || ago["sound"] != 0 {
			t.Errorf("answered %v ago", ago)
		}
	})
}

// A check is asked again when its answer is no longer good, one that failed in the next round, and a slow one rests.
func TestChecksAreAskedWhenTheyAreDue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]int{}
		check := func(name string, every, takes time.Duration, err error) watch.Check {
			return watch.Check{Name: name, Every: every, Timeout: time.Minute, Ask: func(context.Context) error {
				asked[name]++
				time.Sleep(takes) //nolint:forbidigo // of the bubble
				return err
			}}
		}
		w := watch.New(nil,
			check("each round", 0, 0, nil),
			check("every five minutes", 5*time.Minute, 0, nil),
			check("every five minutes, failing", 5*time.Minute, 0, errors.New("away")),
			check("slow", 0, 20*time.Second, nil),
		)
		ctx, stop := context.WithTimeout(t.Context(), time.Hour)
		defer stop()
		if err := w.Run(ctx, 30*time.Second, slog.New(slog.DiscardHandler)); err != nil {
			t.Error(err)
		}
		// The slow one takes 20 s of each 200 s, in rounds of 30 s: 18 times at most, and the rounds make it fewer.
		if asked["each round"] < 115 || asked["every five minutes"] < 11 || asked["every five minutes"] > 13 ||
			asked["every five minutes, failing"] < 115 || asked["slow"] < 14 || asked["slow"] > 18 {
			t.Errorf("within an hour were asked: %v", asked)
		}
	})
}

func TestAGaugeIsAbsentUntilItIsSet(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	g := watch.NewGauge(reg, "things", "Things.")
	if n := testutil.CollectAndCount(reg); n != 0 {
		t.Errorf("%d series of what nobody has counted", n)
	}
	g.Set(0)
	if err := testutil.GatherAndCompare(reg, strings.NewReader("# HELP things Things.\n# TYPE things gauge\nthings 0\n")); err != nil {
		t.Error(err)
	}
}
