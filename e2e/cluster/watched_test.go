//go:build cluster && operators

package cluster_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
	"github.com/slippers-api/slippers/e2e/plots"
)

// watcher is the cluster's Prometheus. Its operator has told it what the chart says of monitoring, and what others say.
type watcher struct{ *monitor.Monitor }

func watched(t *testing.T) watcher {
	t.Helper()
	m, err := monitor.At(the.Prometheus)
	if err != nil {
		t.Fatal(err)
	}
	return watcher{m}
}

func (w watcher) ask(t *testing.T, expr string) model.Vector {
	t.Helper()
	v, err := w.Query(t.Context(), expr)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// pods holds that it sees all Pods, by the names that alerts and dashboards know them by.
func (w watcher) pods(t *testing.T) {
	t.Helper()
	for _, s := range services {
		eventually(t, time.Minute, "Prometheus sees the Pods of "+s, func() bool {
			up := w.ask(t, fmt.Sprintf(`up{service=~"%s(-svc)?"} == 1`, s))
			return !slices.ContainsFunc(names(pods(t, s)), func(name string) bool {
				return !slices.ContainsFunc(up, func(seen *model.Sample) bool { return string(seen.Metric["instance"]) == name })
			})
		})
	}
}

// alerts holds that all are judged, and that none fires.
func (w watcher) alerts(t *testing.T) {
	t.Helper()
	judged, err := w.Judged(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range observe.Alerts() {
		if why, ok := judged[a.Name]; !ok || why != "" {
			t.Errorf("the alert %s is known: %t; it fails: %q", a.Name, ok, why)
		}
	}
	if firing, err := w.Firing(t.Context()); len(firing) > 0 || err != nil {
		t.Errorf("these fire in a store that is well: %v; %v", firing, err)
	}
}

// dashboards holds that those about the cluster have something to show in all panels, of our services only, and looks at them. from
// is when there began to be something to see.
func (w watcher) dashboards(t *testing.T, from time.Time) {
	t.Helper()
	const window = "1m"
	folder, err := plots.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range observe.Dashboards() {
		if !d.NeedsCluster() {
			continue
		}
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for _, q := range p.Queries {
					v := w.ask(t, q.Plain(window))
					if !monitor.Shown(v) {
						t.Errorf("%s, %s: nothing to see of %s", d.Title, p.Title, q.Plain(window))
					}
					for _, series := range v {
						if s := string(series.Metric["service"]); s != "" && !slices.Contains(observe.Services, s) {
							t.Errorf("%s, %s: what is %s to us?", d.Title, p.Title, s)
						}
					}
				}
			}
		}
		if err := plots.Shoot(t.Context(), w.Monitor, d, plots.Span{From: from, Step: 5 * time.Second, Window: window}, filepath.Join(folder, d.Name+".png")); err != nil {
			t.Error(err)
		}
	}
}
