package bench

import (
	"context"
	"fmt"
	"os/exec"
)

// haproxy is HAProxy with its cache, and a stick table that counts the requests of each address.
type haproxy struct{}

func (haproxy) name() string { return "HAProxy, cache + stick table (per node)" }

func (h haproxy) start(ctx context.Context, s site) (*running, error) {
	program, err := find("haproxy", "apt-get install haproxy, or brew install haproxy")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file, err := s.write("haproxy.cfg", h.config(address, s.upstream))
	if err != nil {
		return nil, err
	}
	return s.proxy(ctx, "haproxy", address, exec.Command(program, "-db", "-f", file)) //nolint:gosec,noctx // found on the machine; stop ends it
}

func (haproxy) config(address, upstream string) string {
	return fmt.Sprintf(`global
	maxconn 1024
defaults
	mode http
	timeout connect 5s
	timeout client 60s
	timeout server 60s
cache pages
	total-max-size 64
	max-object-size 1000000
	max-age 300
frontend edge
	bind %s
	stick-table type ip size 100k expire 60s store http_req_rate(60s)
	http-request track-sc0 src
	http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1000000000 }
	http-request cache-use pages
	http-response cache-store pages
	default_backend store
backend store
	server origin %s
`, address, upstream)
}
