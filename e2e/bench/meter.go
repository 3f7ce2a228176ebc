package bench

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/shirou/gopsutil/v4/process"
)

// part is a process of a server. Its children count with it.
type part struct {
	name string
	pid  int
}

// usage is what the parts of a server have used until now, by name.
type usage map[string]struct {
	cpu    float64 // seconds
	memory float64 // bytes resident now; what children share counts for each
}

// measure looks at the parts.
func measure(ctx context.Context, parts []part) (usage, error) {
	u := usage{}
	for _, p := range parts {
		root, err := process.NewProcessWithContext(ctx, int32(p.pid)) //nolint:gosec // a process id fits
		if err != nil {
			return nil, fmt.Errorf("looking at %s: %w", p.name, err)
		}
		sum := u[p.name]
		children, _ := root.ChildrenWithContext(ctx) // an error says that there are none
		for _, one := range append([]*process.Process{root}, children...) {
			t, timeErr := one.TimesWithContext(ctx)
			m, memoryErr := one.MemoryInfoWithContext(ctx)
			if timeErr != nil || memoryErr != nil {
				continue // a child that has just ended
			}
			sum.cpu += t.User + t.System
			sum.memory += float64(m.RSS)
		}
		u[p.name] = sum
	}
	return u, nil
}

// serverParts finds the processes of PostgreSQL and Redis. One in a container has a number of another world: it is left out.
func (l *lab) serverParts(ctx context.Context) ([]part, error) {
	server, err := l.redis.Info(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("measuring needs a real Redis, and this one (%s) does not say what it is: %w", l.servers.Redis.From, err)
	}
	var parts []part
	var pid int
	if _, err := fmt.Sscan(field(server, "process_id"), &pid); err == nil && isCalled(ctx, pid, "redis", "valkey") {
		parts = append(parts, part{"Redis", pid})
	}
	db, err := pgx.Connect(ctx, l.servers.Postgres.URL)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer db.Close(ctx)
	if backend, err := process.NewProcessWithContext(ctx, int32(db.PgConn().PID())); err == nil { //nolint:gosec // a process id fits
		if parent, err := backend.PpidWithContext(ctx); err == nil && isCalled(ctx, int(parent), "postgres") {
			parts = append(parts, part{"PostgreSQL", int(parent)})
		}
	}
	return parts, nil
}

// server returns the parts of that name: one or none.
func (l *lab) server(name string) []part {
	return slices.DeleteFunc(slices.Clone(l.parts), func(p part) bool { return p.name != name })
}

// field returns the value of a line "name:value".
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

func isCalled(ctx context.Context, pid int, names ...string) bool {
	p, err := process.NewProcessWithContext(ctx, int32(pid)) //nolint:gosec // a process id fits
	if err != nil {
		return false
	}
	name, err := p.NameWithContext(ctx)
	return err == nil && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(name, n) })
}
