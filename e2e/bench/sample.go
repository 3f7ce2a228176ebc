package bench

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// sample is one measurement of one server under load.
type sample struct {
	rate           float64 // requests a second
	p50, p99, p999 time.Duration
	failed         float64            // of all requests: an error, a wait that was too long, a status of 400 and more
	cpu            map[string]float64 // microseconds a request, by part
	memory         map[string]float64 // bytes at the end, by part
}

// median returns of each number the one in the middle.
func median(all []sample) sample {
	return sample{
		rate:   middle(all, func(s sample) float64 { return s.rate }),
		p50:    middle(all, func(s sample) time.Duration { return s.p50 }),
		p99:    middle(all, func(s sample) time.Duration { return s.p99 }),
		p999:   middle(all, func(s sample) time.Duration { return s.p999 }),
		failed: middle(all, func(s sample) float64 { return s.failed }),
		cpu:    byPart(all, func(s sample) map[string]float64 { return s.cpu }),
		memory: byPart(all, func(s sample) map[string]float64 { return s.memory }),
	}
}

// middle returns the median of a number; of an even count the lower of two.
func middle[S any, N cmp.Ordered](all []S, of func(S) N) (m N) {
	if len(all) == 0 {
		return m
	}
	values := make([]N, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[(len(values)-1)/2]
}

func byPart(all []sample, of func(sample) map[string]float64) map[string]float64 {
	m := map[string]float64{}
	for _, s := range all {
		for name := range of(s) {
			m[name] = middle(all, func(s sample) float64 { return of(s)[name] })
		}
	}
	return m
}

// during measures what the parts use while load runs.
func during(ctx context.Context, parts []part, load func() (sample, error)) (sample, error) {
	before, err := measure(ctx, parts)
	if err != nil {
		return sample{}, err
	}
	start := time.Now()
	s, err := load()
	if err != nil {
		return s, err
	}
	requests := s.rate * time.Since(start).Seconds()
	after, err := measure(ctx, parts)
	if err != nil {
		return s, err
	}
	s.cpu, s.memory = map[string]float64{}, map[string]float64{}
	for name, u := range after {
		s.memory[name] = u.memory
		if requests > 0 {
			s.cpu[name] = (u.cpu - before[name].cpu) * 1e6 / requests
		}
	}
	return s, nil
}

func perSecond(rate float64) string {
	switch {
	case rate >= 1000:
		return fmt.Sprintf("%d,%03d", int(rate)/1000, int(rate)%1000)
	case rate >= 10:
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.1f", rate)
}

func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

func percent(part float64) string {
	if part == 0 {
		return "0"
	}
	return fmt.Sprintf("%.3g %%", part*100)
}

// parts writes a number of each part, in the order of their names: "gateway 30.1 + Redis 5.2".
func parts(m map[string]float64, format string, unit float64) string {
	if len(m) == 0 {
		return "not available"
	}
	var texts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		texts = append(texts, name+" "+fmt.Sprintf(format, m[name]/unit))
	}
	return strings.Join(texts, " + ")
}
