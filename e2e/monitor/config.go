package monitor

import (
	"fmt"
	"path/filepath"
	"strings"
)

// configure writes what the programs read.
func (o Options) configure() error {
	var s strings.Builder
	fmt.Fprintf(&s, "global: {scrape_interval: %s, evaluation_interval: %s}\nrule_files: [rules.yaml]\n", o.Every, o.Every)
	if o.Alertmanager != 0 {
		fmt.Fprintf(&s, "alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:%d']}]}]}\n", o.Alertmanager)
	}
	s.WriteString("scrape_configs:\n- job_name: slippers\n  static_configs:\n")
	for _, t := range o.Targets {
		fmt.Fprintf(&s, "  - {targets: [%q], labels: {service: %s}}\n", t.Address, t.Service)
	}
	for name, text := range map[string]string{
		"prometheus.yml": s.String(), "rules.yaml": string(o.Rules),
		// Who is told is a matter of each installation. Here alerts are only shown.
		"alertmanager.yml": "route: {receiver: page, group_by: [alertname, service], routes: [{matchers: ['severity = ticket'], receiver: ticket}]}\n" +
			"receivers: [{name: page}, {name: ticket}]\n",
		"grafana/datasources/prometheus.yml": "apiVersion: 1\ndatasources:\n- {name: Prometheus, uid: prometheus, type: prometheus, access: proxy, isDefault: true, url: " +
			local(o.Prometheus) + "}\n",
		"grafana/dashboards/slippers.yml": "apiVersion: 1\nproviders:\n- {name: slippers, type: file, options: {path: " + o.Dashboards + "}}\n",
	} {
		if err := o.write(name, text); err != nil {
			return err
		}
	}
	return nil
}

// programs are those that o wants, in the order of their start.
func (o Options) programs() []program {
	in := func(name string) string { return filepath.Join(o.Dir, name) }
	return []program{
		{
			names: []string{"alertmanager", "prometheus-alertmanager"}, image: "prom/alertmanager:v0.28.1", port: o.Alertmanager, ready: "/-/ready",
			args: []string{
				"--config.file=" + in("alertmanager.yml"), "--storage.path=" + in("alertmanager"), "--cluster.listen-address=",
				fmt.Sprintf("--web.listen-address=127.0.0.1:%d", o.Alertmanager),
			},
		},
		{
			names: []string{"prometheus"}, image: "prom/prometheus:v3.5.0", port: o.Prometheus, ready: "/-/ready",
			args: []string{
				"--config.file=" + in("prometheus.yml"), "--storage.tsdb.path=" + in("prometheus"), "--enable-feature=exemplar-storage",
				"--storage.tsdb.retention.time=31d", // budgets are of 30 days
				fmt.Sprintf("--web.listen-address=127.0.0.1:%d", o.Prometheus),
			},
		},
		{
			image: "grafana/grafana:12.1.0", optional: true, port: o.Grafana, ready: "/api/health",
			env: []string{
				"GF_AUTH_ANONYMOUS_ENABLED=true", "GF_AUTH_ANONYMOUS_ORG_ROLE=Admin", "GF_SERVER_HTTP_ADDR=127.0.0.1",
				fmt.Sprintf("GF_SERVER_HTTP_PORT=%d", o.Grafana), "GF_PATHS_PROVISIONING=" + in("grafana"),
			},
		},
	}
}
