package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"

	"github.com/redis/go-redis/v9"
)

// traefikVersion is the last whose module is whole: later ones replace a module by a folder that their download lacks.
const traefikVersion = "v3.6.12"

// traefikModule is built with the Go that builds us.
var traefikModule = module{name: "traefik", path: "github.com/traefik/traefik/v3", version: traefikVersion, pkg: "./cmd/traefik"}

// traefik is Traefik, alone or with its rate limit in our Redis. It has no cache.
type traefik struct {
	title   string
	limited bool
	logs    bool // each request, as our gateway does
}

func (t traefik) name() string { return t.title }

func (t traefik) start(ctx context.Context, s site) (*running, error) {
	program, err := traefikModule.install(ctx, s.Options)
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	name := "traefik"
	var limit *redis.Options
	if t.limited {
		name, limit = "traefik-limited", s.redis.Options()
	}
	rules, err := t.rules(s.upstream, limit)
	if err != nil {
		return nil, err
	}
	file, err := s.write(name+".yaml", rules)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--entrypoints.web.address=" + address, "--providers.file.filename=" + file, "--log.level=ERROR",
		"--global.checknewversion=false", "--global.sendanonymoususage=false",
	}
	if t.logs {
		name += "-logs"
		args = append(args, "--accesslog.format=json", "--accesslog.bufferingsize=1000", "--accesslog.fields.defaultmode=drop")
		for _, field := range []string{"RequestMethod", "RouterName", "DownstreamStatus", "DownstreamContentSize", "Duration"} {
			args = append(args, "--accesslog.fields.names."+field+"=keep")
		}
	}
	r, err := s.proxy(ctx, name, address, exec.Command(program, args...)) //nolint:gosec,noctx // we built it; stop ends it
	if err == nil && t.limited {
		r.parts = append(r.parts, s.server("Redis")...)
	}
	return r, err
}

// rules is Traefik's dynamic configuration: JSON, which is YAML too.
func (t traefik) rules(upstream string, limit *redis.Options) (string, error) {
	type object = map[string]any
	router := object{"rule": "PathPrefix(`/`)", "service": "store", "entryPoints": []string{"web"}}
	config := object{
		"routers":  object{"all": router},
		"services": object{"store": object{"loadBalancer": object{"servers": []object{{"url": "http://" + upstream}}}}},
	}
	if limit != nil {
		const nobodyReaches = 1_000_000
		router["middlewares"] = []string{"limit"}
		config["middlewares"] = object{"limit": object{"rateLimit": object{
			"average": nobodyReaches, "burst": nobodyReaches,
			"redis": object{"endpoints": []string{limit.Addr}, "username": limit.Username, "password": limit.Password, "db": limit.DB},
		}}}
	}
	b, err := json.Marshal(object{"http": config})
	if err != nil {
		return "", fmt.Errorf("writing the rules of Traefik: %w", err)
	}
	return string(b), nil
}
