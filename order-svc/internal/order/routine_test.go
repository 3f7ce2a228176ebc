package order_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// A round goes on until nothing is left, a failure ends it and no more than it, and the end of the process ends all.
func TestARoutineGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{}
		done := []int64{1000, 3, 0 /* the next round */, -1, 5, 0, 0}
		var at []time.Duration
		start := time.Now()
		ctx, stop := context.WithCancel(t.Context())
		r := order.Routine{Name: "expire orders", Every: time.Minute, Log: s.log(), Batch: func(context.Context) (int64, error) {
			at = append(at, time.Since(start))
			n := done[len(at)-1]
			if len(at) == len(done) {
				stop()
			}
			if n < 0 {
				return 0, errDown
			}
			return n, nil
		}}
		if err := r.Run(ctx); err != nil {
			t.Errorf("ended with %v", err)
		}
		for i, want := range []time.Duration{1, 1, 1, 2, 3, 3, 4} {
			if i >= len(at) || at[i] != want*time.Minute {
				t.Fatalf("the batches ran after %v, want the one at %d after %d minutes", at, i, want)
			}
		}
		if log := s.lines.String(); strings.Count(log, "level=WARN") != 1 || strings.Count(log, "routine done") != 3 || !strings.Contains(log, "count=1000") {
			t.Errorf("logged %s", log)
		}
	})
}

func TestARoutineStopsInTheMiddleOfARound(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, batches := &stage{}, 0
		ctx, stop := context.WithCancel(t.Context())
		r := order.Routine{Every: time.Minute, Log: s.log(), Batch: func(context.Context) (int64, error) {
			if batches++; batches == 3 {
				stop()
			}
			if batches > 3 {
				return 0, errors.New("it was asked again")
			}
			return 1, nil
		}}
		if err := r.Run(ctx); err != nil || batches != 3 {
			t.Errorf("ended with %v after %d batches, want 3", err, batches)
		}
	})
}
