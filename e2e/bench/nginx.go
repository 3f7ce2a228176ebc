package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nginx is one of its two ways to stand before a store.
type nginx struct {
	title string
	place func(dir string) (http, location string)
}

func (n nginx) name() string { return n.title }

func (n nginx) start(ctx context.Context, s site) (*running, error) {
	program, err := find("nginx", "apt-get install nginx-light, or brew install nginx")
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.dir, "nginx-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for nginx: %w", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // its workers have a user of their own
		return nil, fmt.Errorf("opening the folder of nginx: %w", err)
	}
	name := filepath.Base(dir)
	file, err := s.write(name+".conf", n.config(dir, address, s.upstream))
	if err != nil {
		return nil, err
	}
	return s.proxy(ctx, name, address, exec.Command(program, "-e", "stderr", "-c", file)) //nolint:gosec,noctx // found on the machine; stop ends it
}

// config keeps connections to the upstream open, and writes no log of requests.
func (n nginx) config(dir, address, upstream string) string {
	http, location := n.place(dir)
	var folders strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&folders, "\t%s_temp_path %s;\n", kind, filepath.Join(dir, kind))
	}
	return fmt.Sprintf(`daemon off;
worker_processes auto;
pid %s;
error_log stderr error;
events { worker_connections 1024; }
http {
	access_log off;
	keepalive_requests 1000000000;
%s%s	upstream store { server %s; keepalive 64; keepalive_requests 1000000000; }
	server {
		listen %s;
		location / {
			proxy_pass http://store;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
%s		}
	}
}
`, filepath.Join(dir, "pid"), folders.String(), http, upstream, address, location)
}

func nginxProxy(string) (http, location string) { return "", "" }

// nginxCache limits each address to what nobody reaches: the limit must count, not refuse.
func nginxCache(dir string) (http, location string) {
	http = fmt.Sprintf("\tproxy_cache_path %s keys_zone=pages:10m;\n\tlimit_req_zone $binary_remote_addr zone=visitors:10m rate=1000000r/s;\n",
		filepath.Join(dir, "pages"))
	return http, "\t\t\tproxy_cache pages;\n\t\t\tproxy_cache_valid 200 1h;\n\t\t\tlimit_req zone=visitors burst=1000000 nodelay;\n"
}
