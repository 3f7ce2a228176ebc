package main

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"
)

// Who does not bring a body in time, or breaks off, hears of it. No service is blamed: strangers could sound its alarm.
func TestASlowClientIsNoFailureOfAService(t *testing.T) {
	t.Parallel()
	s := open(t, func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		func(c *config) { c.UpstreamTimeout = 300 * time.Millisecond })
	addr := s.listen(t, time.Minute) // the server's own patience does not help
	const head = "POST /auth/login HTTP/1.1\r\nHost: a\r\n"
	for raw, status := range map[string]int{
		head + "Content-Length: 10\r\n\r\n{":                  408,
		head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n": 408,
		head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n":     400,
	} {
		if got := say(t, addr, raw); got.status != status {
			t.Errorf("%q: %d %s, want %d", raw, got.status, got.body, status)
		}
	}
	if n := s.metric(t, "http_client_failures_total"); n != 0 {
		t.Errorf("%v failures of a service", n)
	}
}

// Who has brought all of it waits for the service, and that is to blame.
func TestASlowServiceIsNoFailureOfAClient(t *testing.T) {
	t.Parallel()
	ended, end := context.WithCancel(t.Context())
	s := open(t, func(http.ResponseWriter, *http.Request) { <-ended.Done() }, func(c *config) { c.UpstreamTimeout = 300 * time.Millisecond })
	defer end()
	addr := s.listen(t, time.Minute)
	got := say(t, addr, "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
	got.is(t, http.StatusGatewayTimeout, "service-timeout")
	if n := s.metric(t, "http_client_failures_total"); n != 1 {
		t.Errorf("%v failures of a service, want 1", n)
	}
}
