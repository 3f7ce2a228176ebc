// Package plots draws dashboards for who has no Grafana at hand, from what Prometheus answers to the same queries.
package plots

import (
	"cmp"
	"context"
	"fmt"
	"html"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
)

// Browser is the program that looks at the plots.
const Browser = "chromium"

// Span is the time that is drawn.
type Span struct {
	From time.Time
	Step time.Duration

	// Window is what rates are over, as Prometheus writes it: 1m.
	Window string
}

// Folder is where the pictures of a test of ../journey or ../cluster belong: with UPDATE set docs/dashboards, and otherwise scratch.
func Folder(scratch string) (string, error) {
	if os.Getenv("UPDATE") == "" {
		return scratch, nil
	}
	docs, err := filepath.Abs("../../docs/dashboards")
	if err != nil {
		return "", fmt.Errorf("finding docs/dashboards: %w", err)
	}
	return docs, nil
}

// A plot's size, in pixels. Three stand side by side.
const width, height = 380.0, 130.0

const style = "body{font:13px sans-serif;background:#fff;margin:16px;width:1220px}h2{margin:14px 0 4px}" +
	"div{display:inline-block;vertical-align:top;width:380px;margin:0 12px 12px 0}small{color:#666;display:block;height:46px;overflow:hidden}" +
	"svg{background:#f7f7f7;display:block}"

// Shoot draws a dashboard, looks at it in the browser, and writes what is seen to a file: a PNG.
func Shoot(ctx context.Context, m *monitor.Monitor, d observe.Dashboard, s Span, file string) error {
	var page strings.Builder
	fmt.Fprintf(&page, "<!doctype html><meta charset=utf-8><title>%[1]s</title><style>%[2]s</style><h1>%[1]s</h1>", html.EscapeString(d.Title), style)
	high := 110 // of the title, then of each row and each line of panels
	for _, row := range d.Rows {
		fmt.Fprintf(&page, "<h2>%s</h2>", html.EscapeString(row.Title))
		for _, p := range row.Panels {
			drawn, err := s.panel(ctx, m, p)
			if err != nil {
				return fmt.Errorf("drawing %s, %s: %w", d.Title, p.Title, err)
			}
			page.WriteString(drawn)
		}
		high += 40 + 262*((len(row.Panels)+2)/3)
	}
	dir, err := os.MkdirTemp("", "slippers-plots-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "page.html")
	if err := os.WriteFile(source, []byte(page.String()), 0o600); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	cmd := exec.CommandContext(ctx, Browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--user-data-dir="+dir, //nolint:gosec // our own page
		fmt.Sprintf("--window-size=1260,%d", high), "--screenshot="+file, "file://"+source)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("looking at %s: %w\n%s", d.Title, err, said)
	}
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("looking at %s: %w", d.Title, err)
	}
	if info.Size() < 10_000 {
		return fmt.Errorf("looking at %s: there is nothing to see", d.Title)
	}
	return nil
}

// line is a series of a plot.
type line struct {
	name   string
	most   float64
	course []model.SamplePair
}

// panel draws one, and what it says beside it. The highest lines have their names below it.
func (s Span) panel(ctx context.Context, m *monitor.Monitor, p observe.Panel) (string, error) {
	var all []line
	for _, q := range p.Queries {
		course, err := m.Range(ctx, q.Plain(s.Window), s.From, s.Step)
		if err != nil {
			return "", err
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
			x := v.Timestamp.Time().Sub(s.From).Seconds() / time.Since(s.From).Seconds() * width
			points[j] = fmt.Sprintf("%.1f,%.1f", x, height-4-float64(v.Value)/max(most, 1e-9)*(height-8))
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
		html.EscapeString(p.Title), html.EscapeString(p.About), most, html.EscapeString(units[p.Unit]), width, height, drawn.String(), legend.String()), nil
}

var colours = []string{"#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#17becf"}

// units are those of panels, in words.
var units = map[observe.Unit]string{
	observe.Count:  "",
	observe.PerSec: " a second", observe.Seconds: " s", observe.Bytes: " bytes", observe.Part: ", where 1 is all", observe.Cores: " cores",
}

var label = regexp.MustCompile(`{{ *(\w+) *}}`)

// named is a legend as Grafana fills it in.
func named(legend string, m model.Metric) string {
	return label.ReplaceAllStringFunc(legend, func(l string) string { return string(m[model.LabelName(label.FindStringSubmatch(l)[1])]) })
}
