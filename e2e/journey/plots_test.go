package journey_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
	"github.com/slippers-api/slippers/e2e/plots"
)

// pictured looks at the dashboards of a run, but for what only a cluster has to show.
func pictured(t *testing.T, m *monitor.Monitor, from time.Time) {
	t.Helper()
	if _, err := exec.LookPath(plots.Browser); err != nil {
		t.Skipf("no %[1]s on PATH, which this test looks with: apt-get install %[1]s", plots.Browser)
	}
	folder, err := plots.Folder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range observe.Dashboards() {
		if d.NeedsCluster() {
			continue
		}
		if err := plots.Shoot(t.Context(), m, d, plots.Span{From: from, Step: time.Second, Window: window}, filepath.Join(folder, d.Name+".png")); err != nil {
			t.Error(err)
		}
	}
}
