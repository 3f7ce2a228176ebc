package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one that is sent again and again.
type request struct {
	method, path, body string
	headers            []string // "Name: value"
}

// load is what wrk sends: its requests in turn, over so many connections that stay open.
type load struct {
	base     string // the server's address
	requests []request
	clients  int
	span     time.Duration
}

// patience is what wrk waits for an answer. Above it, the request has failed.
const patience = 10 * time.Second

// run runs wrk.
func (d load) run(ctx context.Context, l *lab) (sample, error) {
	file, err := l.write("load.lua", d.script())
	if err != nil {
		return sample{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.span+2*patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "wrk", //nolint:gosec // all arguments are ours
		"-t"+strconv.Itoa(min(2, d.clients)), "-c"+strconv.Itoa(d.clients), "-d"+strconv.Itoa(int(d.span.Seconds()))+"s",
		"--timeout", strconv.Itoa(int(patience.Seconds()))+"s", "--latency", "-s", file, d.base+d.requests[0].path)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("running wrk: %w\n%s", err, out)
	}
	return parseWrk(out)
}

// script is what wrk runs. One request is fixed, which costs wrk nothing; of several, each of two threads has every
// other one, so that what both send at a time differs.
func (d load) script() string {
	var b strings.Builder
	if first := d.requests[0]; len(d.requests) == 1 {
		fmt.Fprintf(&b, "wrk.method, wrk.body = %q, %q\n", first.method, first.body)
		for _, h := range first.headers {
			name, value, _ := strings.Cut(h, ": ")
			fmt.Fprintf(&b, "wrk.headers[%q] = %q\n", name, value)
		}
	} else {
		b.WriteString("local threads = 0\nfunction setup(thread) thread:set('place', threads); threads = threads + 1 end\n")
		b.WriteString("local all, at = {}, 0\nfunction init()\n")
		for _, r := range d.requests {
			var headers []string
			for _, h := range r.headers {
				name, value, _ := strings.Cut(h, ": ")
				headers = append(headers, fmt.Sprintf("[%q] = %q", name, value))
			}
			fmt.Fprintf(&b, "all[#all + 1] = wrk.format(%q, %q, {%s}, %q)\n", r.method, r.path, strings.Join(headers, ", "), r.body)
		}
		b.WriteString("at = place\nend\nfunction request() local r = all[at + 1]; at = (at + 2) % #all; return r end\n")
	}
	b.WriteString(report)
	return b.String()
}

// report prints what wrk measured, which it otherwise rounds.
const report = `
function done(summary, latency)
	local e = summary.errors
	io.write(string.format('{"requests":%d,"took_us":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d,"failed":%d}\n',
		summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency:percentile(99.9),
		e.connect + e.read + e.write + e.timeout + e.status))
end
`

// parseWrk reads the line of report, which comes last.
func parseWrk(out []byte) (sample, error) {
	var r struct {
		Requests float64 `json:"requests"`
		Took     int64   `json:"took_us"`
		P50      int64   `json:"p50_us"`
		P99      int64   `json:"p99_us"`
		P999     int64   `json:"p999_us"`
		Failed   float64 `json:"failed"`
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	at := slices.IndexFunc(lines, func(line []byte) bool { return bytes.HasPrefix(line, []byte("{")) })
	if at < 0 {
		return sample{}, fmt.Errorf("reading what wrk measured: there is none in\n%s", out)
	}
	if err := json.Unmarshal(lines[at], &r); err != nil {
		return sample{}, fmt.Errorf("reading what wrk measured: %w", err)
	}
	if r.Requests == 0 || r.Took == 0 {
		return sample{failed: 1}, nil
	}
	us := func(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
	return sample{
		rate: r.Requests / us(r.Took).Seconds(), p50: us(r.P50), p99: us(r.P99), p999: us(r.P999),
		failed: r.Failed / r.Requests,
	}, nil
}
