package observe

import (
	"errors"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Grafana's own schema knows every field of the dashboards, those of each kind of panel and query too.
func TestDashboardsFollowTheSchemaOfGrafana(t *testing.T) {
	plugins.RegisterDefaultPlugins() // the kinds of panels and queries
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if !strings.HasPrefix(name, "dashboards/") {
			continue
		}
		var d dashboard.Dashboard //nolint:staticcheck // as what makes them
		err := d.UnmarshalJSONStrict(text)
		if broken, ok := errors.AsType[cog.BuildErrors](err); ok && len(broken) == 0 { // it makes one of none
			err = nil
		}
		if err := errors.Join(err, d.Validate()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
