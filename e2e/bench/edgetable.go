package bench

import "fmt"

// edgeTable shows the runners, and those who are absent with the reason.
func (l *lab) edgeTable(runners []*runner, absent map[string]error, bytes int) table {
	t := table{
		title: "The edge",
		notes: []string{
			fmt.Sprintf("`GET %s` of %d bytes, %d connections that stay open, wrk on the same cores; contenders interleaved, medians of %d rounds of %d s. "+
				"The last latency is at a steady %s requests a second, from h2load.", edgePath, bytes, clients, l.Rounds, l.Seconds, perSecond(steadyRate)),
			"CPU is microseconds of processor for one request, by process; memory is what is resident afterwards. `upstream` is the bare net/http server that proxies ask. " +
				"The gateway also checks the limit in Redis, counts, and logs each request; of the others only the last Traefik writes a line for one.",
		},
		head: []string{"contender", "requests/s", "of bare net/http", "p50 ms", "p99 ms", "p99.9 ms", "p99 ms at " + perSecond(steadyRate) + "/s", "failed", "CPU us", "memory MB", "must reach"},
	}
	byName := map[string]*runner{}
	for _, r := range runners {
		byName[r.name()] = r
	}
	l.numbers.edge(byName)
	for _, c := range contenders {
		r, here := byName[c.name()]
		must := l.numbers.judge(rivals[c.name()])
		if !here {
			t.add(c.name(), "not installed", "-", "-", "-", "-", "-", "-", "-", "-", must)
			t.notes = append(t.notes, fmt.Sprintf("%s was left out: %v.", c.name(), absent[c.name()]))
			continue
		}
		if r.note != "" {
			t.notes = append(t.notes, fmt.Sprintf("%s: %s.", c.name(), r.note))
		}
		m, calm := median(r.full), median(r.steady)
		t.add(c.name(), perSecond(m.rate), fmt.Sprintf("%.2f", r.of(byName[bareName])), millis(m.p50), millis(m.p99), millis(m.p999),
			calm.steadyP99(), percent(m.failed), parts(m.cpu, "%.1f", 1), parts(m.memory, "%.0f", 1<<20), must)
	}
	return t
}

// kept says whether the steady load was what it should have been: a busy machine also slows its sender down.
func (s sample) kept() bool { return s.rate >= .95*steadyRate }

func (s sample) steadyP99() string {
	if !s.kept() {
		return fmt.Sprintf("%s (only %s/s were sent)", millis(s.p99), perSecond(s.rate))
	}
	return millis(s.p99)
}

// rivals are the keys of the goals, by the contender that a goal is about.
var rivals = map[string]string{
	bareName: "edge/of-bare", proxyName: "edge/of-nginx", limiterName: "edge/of-traefik", ours{}.name(): "edge/p99",
}

// edge notes what goals are about.
func (n numbers) edge(byName map[string]*runner) {
	our, here := byName[ours{}.name()]
	if !here || our.note != "" {
		return // nothing came from the edge
	}
	for _, name := range []string{bareName, proxyName, limiterName} {
		if rival, here := byName[name]; here {
			n[rivals[name]] = our.of(rival)
		}
	}
	if calm := median(our.steady); calm.kept() {
		n[rivals[our.name()]] = ms(calm.p99)
	}
}
