package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// runner is a contender that takes part, and what was measured of it, round by round.
type runner struct {
	contender
	*running
	full, steady []sample
}

// edge measures what stands between the world and the store: every contender answers the same bytes.
func edge(ctx context.Context, l *lab) (tables []table, err error) {
	page, err := fetch(ctx, l.store.URL+edgePath)
	if err != nil {
		return nil, err
	}
	file, err := l.write("page.json", string(page.body))
	if err != nil {
		return nil, err
	}
	up, err := origin{}.start(ctx, site{lab: l, page: file})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, up.stop()) }()
	s := site{lab: l, page: file, upstream: up.address(), asked: part{"upstream", up.parts[0].pid}}

	runners, absent, err := s.line(ctx, page.body)
	defer func() {
		for _, r := range runners {
			err = errors.Join(err, r.stop())
		}
	}()
	if err != nil {
		return nil, err
	}
	for round := range l.Rounds {
		l.say("edge, round %d of %d", round+1, l.Rounds)
		for i := range runners { // each round begins with another one
			if err := runners[(i+round)%len(runners)].round(ctx, l); err != nil {
				return nil, err
			}
		}
	}
	return []table{l.edgeTable(runners, absent, len(page.body))}, nil
}

// line starts all contenders that are here, and makes sure that they answer the same. It returns what it started, also
// with an error; absent says of the others why.
func (s site) line(ctx context.Context, page []byte) (runners []*runner, absent map[string]error, err error) {
	absent = map[string]error{}
	for _, c := range contenders {
		r, err := c.start(ctx, s)
		if errors.Is(err, errAbsent) {
			s.say("%s is left out: %v", c.name(), err)
			absent[c.name()] = err
			continue
		}
		if err != nil {
			return runners, absent, fmt.Errorf("starting %s: %w", c.name(), err)
		}
		runners = append(runners, &runner{contender: c, running: r})
		for range 2 { // the second answer of a cache comes from it
			got, err := fetch(ctx, r.url)
			if err == nil && !bytes.Equal(got.body, page) {
				err = errors.New("it answers other bytes than the store")
			}
			if err != nil {
				return runners, absent, fmt.Errorf("warming %s: %w", c.name(), err)
			}
		}
	}
	return runners, absent, nil
}

// address is the host and port of a contender.
func (r *running) address() string { return filepath.Base(r.url[:len(r.url)-len(edgePath)]) }

// round measures once what the contender can do, and once how long it takes when it need not.
func (r *runner) round(ctx context.Context, l *lab) error {
	d := load{base: r.url[:len(r.url)-len(edgePath)], requests: []request{{method: "GET", path: edgePath}}, clients: clients, span: l.span()}
	full, err := during(ctx, r.parts, func() (sample, error) { return d.run(ctx, l) })
	if err != nil {
		return fmt.Errorf("loading %s: %w", r.name(), err)
	}
	calm, err := steady(ctx, l, r.url)
	if err != nil {
		return fmt.Errorf("loading %s steadily: %w", r.name(), err)
	}
	r.full, r.steady = append(r.full, full), append(r.steady, calm)
	return nil
}

// of returns the median of the rates of r, round by round, as parts of those of another.
func (r *runner) of(other *runner) float64 {
	ratios := make([]sample, len(r.full))
	for i, s := range r.full {
		ratios[i].rate = s.rate / other.full[i].rate
	}
	return median(ratios).rate
}
