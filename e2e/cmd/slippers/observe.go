package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/observe"
	"github.com/slippers-api/slippers/e2e/shop"
)

// Where those who watch are found.
const (
	prometheusPort   = 9095
	alertmanagerPort = 9096
	grafanaPort      = 3000
)

// watch shows a running store in Prometheus, Alertmanager and, where there is Docker, Grafana, until ctx is done.
func watch(ctx context.Context, out io.Writer) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding this folder: %w", err)
	}
	files := filepath.Join(root, "charts", "slippers", "files")
	if _, err := os.Stat(files); err != nil {
		return errors.New("no charts/slippers/files here: run this in the root of the repository")
	}
	log, err := os.Create(filepath.Join(root, ".dev", "observe.log")) //nolint:gosec // our own folder
	if err != nil {
		return errors.New("no .dev here: `make run` makes it, in another terminal")
	}
	defer log.Close()
	rules, err := observe.RulesFile("")
	if err != nil {
		return err //nolint:wrapcheck // it says which
	}
	o := monitor.Options{
		Dir: filepath.Join(root, ".dev", "observe"), Rules: rules, Dashboards: filepath.Join(files, "dashboards"),
		Targets: monitor.Targets(shop.Usual.Ops()), Every: 5 * time.Second, Prometheus: prometheusPort, Alertmanager: alertmanagerPort, Grafana: grafanaPort, Out: log,
	}
	m, err := monitor.Start(ctx, o)
	if err != nil {
		return fmt.Errorf("%v (.dev/observe.log may say more)", err) //nolint:errorlint // it is the end, and how it ended is no code of ours
	}
	defer func() { err = errors.Join(err, m.Stop()) }()
	fmt.Fprintf(out, "\n  Prometheus    http://localhost:%d/alerts\n  Alertmanager  http://localhost:%d\n", prometheusPort, alertmanagerPort)
	if m.Lacks == nil {
		fmt.Fprintf(out, "  Grafana       http://localhost:%d/dashboards\n", grafanaPort)
	} else {
		fmt.Fprintf(out, "  no Grafana (%v): its dashboards are in charts/slippers/files/dashboards\n", m.Lacks)
	}
	fmt.Fprintln(out, "\n  Ctrl-C ends them; what they have seen stays in .dev/observe")
	select {
	case <-ctx.Done():
		return nil
	case err := <-m.Ended():
		return err
	}
}
