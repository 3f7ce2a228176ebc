package bench

import (
	"context"
	"errors"
	"os/exec"
)

// contender is a server that answers the page of the edge.
type contender interface {
	// name is what the table calls it.
	name() string

	// start starts it. Where this machine does not have it, the error is errAbsent, wrapped with how to get it.
	start(ctx context.Context, s site) (*running, error)
}

// running is a contender that answers.
type running struct {
	url   string // of the page
	parts []part
	note  string // what a reader must know about it
	stop  func() error
}

// site is what contenders are started on.
type site struct {
	*lab

	page     string // the file of the bytes that all answer
	upstream string // the address of the server that proxies ask
	asked    part   // its process
}

// errAbsent says that this machine does not have a contender.
var errAbsent = errors.New("not installed")

// The names of those who goals compare the gateway with. The others are compared with the bare one too.
const (
	bareName    = "bare net/http, bytes from memory"
	proxyName   = "nginx, plain proxy"
	limiterName = "Traefik " + traefikVersion + ", rate limit in Redis"
)

// contenders are all of them, in the order of the table.
var contenders = []contender{
	origin{bareName, ""},
	origin{"bare Echo, bytes from memory", "echo"},
	ours{},
	nginx{"nginx, proxy_cache + limit_req (per node)", nginxCache},
	nginx{proxyName, nginxProxy},
	haproxy{},
	caddy{},
	traefik{title: "Traefik " + traefikVersion + ", plain proxy"},
	traefik{title: limiterName, limited: true},
	traefik{title: limiterName + ", a line for each request", limited: true, logs: true},
}

// host starts a program as a contender on an address that it has been told.
func (s site) host(ctx context.Context, file, address string, cmd *exec.Cmd) (*running, error) {
	r := &running{url: "http://" + address + edgePath}
	p, err := s.launch(ctx, file, r.url, cmd)
	if err != nil {
		return nil, err
	}
	r.parts, r.stop = []part{{p.Name(), p.PID()}}, p.Stop
	return r, nil
}

// proxy is host for a program that asks the upstream.
func (s site) proxy(ctx context.Context, file, address string, cmd *exec.Cmd) (*running, error) {
	r, err := s.host(ctx, file, address, cmd)
	if err == nil {
		r.parts = append(r.parts, s.asked)
	}
	return r, err
}
