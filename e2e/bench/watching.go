package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const watchingNote = "Edge hits, as above, of two gateways that differ in what is seen of them: one writes no line for a request, makes no trace and is never scraped; " +
	"the other writes each line, keeps one trace in a hundred and sends it to a collector, and is scraped each second. Both count their metrics, which cannot be turned off. " +
	"They take turns to be first, and three times as often as others, since the difference is as small as the noise; the verdict is on the median of the ratios."

// pairs is how often both are measured in a round.
const pairs = 3

// watching measures what it costs to be seen: it is no use to be fast and blind.
func watching(ctx context.Context, l *lab) (_ []table, err error) {
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer sink.Close()
	blind, stopBlind, err := l.gateway(ctx, "LOG_LEVEL=error")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stopBlind()) }()
	seen, stopSeen, err := l.gateway(ctx, "OTEL_EXPORTER_OTLP_ENDPOINT="+sink.URL, "OTEL_TRACES_SAMPLER=parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG=0.01")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stopSeen()) }()
	scraping, stop := context.WithCancel(ctx)
	defer stop()
	go scrape(scraping, seen.ops)

	var off, on, ratios []sample
	for round := range pairs * l.Rounds {
		l.say("watching, round %d of %d", round+1, pairs*l.Rounds)
		turns := []another{blind, seen}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		samples := map[string]sample{}
		for _, a := range turns {
			if samples[a.url], err = l.edgeHits(ctx, a); err != nil {
				return nil, err
			}
		}
		one, other := samples[blind.url], samples[seen.url]
		off, on, ratios = append(off, one), append(on, other), append(ratios, sample{rate: other.rate / one.rate})
	}
	l.numbers["watching/cost"] = median(ratios).rate
	t := table{title: "What it costs to be seen", notes: []string{watchingNote}, head: []string{"gateway", "requests/s", "p50 ms", "p99 ms", "CPU us", "must reach"}}
	for _, row := range []struct {
		name, judged string
		sample
	}{{"without lines, traces and scraping", "", median(off)}, {"with them", l.numbers.judge("watching/"), median(on)}} {
		t.add(row.name, perSecond(row.rate), millis(row.p50), millis(row.p99), parts(row.cpu, "%.1f", 1), row.judged)
	}
	return []table{t}, nil
}

// another is a gateway beside that of the store.
type another struct {
	url, ops string
	part
}

// gateway starts one with further variables, and lets it see the page once.
func (l *lab) gateway(ctx context.Context, env ...string) (another, func() error, error) {
	api, apiErr := freeAddress()
	ops, opsErr := freeAddress()
	own, err := l.shop.Environment("gateway")
	if err := errors.Join(apiErr, opsErr, err); err != nil {
		return another{}, nil, err
	}
	cmd := exec.Command(filepath.Join(l.bin(), "gateway")) //nolint:gosec,noctx // our own program; stop ends it
	cmd.Env = append(append(append(os.Environ(), own...), "HTTP_ADDR="+api, "OPS_ADDR="+ops), env...)
	a := another{url: "http://" + api, ops: "http://" + ops}
	p, err := l.launch(ctx, "gateway-"+api, a.url+edgePath, cmd)
	if err != nil {
		return a, nil, err
	}
	a.part = part{"gateway", p.PID()}
	return a, p.Stop, nil
}

func (l *lab) edgeHits(ctx context.Context, a another) (sample, error) {
	d := load{base: a.url, requests: []request{{method: http.MethodGet, path: edgePath}}, clients: clients, span: l.span()}
	s, err := during(ctx, append([]part{a.part}, l.server("Redis")...), func() (sample, error) { return d.run(ctx, l) })
	if err != nil {
		return s, fmt.Errorf("loading a gateway: %w", err)
	}
	return s, nil
}

// scrape asks for metrics each second, as Prometheus would at its most curious.
func scrape(ctx context.Context, ops string) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_, _ = fetch(ctx, ops+"/metrics") // what fails is scraped again
		}
	}
}
