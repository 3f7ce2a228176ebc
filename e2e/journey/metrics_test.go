package journey_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/slippers-api/slippers/e2e/observe"
)

// metric is one that services expose.
type metric struct {
	kind, help string
	labels     []string
	services   []string
	values     map[string]float64 // of counters and gauges, by their labels' values
}

// metrics asks all services for theirs.
func (s *store) metrics(t *testing.T) map[string]metric {
	t.Helper()
	all := map[string]metric{}
	for service, address := range s.Ports.Ops() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(res.Body)
		_ = res.Body.Close()
		if err != nil {
			t.Fatalf("%s: %v", service, err)
		}
		for name, f := range families {
			m := all[name]
			m.kind, m.help = strings.ToLower(f.GetType().String()), f.GetHelp()
			m.labels, m.services = labels(f, m.labels), append(m.services, service)
			if m.values == nil {
				m.values = map[string]float64{}
			}
			for _, one := range f.GetMetric() {
				var by []string
				for _, l := range one.GetLabel() {
					by = append(by, l.GetValue())
				}
				m.values[strings.Join(by, " ")] += one.GetCounter().GetValue() + one.GetGauge().GetValue()
			}
			all[name] = m
		}
	}
	return all
}

func labels(f *dto.MetricFamily, known []string) []string {
	for _, m := range f.GetMetric() {
		for _, l := range m.GetLabel() {
			known = append(known, l.GetName())
		}
	}
	slices.Sort(known)
	return slices.Compact(known)
}

// libraries are the beginnings of metrics that are not ours: their own pages say what they mean.
var libraries = []string{"go_", "process_", "promhttp_"}

const metricsDoc = "../../docs/metrics.md"

const metricsHead = "# Metrics\n\nWhat the services tell Prometheus at `/metrics` of their ops ports. Written by `TestNothingThatIsWatchedIsEmpty` from a store that has\n" +
	"just seen everything; it fails when this page says anything else (`UPDATE=1` writes it again). Durations are in seconds, money in minor\n" +
	"units. Besides these there are `go_*` and `process_*` of [client_golang](https://pkg.go.dev/github.com/prometheus/client_golang/prometheus/collectors).\n" +
	"Histograms have classic and native buckets, and examples (exemplars) with the id of a trace where one was kept.\n"

// documented compares the page of metrics with what there is, and sees that each is on a panel.
func (s *store) documented(t *testing.T) {
	t.Helper()
	all := s.metrics(t)
	delete(all, "octo_certificate_not_after_timestamp_seconds") // octosim has none
	var page strings.Builder
	page.WriteString(metricsHead)
	last := ""
	for _, name := range slices.Sorted(maps.Keys(all)) {
		m := all[name]
		if slices.ContainsFunc(libraries, func(l string) bool { return strings.HasPrefix(name, l) }) {
			continue
		}
		if first, _, _ := strings.Cut(name, "_"); first != last {
			fmt.Fprintf(&page, "\n## %s\n\n| metric | kind | of | meaning |\n|---|---|---|---|\n", first)
			last = first
		}
		by := ""
		if len(m.labels) > 0 {
			by = " by " + strings.Join(m.labels, ", ")
		}
		slices.Sort(m.services)
		fmt.Fprintf(&page, "| `%s` | %s%s | %s | %s |\n", name, m.kind, by, strings.Join(m.services, ", "), m.help)
		for _, service := range m.services {
			if !slices.Contains(observe.Metrics[""], name) && !slices.Contains(observe.Metrics[service], name) {
				t.Errorf("observe.Metrics does not know %s of %s: it is on no panel", name, service)
			}
		}
	}
	page.WriteString("\nThe gauge `octo_certificate_not_after_timestamp_seconds` (order-svc) says when the certificate of the payment provider ends; it is there\n" +
		"once the provider has answered by https.\n")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(metricsDoc, []byte(page.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(metricsDoc)
	if err != nil {
		t.Fatal(err)
	}
	there := strings.Split(page.String(), "\n")
	said := strings.Split(string(want), "\n")
	for _, line := range there {
		if !slices.Contains(said, line) {
			t.Errorf("docs/metrics.md lacks: %s", line)
		}
	}
	for _, line := range said {
		if !slices.Contains(there, line) {
			t.Errorf("docs/metrics.md says of what is not there: %s", line)
		}
	}
}

// counted compares what was counted with what PostgreSQL knows: nothing is forgotten, and nothing counted twice.
func (s *store) counted(t *testing.T) {
	t.Helper()
	for name, query := range map[string]string{
		"orders_entered_total": `SELECT to_status, count(*) FROM orders.order_history GROUP BY 1`,
		"payments_entered_total": `SELECT state, count(*) FROM orders.payments WHERE state = 'paid' GROUP BY 1
			UNION ALL SELECT 'new', count(*) FROM orders.payments`,
		"refunds_entered_total": `SELECT state, count(*) FROM orders.refunds WHERE state IN ('succeeded', 'failed') GROUP BY 1
			UNION ALL SELECT 'new', count(*) FROM orders.refunds`,
		"stock_reservation_events_total": `SELECT 'held', count(*) FROM catalog.reservations WHERE id IN (SELECT reservation_id FROM catalog.reservation_lines)
			UNION ALL SELECT 'sold', count(*) FROM catalog.reservations WHERE state = 'sold'`,
		"orders_pending":                 `SELECT '', count(*) FROM orders.orders WHERE status = 'PENDING'`,
		"stock_reservations_held":        `SELECT '', count(*) FROM catalog.reservations WHERE state = 'held'`,
		"slippers_out_of_stock":          `SELECT '', count(*) FROM catalog.slippers WHERE quantity = 0 AND deleted_at IS NULL`,
		"ledger_unexplained_amount":      `SELECT '', 0::bigint`,
		"stock_imbalances":               `SELECT '', 0::bigint`,
		"stock_oversell_guard_total":     `SELECT '', 0::bigint`,
		"cache_invalidations_waiting":    `SELECT '', 0::bigint`,
		"jobs_oldest_waiting_seconds":    `SELECT '', 0::bigint`,
		"payments_attention":             `SELECT '', 0::bigint`,
		"orders_overdue":                 `SELECT '', 0::bigint`,
		"stock_reservations_overdue":     `SELECT '', 0::bigint`,
		"octo_circuit_open":              `SELECT '', 0::bigint`,
		"cache_invalidations_late_total": `SELECT '', -1::bigint`, // some: Redis was away
	} {
		var wrong string
		eventually(t, name+" is what it should be", func() bool {
			wrong = ""
			values := s.metrics(t)[name].values
			rows, err := s.db.Query(t.Context(), query)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var label string
				var want int64
				if err := rows.Scan(&label, &want); err != nil {
					t.Fatal(err)
				}
				if got := values[label]; got != float64(want) && (want >= 0 || got == 0) {
					wrong = fmt.Sprintf("%s %q is %v, want %d", name, label, got, want)
				}
			}
			return wrong == "" && rows.Err() == nil
		})
	}
}
