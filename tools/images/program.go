package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// program is what becomes an image.
type program struct {
	name, folder, title string
	ports               []string
}

var service = []string{"8080/tcp", "9090/tcp"}

var programs = []program{
	{"gateway", "./gateway", "the way in", service},
	{"catalog-svc", "./catalog-svc", "categories, slippers, images and stock", service},
	{"order-svc", "./order-svc", "carts, orders and payments", service},
	{"auth-svc", "./auth-svc", "users, sessions and keys", service},
	{"migrate", "./migrations/cmd/migrate", "brings the database to the newest schema", nil},
	{"smoke", "./e2e/cmd/smoke", "places an order and cancels it, as `helm test`", nil},
	{"octosim", "./e2e/cmd/octosim", "a simulated payment provider, for tests", []string{"8090/tcp"}},
}

// source is a state of the repository.
type source struct {
	root, version, revision, overlay string
	created                          time.Time
}

// commit returns the commit that is built and its time, which is that of the images: the same source gives the same bits.
func (s source) commit(ctx context.Context) (revision string, created time.Time) {
	out, err := exec.CommandContext(ctx, "git", "-C", s.root, "log", "-1", "--format=%H %ct").Output() //nolint:gosec // the caller's own folder
	if err != nil {
		return "unknown", time.Unix(0, 0).UTC() // an exported tree
	}
	revision, at, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil {
		return revision, time.Unix(0, 0).UTC()
	}
	return revision, time.Unix(seconds, 0).UTC()
}

// build builds every program for an architecture into dir.
func (s source) build(ctx context.Context, arch, dir string) error {
	args := []string{
		// The time zones come along. grpc's own traces, which nobody looks at, do not: their templates call methods by name,
		// for which the linker keeps every method of every type, a third of each program.
		"build", "-trimpath", "-buildvcs=false", "-tags=timetzdata,grpcnotrace",
		"-ldflags=-s -w -buildid= -X main.version=" + s.version, "-o", dir + string(filepath.Separator),
	}
	if s.overlay != "" {
		args = append(args, "-overlay", s.overlay)
	}
	for _, p := range programs {
		args = append(args, p.folder)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // our own programs
	cmd.Dir, cmd.Stderr = s.root, os.Stderr
	// Nothing that the caller has set may change a bit.
	cmd.Env = append(os.Environ(), "GOWORK="+filepath.Join(s.root, "go.work"), "GOFLAGS=", "GOEXPERIMENT=", "CGO_ENABLED=0",
		"GOOS=linux", "GOARCH="+arch, "GOAMD64=v1", "GOARM64=v8.0")
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building for %s: %w", arch, err)
	}
	return nil
}
