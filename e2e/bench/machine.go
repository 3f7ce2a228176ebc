package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"
)

// fact is a line about the machine.
type fact struct{ name, value string }

// machine says what was measured on.
func (l *lab) machine(ctx context.Context) ([]fact, error) {
	db, err := pgx.Connect(ctx, l.servers.Postgres.URL)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	defer db.Close(ctx)
	var postgres string
	const about = `SELECT format('%s, fsync=%s, synchronous_commit=%s, full_page_writes=%s', current_setting('server_version'),
		current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'))`
	if err := db.QueryRow(ctx, about).Scan(&postgres); err != nil {
		return nil, fmt.Errorf("asking PostgreSQL for its settings: %w", err)
	}
	server, err := l.redis.Info(ctx, "server").Result()
	if err != nil {
		return nil, fmt.Errorf("asking Redis for its version: %w", err)
	}
	return []fact{
		{"processor", fmt.Sprintf("%s, %d cores", processor(ctx), runtime.NumCPU())},
		{"memory", memory(ctx)},
		{"system", system(ctx)},
		{"Go", runtime.Version()},
		{"PostgreSQL", postgres},
		{"Redis", field(server, "redis_version") + ", nothing saved to disk"},
		{"Caddy, Traefik", caddyModule.version + ", " + traefikModule.version + ", where they are in a table"},
		{"nginx", version(ctx, "nginx", "-v")},
		{"HAProxy", version(ctx, "haproxy", "-v")},
		{"wrk, h2load", version(ctx, "wrk", "-v") + ", " + version(ctx, "h2load", "--version")},
		{"revision", revision(ctx)},
		{"settings of the store", "`" + strings.Join(settings, "` `") + "`"},
		{"the store", fmt.Sprintf("%d slippers with 3 images each, %d users, %d orders", size.Slippers, size.Users, size.Orders)},
	}, nil
}

func processor(ctx context.Context) string {
	all, err := cpu.InfoWithContext(ctx)
	if err != nil || len(all) == 0 {
		return "unknown"
	}
	return strings.TrimSpace(all[0].ModelName)
}

func memory(ctx context.Context) string {
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%.0f GiB", float64(m.Total)/(1<<30))
}

func system(ctx context.Context) string {
	h, err := host.InfoWithContext(ctx)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%s %s, kernel %s, %s", h.Platform, h.PlatformVersion, h.KernelVersion, h.KernelArch)
}

var number = regexp.MustCompile(`\d+\.\d+[\w.+-]*`)

// version asks a program, which may answer on either stream and with an error.
func version(ctx context.Context, program, flag string) string {
	path, err := find(program, "")
	if err != nil {
		return "not installed"
	}
	out, _ := exec.CommandContext(ctx, path, flag).CombinedOutput() //nolint:gosec // found on the machine
	if n := number.Find(out); n != nil {
		return string(n)
	}
	return "unknown"
}

func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return string(bytes.TrimSpace(out))
}

// document is the whole file.
func document(o Options, now time.Time, machine []fact, tables []table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Benchmarks\n\nWritten by `make bench` on %s (`%s`). Do not edit: run it again.\n\n", now.UTC().Format(time.DateOnly), o.command())
	b.WriteString("Load and servers share one machine, so numbers of one run compare with each other and with no other run. Take the ratios.\n\n")
	t := table{title: "The machine", head: []string{"what", "which"}}
	for _, f := range machine {
		t.add(f.name, f.value)
	}
	for _, one := range append([]table{t}, tables...) {
		b.WriteString(one.String() + "\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}
