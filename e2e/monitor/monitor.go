// Package monitor watches a store with Prometheus, Alertmanager and Grafana: it lets them scrape, judge and show what the
// services tell. `make observe` shows it, and tests ask it.
package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/slippers-api/slippers/e2e/process"
)

// Target is a process to watch.
type Target struct {
	Service string
	Address string // of its ops port, such as 127.0.0.1:9080
}

// Targets returns those at the addresses of services.
func Targets(addresses map[string]string) (all []Target) {
	for _, service := range slices.Sorted(maps.Keys(addresses)) {
		all = append(all, Target{service, addresses[service]})
	}
	return all
}

// Options say what to watch, and how.
type Options struct {
	// Dir is where configuration and data are kept.
	Dir string

	// Rules are alerts and recording rules.
	Rules []byte

	// Dashboards is a folder of Grafana's dashboards.
	Dashboards string

	Targets []Target

	// Every is how often targets are scraped and rules are judged.
	Every time.Duration

	// Prometheus, Alertmanager and Grafana are their ports. Zero leaves out the latter two.
	Prometheus, Alertmanager, Grafana int

	// Out gets their logs.
	Out io.Writer
}

// Monitor is a Prometheus that watches, with who belongs to it.
type Monitor struct {
	// URL is Prometheus'.
	URL string

	// Lacks says why there is no Grafana, if there is none that was wanted.
	Lacks error

	api      v1.API
	children []*process.Process
}

// At asks a Prometheus that is there already.
func At(url string) (*Monitor, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return nil, fmt.Errorf("making a client of Prometheus: %w", err)
	}
	return &Monitor{URL: url, api: v1.NewAPI(client)}, nil
}

// Start starts them. When it returns an error, none is left running.
func Start(ctx context.Context, o Options) (_ *Monitor, err error) {
	if err := o.configure(); err != nil {
		return nil, err
	}
	m, err := At(local(o.Prometheus))
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Stop())
		}
	}()
	for _, p := range o.programs() {
		if p.port == 0 {
			continue
		}
		switch err := m.start(ctx, o, p); {
		case err != nil && p.optional:
			m.Lacks = err
		case err != nil:
			return nil, err
		}
	}
	return m, nil
}

func (m *Monitor) start(ctx context.Context, o Options, p program) error {
	cmd, err := p.command(ctx, o.Dir, o.Dashboards)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = o.Out, o.Out
	child, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		return err
	}
	if err := child.Answers(ctx, func(ctx context.Context) error { return answers(ctx, local(p.port)+p.ready) }); err != nil {
		return errors.Join(err, child.Stop())
	}
	m.children = append(m.children, child)
	return nil
}

// Stop ends them.
func (m *Monitor) Stop() error {
	var errs []error
	for _, c := range m.children {
		errs = append(errs, c.Stop())
	}
	return errors.Join(errs...)
}

// Ended says which of them ended first, and how.
func (m *Monitor) Ended() <-chan error {
	died := make(chan error, len(m.children))
	for _, c := range m.children {
		go func() {
			<-c.Ended()
			died <- c.Err()
		}()
	}
	return died
}

// Query asks for the value of an expression now.
func (m *Monitor) Query(ctx context.Context, expr string) (model.Vector, error) {
	v, _, _, err := m.api.Query(ctx, expr, time.Now())
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus for %s: %w", expr, err)
	}
	if s, ok := v.(*model.Scalar); ok {
		return model.Vector{{Value: s.Value, Timestamp: s.Timestamp}}, nil
	}
	all, ok := v.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("asking Prometheus for %s: it answers a %T", expr, v)
	}
	return all, nil
}

// Shown tells whether there is a number to show.
func Shown(v model.Vector) bool {
	return slices.ContainsFunc(v, func(s *model.Sample) bool { return !math.IsNaN(float64(s.Value)) })
}

// Range asks for the values of an expression from a moment until now.
func (m *Monitor) Range(ctx context.Context, expr string, from time.Time, step time.Duration) (model.Matrix, error) {
	v, _, _, err := m.api.QueryRange(ctx, expr, v1.Range{Start: from, End: time.Now(), Step: step})
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus for the course of %s: %w", expr, err)
	}
	all, ok := v.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("asking Prometheus for the course of %s: it answers a %T", expr, v)
	}
	return all, nil
}

// Firing returns the names of the alerts that fire.
func (m *Monitor) Firing(ctx context.Context) ([]string, error) {
	all, err := m.api.Alerts(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus for alerts: %w", err)
	}
	var names []string
	for _, a := range all.Alerts {
		if a.State == v1.AlertStateFiring {
			names = append(names, string(a.Labels[model.AlertNameLabel]))
		}
	}
	return names, nil
}

// Judged returns the alerts that are judged, by name, and for each why that failed, if it did.
func (m *Monitor) Judged(ctx context.Context) (map[string]string, error) {
	rules, err := m.api.Rules(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("asking Prometheus for its rules: %w", err)
	}
	all := map[string]string{}
	for _, group := range rules.Groups {
		for _, r := range group.Rules {
			if a, ok := r.(v1.AlertingRule); ok {
				all[a.Name] = a.LastError
			}
		}
	}
	return all, nil
}

func local(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) }

var probes = &http.Client{Timeout: time.Second}

func answers(ctx context.Context, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return fmt.Errorf("making a request: %w", err)
	}
	res, err := probes.Do(r)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("asking %s: %s", url, res.Status)
	}
	return nil
}

// write writes a file of the configuration.
func (o Options) write(name, text string) error {
	path := filepath.Join(o.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a container's user reads it too
		return fmt.Errorf("making a folder: %w", err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // as above
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
