package bench

import (
	"fmt"
	"strings"
	"time"
)

// originalTables show the rows beside the original's figures, and what they cost.
func (l *lab) originalTables(all []*endpoint) []table {
	t := table{
		title: "Beside the original",
		notes: []string{
			fmt.Sprintf("Through the gateway, medians of %d rounds of %d s under 1, 32 and 64 clients. \"Uncached\" goes straight to catalog-svc, which has no cache. "+
				"Each of %d customers has a cart of %d slippers of their own; every order is a new one, kept by a PostgreSQL that waits for its disk.", l.Rounds, l.Seconds, clients, cartLines),
			figuresSource,
			"Login is slow on purpose: ours hashes the password with bcrypt, the original compared plain text. It is here for completeness, and \"failed\" may be waits that were too long.",
		},
		head: []string{
			"endpoint", "1 client: p50 ms", "32 clients: requests/s, p50 ms", "64 clients: requests/s, p50 ms, p99 ms, p99.9 ms", "failed at 64",
			"original, 1", "original, 32", "original, 64", "times the original's rate at 64", "must reach",
		},
	}
	costs := table{
		title: "What the endpoints cost",
		notes: []string{"Microseconds of processor for one request under 64 clients, by process. A part that took none is left out."},
		head:  []string{"endpoint", "CPU us"},
	}
	for _, e := range all {
		one, some, many := median(e.samples[1]), median(e.samples[32]), median(e.samples[64])
		times := many.rate / e.then.rate64
		key := "original/" + e.key + "/"
		if e.note == "" {
			l.numbers[key+"rate"], l.numbers[key+"p50"] = times, ms(one.p50)
		}
		t.add(e.name+e.note, one.latency(one.p50), perSecond(some.rate)+", "+some.latency(some.p50),
			perSecond(many.rate)+", "+many.latency(many.p50, many.p99, many.p999), percent(many.failed),
			figureMS(e.then.p50One), perSecond(e.then.rate32)+", "+figureMS(e.then.p5032),
			perSecond(e.then.rate64)+", "+figureMS(e.then.p5064)+", "+figureMS(e.then.p9964),
			fmt.Sprintf("%.1f", times), l.numbers.judge(key))
		for name, us := range many.cpu {
			if us < .05 {
				delete(many.cpu, name)
			}
		}
		costs.add(e.name, parts(many.cpu, "%.1f", 1))
	}
	return []table{t, costs}
}

// latency writes percentiles, of which there are none where nothing was answered.
func (s sample) latency(percentiles ...time.Duration) string {
	texts := make([]string, len(percentiles))
	for i, p := range percentiles {
		if texts[i] = millis(p); s.rate == 0 {
			texts[i] = "-"
		}
	}
	return strings.Join(texts, ", ")
}

func figureMS(ms float64) string { return millis(time.Duration(ms * float64(time.Millisecond))) }
