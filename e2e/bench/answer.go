package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// answer is what a server said.
type answer struct {
	status int
	header http.Header
	body   []byte
	took   time.Duration
}

var client = &http.Client{
	Timeout:       3 * patience, // hashing a password takes its time when many do it
	Transport:     &http.Transport{MaxIdleConnsPerHost: clients},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// send sends a request once, and returns whatever was answered.
func send(ctx context.Context, base string, r request) (a answer, err error) {
	req, err := http.NewRequestWithContext(ctx, r.method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		return a, fmt.Errorf("making a request: %w", err)
	}
	for _, h := range r.headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	start := time.Now()
	res, err := client.Do(req)
	if err != nil {
		return a, fmt.Errorf("asking for %s: %w", r.path, err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return a, fmt.Errorf("reading the answer to %s: %w", r.path, err)
	}
	return answer{res.StatusCode, res.Header, body, time.Since(start)}, nil
}

// must is send for a request that has to succeed.
func must(ctx context.Context, base string, r request) (answer, error) {
	a, err := send(ctx, base, r)
	if err == nil && a.status >= http.StatusMultipleChoices {
		err = fmt.Errorf("asking for %s %s: it answered %d %.200s", r.method, r.path, a.status, a.body)
	}
	return a, err
}

// fetch gets a page.
func fetch(ctx context.Context, url string) (answer, error) {
	return must(ctx, url, request{method: http.MethodGet})
}
