package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// steady measures the latency of one page under a steady load from h2load. It is C, and takes 43 us of processor for a request where
// a client in Go takes 127 and has its own waits in the figure.
//
// Connections open two in a millisecond, and each asks at even intervals from then on. One that still waits for an answer asks late:
// should that be many, the rate tells.
func steady(ctx context.Context, l *lab, url string) (sample, error) {
	file := filepath.Join(l.dir, "steady.log")
	if err := os.RemoveAll(file); err != nil { // h2load would add to it
		return sample{}, fmt.Errorf("removing the last load's log: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, l.span()+2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "h2load", //nolint:gosec // all arguments are ours
		"--h1", "-t1", "-c"+strconv.Itoa(clients), "-n"+strconv.Itoa(int(steadyRate*l.span().Seconds())), "-r2", "--rate-period=1ms",
		"--rps="+strconv.FormatFloat(float64(steadyRate)/clients, 'f', -1, 64), "--log-file="+file, url)
	if out, err := cmd.CombinedOutput(); err != nil {
		return sample{}, fmt.Errorf("running h2load: %w\n%s", err, out)
	}
	log, err := os.Open(file) //nolint:gosec // our own folder
	if err != nil {
		return sample{}, fmt.Errorf("reading what h2load measured: %w", err)
	}
	defer log.Close()
	return parseH2load(log)
}

// parseH2load reads the log of h2load: a line for each answer, with when it was asked for, its status (-1 is none) and what it
// took, times in microseconds.
func parseH2load(log io.Reader) (sample, error) {
	var took []time.Duration
	var failed float64
	var first, last int64
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		var began, us int64
		var status int
		if _, err := fmt.Sscanf(lines.Text(), "%d\t%d\t%d", &began, &status, &us); err != nil {
			return sample{}, fmt.Errorf("reading what h2load measured: %w: %q", err, lines.Text())
		}
		if len(took) == 0 {
			first = began
		}
		first, last = min(first, began), max(last, began)
		took = append(took, time.Duration(us)*time.Microsecond)
		if status != http.StatusOK {
			failed++
		}
	}
	if err := lines.Err(); err != nil {
		return sample{}, fmt.Errorf("reading what h2load measured: %w", err)
	}
	if first == last {
		return sample{}, fmt.Errorf("reading what h2load measured: it has %d answers of one moment", len(took))
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
	span := time.Duration(last-first) * time.Microsecond
	return sample{
		rate: float64(len(took)-1) / span.Seconds(), p50: at(.5), p99: at(.99), p999: at(.999), failed: failed / float64(len(took)),
	}, nil
}
