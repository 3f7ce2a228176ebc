package bench

import (
	"context"
	"fmt"
	"os/exec"
)

// caddyModule is built with the Go that builds us.
var caddyModule = module{name: "caddy", path: "github.com/caddyserver/caddy/v2", version: "v2.11.9", pkg: "./cmd/caddy"}

// caddy is Caddy as a plain proxy: it has neither a cache nor a rate limit of its own.
type caddy struct{}

func (caddy) name() string { return "Caddy " + caddyModule.version + ", plain proxy" }

func (c caddy) start(ctx context.Context, s site) (*running, error) {
	program, err := caddyModule.install(ctx, s.Options)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	file, err := s.write("Caddyfile", c.config(address, s.upstream))
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(program, "run", "--adapter", "caddyfile", "--config", file) //nolint:gosec,noctx // we built it; stop ends it
	cmd.Env = append(cmd.Environ(), "XDG_DATA_HOME="+s.dir, "XDG_CONFIG_HOME="+s.dir)
	return s.proxy(ctx, "caddy", address, cmd)
}

func (caddy) config(address, upstream string) string {
	return fmt.Sprintf("{\n\tadmin off\n\tpersist_config off\n\tauto_https off\n}\nhttp://%s {\n\treverse_proxy %s\n}\n", address, upstream)
}
