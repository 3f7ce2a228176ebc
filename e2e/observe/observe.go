// Package observe says what is watched while the store runs: objectives, alerts and dashboards, as data. `go generate` writes
// them as files of the chart; tests, and whoever draws the dashboards elsewhere, go over the same data.
//
// It knows names of metrics and nothing of the code that counts. Metrics lists those names, and a test refuses others.
package observe

import (
	"strconv"
	"time"
)

//go:generate go run ./generate ../../charts/slippers/files

// Services are the values of the label service, which the scrape gives each series.
var Services = []string{"gateway", "catalog-svc", "order-svc", "auth-svc"}

// ours selects the series of our own processes.
var ours = `service=~"` + allOf("service") + `"`

// windowText writes a duration as PromQL does, in the largest unit that is whole.
func windowText(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	case d%time.Hour == 0:
		return strconv.Itoa(int(d/time.Hour)) + "h"
	default:
		return strconv.Itoa(int(d/time.Minute)) + "m"
	}
}

func number(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
