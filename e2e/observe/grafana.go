package observe

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

const (
	tag    = "slippers" // by which dashboards find each other
	width  = 24         // of Grafana's grid
	height = 8
)

var source = common.DataSourceRef{Type: new("prometheus"), Uid: new("$datasource")}

// built is a panel that is made already, as the SDK's builders take it.
type built dashboard.Panel

func (b built) Build() (dashboard.Panel, error) { return dashboard.Panel(b), nil }

// JSON returns the dashboard as Grafana reads it.
func (d Dashboard) JSON() ([]byte, error) {
	page := dashboard.NewDashboardBuilder(d.Title) //nolint:staticcheck // its successor's form is read by Grafana 12 and newer only
	page.Uid("slippers-"+d.Name).Description(d.About).Tags([]string{tag}).Readonly().Refresh("1m").Time("now-3h", "now").
		Tooltip(dashboard.DashboardCursorSyncCrosshair)
	page.WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Prometheus").Type("prometheus"))
	var among []string // what was chosen before
	for _, name := range append([]string{"namespace"}, d.Variables...) {
		page.WithVariable(variable(name, strings.Join(among, ",")))
		among = append(among, fmt.Sprintf(`%s=~"$%[1]s"`, name))
	}
	id := uint32(0)
	for _, row := range d.Rows {
		id++
		page.WithRow(dashboard.NewRowBuilder(row.Title).Id(id))
		for i, p := range row.Panels {
			id++
			made, err := p.grafana(id)
			if err != nil {
				return nil, fmt.Errorf("making panel %q of dashboard %s: %w", p.Title, d.Name, err)
			}
			made.GridPos = &dashboard.GridPos{H: height, W: share(len(row.Panels), i)}
			page.WithPanel(built(made))
		}
	}
	made, err := page.Build()
	if err != nil {
		return nil, fmt.Errorf("making dashboard %s: %w", d.Name, err)
	}
	made.Links = []dashboard.DashboardLink{{
		Title: "Slippers", Type: dashboard.DashboardLinkTypeDashboards, Icon: "dashboard", Tags: []string{tag},
		AsDropdown: true, IncludeVars: true, KeepTime: true,
	}, {
		Title: "Runbooks", Type: dashboard.DashboardLinkTypeLink, Icon: "doc", Url: new(runbooks + "README.md"), TargetBlank: true,
		Tags: []string{}, // Grafana's schema wants a list
	}}
	text, err := json.MarshalIndent(made, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing dashboard %s: %w", d.Name, err)
	}
	return append(text, '\n'), nil
}

// share is the width of a panel: at most three stand side by side, and each line is full.
func share(panels, i int) uint32 {
	const most = 3
	lines := (panels + most - 1) / most
	least, longer := panels/lines, panels%lines // the first lines have one panel more
	if i < longer*(least+1) {
		return uint32(width / (least + 1)) //nolint:gosec // 8 to 24
	}
	return uint32(width / least) //nolint:gosec // as above
}

func variable(name, among string) cog.Builder[dashboard.VariableModel] {
	query := "label_values(slippers_build_info{" + among + "}, " + name + ")"
	return dashboard.NewQueryVariableBuilder(name).Label(name).Datasource(source).Query(dashboard.StringOrMap{String: &query}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
		Multi(true).IncludeAll(true).AllValue(allOf(name)).Current(dashboard.VariableOption{
		Selected: new(true), Text: dashboard.StringOrArrayOfString{String: new("All")}, Value: dashboard.StringOrArrayOfString{String: new("$__all")},
	})
}

// grafana returns the panel with all but its place.
func (p Panel) grafana(id uint32) (dashboard.Panel, error) {
	var builder cog.Builder[dashboard.Panel] = p.graph()
	if p.Single {
		builder = stat.NewPanelBuilder().TextMode(common.BigValueTextModeValueAndName).GraphMode(common.BigValueGraphModeNone).
			ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"}))
	}
	made, err := builder.Build()
	if err != nil {
		return made, fmt.Errorf("building it: %w", err)
	}
	made.Id, made.Title, made.Description, made.Datasource = &id, &p.Title, &p.About, &source
	for i, q := range p.Queries {
		query := prometheus.NewDataqueryBuilder().Datasource(source).Expr(q.Expr).LegendFormat(q.Legend).
			RefId(string(rune('A' + i))).EditorMode(prometheus.QueryEditorModeCode).Range()
		if strings.Contains(q.Expr, "histogram_quantile") { // its points lead to traces
			query.Exemplar(true)
		}
		if p.Single { // days are summed up once, not for each point of a line
			query.Instant()
		}
		target, err := query.Build()
		if err != nil {
			return made, fmt.Errorf("building query %q: %w", q.Expr, err)
		}
		made.Targets = append(made.Targets, target)
	}
	if made.FieldConfig == nil { // a single number comes without
		made.FieldConfig = dashboard.NewFieldConfigSource()
	}
	defaults := &made.FieldConfig.Defaults
	defaults.Unit = new(string(p.Unit))
	if !p.Single {
		defaults.Min = new(0.0)
	}
	defaults.Thresholds = &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: p.steps()}
	return made, nil
}

// steps are the thresholds, the first for whatever is below the second.
func (p Panel) steps() []dashboard.Threshold {
	steps := []dashboard.Threshold{{Color: "green"}}
	for i, t := range p.Thresholds {
		if i == 0 {
			steps[0].Color = t.Colour
			continue
		}
		steps = append(steps, dashboard.Threshold{Value: &t.From, Color: t.Colour})
	}
	return steps
}

func (p Panel) graph() *timeseries.PanelBuilder {
	b := timeseries.NewPanelBuilder().FillOpacity(10).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().ShowLegend(true).DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).Calcs([]string{"lastNotNull", "max"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
	if p.Stacked {
		b.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
	}
	if len(p.Thresholds) > 0 {
		b.ThresholdsStyle(common.NewGraphThresholdsStyleConfigBuilder().Mode(common.GraphThresholdsStyleModeDashed))
	}
	return b
}
