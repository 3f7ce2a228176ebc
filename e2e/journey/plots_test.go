package journey_test

import (
	"cmp"
	"fmt"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
)

// A plot's size, in pixels.
const plotWidth, plotHeight = 380.0, 130.0

var colours = []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf"}

// pictured draws the dashboards of a run, and looks at them in a browser.
func (s *store) pictured(t *testing.T, m *monitor.Monitor, from time.Time) {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on PATH, which this test looks with: apt-get install chromium")
	}
	for _, d := range observe.Dashboards() {
		var page strings.Builder
		fmt.Fprintf(&page, "<!doctype html><meta charset=utf-8><title>%[1]s</title><style>body{font:13px sans-serif;background:#fff;margin:16px;width:1220px}"+
			"h2{margin:14px 0 4px}div{display:inline-block;vertical-align:top;width:%[2]gpx;margin:0 12px 12px 0}small{color:#666;display:block;height:46px;overflow:hidden}"+
			"svg{background:#f7f7f7;display:block}</style><h1>%[1]s</h1>", html.EscapeString(d.Title), plotWidth)
		var lines []int
		for _, row := range d.Rows {
			fmt.Fprintf(&page, "<h2>%s</h2>", html.EscapeString(row.Title))
			panels := 0
			for _, p := range row.Panels {
				if p.NeedsCluster {
					continue
				}
				panels++
				page.WriteString(plot(t, m, p, from))
			}
			lines = append(lines, panels)
		}
		file := filepath.Join(t.TempDir(), "dashboard.html")
		if err := os.WriteFile(file, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		shot := filepath.Join(t.TempDir(), "dashboard.png")
		if os.Getenv("UPDATE") != "" {
			if shot, err = filepath.Abs("../../docs/dashboards/" + d.Name + ".png"); err != nil {
				t.Fatal(err)
			}
		}
		height := 110 // of the title, then of each row and each line of panels
		for _, n := range lines {
			height += 40 + 262*((n+2)/3)
		}
		cmd := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+t.TempDir(),
			fmt.Sprintf("--window-size=1260,%d", height), "--screenshot="+shot, "file://"+file)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("looking at %s: %v\n%s", d.Title, err, out)
		}
		if info, err := os.Stat(shot); err != nil || info.Size() < 10_000 {
			t.Errorf("%s looks like nothing: %v", d.Title, err)
		}
	}
}

// plot draws a panel, and what it says beside it. The highest lines have their names below it.
func plot(t *testing.T, m *monitor.Monitor, p observe.Panel, from time.Time) string {
	t.Helper()
	type line struct {
		name   string
		most   float64
		course []model.SamplePair
	}
	var all []line
	for _, q := range p.Queries {
		course, err := m.Range(t.Context(), q.Plain(window), from, time.Second)
		if err != nil {
			t.Errorf("%s: %v", p.Title, err)
			continue
		}
		for _, series := range course {
			l := line{name: named(q.Legend, series.Metric)}
			for _, v := range series.Values {
				if f := float64(v.Value); !math.IsNaN(f) && !math.IsInf(f, 0) {
					l.course, l.most = append(l.course, v), max(l.most, f)
				}
			}
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b line) int { return cmp.Compare(b.most, a.most) })
	most := 0.0
	if len(all) > 0 {
		most = all[0].most
	}
	var drawn, legend strings.Builder
	for i, l := range all {
		colour, points := colours[i%len(colours)], make([]string, len(l.course))
		for j, v := range l.course {
			x := v.Timestamp.Time().Sub(from).Seconds() / time.Since(from).Seconds() * plotWidth
			points[j] = fmt.Sprintf("%.1f,%.1f", x, plotHeight-4-float64(v.Value)/max(most, 1e-9)*(plotHeight-8))
		}
		fmt.Fprintf(&drawn, `<polyline fill="none" stroke="%s" stroke-width="1.5" points="%s"/>`, colour, strings.Join(points, " "))
		if i < len(colours) {
			fmt.Fprintf(&legend, `<span style="color:%s">%s</span> `, colour, html.EscapeString(l.name))
		}
	}
	if more := len(all) - len(colours); more > 0 {
		fmt.Fprintf(&legend, "and %d below", more)
	}
	return fmt.Sprintf("<div><b>%s</b><small>%s · up to %.4g%s</small><svg width=%g height=%g>%s</svg><small>%s</small></div>",
		html.EscapeString(p.Title), html.EscapeString(p.About), most, html.EscapeString(units[p.Unit]), plotWidth, plotHeight, drawn.String(), legend.String())
}

// units are those of panels, in words.
var units = map[observe.Unit]string{
	observe.PerSec: " a second", observe.Seconds: " s", observe.Bytes: " bytes", observe.Part: ", where 1 is all", observe.Cores: " cores",
}

var label = regexp.MustCompile(`{{ *(\w+) *}}`)

// named is a legend as Grafana fills it in.
func named(legend string, m model.Metric) string {
	return label.ReplaceAllStringFunc(legend, func(l string) string { return string(m[model.LabelName(label.FindStringSubmatch(l)[1])]) })
}
