//go:build cluster

package cluster_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestScalesOutUnderLoadAndBack(t *testing.T) {
	s := installed(t)
	var values []string
	for _, service := range []string{"gateway", "catalog"} { // sooner back than a shop would want, for the test's sake
		values = append(values, service+".autoscaling.behavior.scaleDown.stabilizationWindowSeconds=15")
	}
	upgrade(t, s.tag, values...)
	settled(t)
	start := time.Now()
	l := s.begin(t, 150, s.searches())
	for _, service := range []string{"gateway", "catalog"} {
		eventually(t, 4*time.Minute, service+" has more than 2 Pods that are ready", func() bool { return ready(t, service) > 2 })
		t.Logf("%s had %d Pods after %.0f s", service, ready(t, service), time.Since(start).Seconds())
	}
	requests, failed, p99 := l.end()
	t.Logf("%d requests, %d failed, p99 during the ramp %s", requests, total(failed), p99.Round(time.Millisecond))
	for what, times := range failed {
		t.Errorf("%d times: %s", times, what)
	}
	start = time.Now()
	for _, service := range []string{"gateway", "catalog"} {
		eventually(t, 8*time.Minute, service+" is back at 2 Pods", func() bool { return ready(t, service) == 2 })
		t.Logf("%s had 2 Pods again after %.0f s", service, time.Since(start).Seconds())
	}
}

func ready(t *testing.T, service string) (n int) {
	t.Helper()
	for _, p := range pods(t, service) {
		if p.ready() {
			n++
		}
	}
	return n
}

// searches are all different, so that each is work for the gateway and for catalog-svc.
func (s *store) searches() vegeta.Targeter {
	var n atomic.Uint64
	return func(t *vegeta.Target) error {
		i := n.Add(1)
		*t = vegeta.Target{Method: "GET", URL: fmt.Sprintf("%s/slippers/?search=slipper+%d", s.gateway[i%uint64(len(s.gateway))], i)}
		return nil
	}
}
