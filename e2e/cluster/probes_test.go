//go:build cluster

package cluster_test

import (
	"slices"
	"testing"
	"time"
)

// A lost dependency makes those unready that cannot work without it, and restarts nobody: a restart would not bring it back.
func TestProbesTellWhatIsBroken(t *testing.T) {
	s := installed(t)
	for _, lost := range []struct {
		dependency string
		unready    []string
	}{
		{"redis", nil},
		{"postgresql", []string{"auth", "catalog", "order"}},
	} {
		t.Run(lost.dependency, func(t *testing.T) {
			settled(t)
			before := restarts(t)
			set := "statefulset/" + release + "-" + lost.dependency
			kubectl(t, "scale", set, "--replicas", "0")
			defer func() {
				kubectl(t, "scale", set, "--replicas", "1")
				eventually(t, 3*time.Minute, lost.dependency+" is back", func() bool { return ready(t, lost.dependency) == 1 })
				settled(t)
				s.buy(t, "after-"+lost.dependency)
				if now := restarts(t); now != before {
					t.Errorf("containers were started again %d times", now-before)
				}
			}()
			eventually(t, time.Minute, lost.dependency+" is away", func() bool { return ready(t, lost.dependency) == 0 })
			for _, service := range services {
				wrong := slices.Contains(lost.unready, service)
				if wrong {
					eventually(t, time.Minute, service+" is not ready without "+lost.dependency, func() bool { return ready(t, service) == 0 })
				}
				for _, p := range pods(t, service) {
					ops(t, p.Metadata.Name, "/livez") // fails the test unless it answers well
					if p.ready() == wrong {
						t.Errorf("%s is ready: %v, without %s", p.Metadata.Name, p.ready(), lost.dependency)
					}
				}
			}
		})
	}
}

// restarts is how often containers of ours were started again.
func restarts(t *testing.T) (n int) {
	t.Helper()
	for _, service := range services {
		for _, p := range pods(t, service) {
			for _, c := range p.Status.ContainerStatuses {
				n += c.RestartCount
			}
		}
	}
	return n
}

// What the chart says after an installation works.
func TestHelmTestPlacesAnOrder(t *testing.T) {
	installed(t)
	out, err := command(t.Context(), "", "helm", "test", release, "--namespace", the.Namespace, "--logs", "--timeout", "3m")
	if err != nil {
		t.Fatalf("%v\n%s", err, situation(t))
	}
	t.Log(out)
}
