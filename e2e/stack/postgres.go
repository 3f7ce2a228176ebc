package stack

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/e2e/process"
)

// settings are for every PostgreSQL that we start. Its connections are enough for the tests of all packages at once.
var settings = []string{"max_connections=300", "jit=off"}

// forgetful makes a PostgreSQL fast whose data nobody needs after it.
var forgetful = []string{"fsync=off", "synchronous_commit=off", "full_page_writes=off"}

// flags returns the settings as arguments.
func (o Options) flags(more ...string) []string {
	var args []string
	for _, s := range slices.Concat(settings, more) {
		args = append(args, "-c", s)
	}
	if o.Keep {
		return args
	}
	for _, s := range forgetful {
		args = append(args, "-c", s)
	}
	return args
}

// localPostgres starts a PostgreSQL with programs of the machine, which Debian keeps out of PATH.
func localPostgres(ctx context.Context, o Options) (*Server, error) {
	dir := filepath.Join(o.Dir, "postgres")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	data, log := filepath.Join(dir, "data"), filepath.Join(dir, "log")
	program, err := programFor(data)
	if err != nil {
		return nil, err
	}
	attr, err := notRoot(dir)
	if err != nil {
		return nil, err
	}
	password, err := cluster(ctx, filepath.Join(filepath.Dir(program), "initdb"), data, attr)
	if err != nil {
		return nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	out, err := os.Create(log) //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("making the log of PostgreSQL: %w", err)
	}
	defer out.Close()
	counting := o.statementsOf(program)
	cmd := exec.Command(program, append([]string{"-D", data, "-p", strconv.Itoa(port)}, //nolint:gosec,noctx // found above; stopped by Stop
		o.flags(append(counting, "listen_addresses=127.0.0.1", "unix_socket_directories=")...)...)...)
	cmd.Stdout, cmd.Stderr, cmd.Dir, cmd.SysProcAttr = out, out, "/", attr
	p, err := process.Start(cmd, syscall.SIGINT) // a fast shutdown, in PostgreSQL's words
	if err != nil {
		return nil, err
	}
	s := &Server{URL: postgresURL(password, "127.0.0.1", port), From: program, stop: p.Stop, ended: p.Ended()}
	if err := p.Answers(ctx, postgresAnswers(s.URL)); err != nil {
		return nil, errors.Join(withLog(err, log), p.Stop())
	}
	if len(counting) > 0 {
		return s.extend(ctx)
	}
	return s, nil
}

// programFor returns the newest PostgreSQL of the machine, or for data that are there already one of their version.
func programFor(data string) (string, error) {
	folders := newestFirst("/usr/lib/postgresql/*/bin")
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION")) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		if program, ok := find(folders, "postgres"); ok {
			return filepath.EvalSymlinks(program) // initdb is beside the real one
		}
		return "", fmt.Errorf("%w: no postgres on PATH or in /usr/lib/postgresql", errAbsent)
	}
	if err != nil {
		return "", fmt.Errorf("reading the version of the data: %w", err)
	}
	want := strings.TrimSpace(string(b))
	if program, ok := find([]string{"/usr/lib/postgresql/" + want + "/bin"}, "postgres"); ok && majorOf(program) == want {
		return program, nil
	}
	return "", fmt.Errorf("the data in %s need PostgreSQL %s, which is not on this machine: install it, or start over with `rm -rf %s`", data, want, data)
}

// majorOf returns the version of a program: "postgres (PostgreSQL) 15.9 (Debian ...)" is "15".
func majorOf(program string) string {
	b, err := exec.Command(program, "--version").Output() //nolint:noctx // it only prints
	if fields := bytes.Fields(b); err == nil && len(fields) > 2 {
		major, _, _ := strings.Cut(string(fields[2]), ".")
		return major
	}
	return ""
}

// cluster returns the superuser's password of the cluster in data, and makes it at the first time: whole, or not at all.
func cluster(ctx context.Context, initdb, data string, attr *syscall.SysProcAttr) (string, error) {
	file, fresh := data+".password", data+".new"
	if b, err := os.ReadFile(file); err == nil { //nolint:gosec // our own folder
		if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
			return string(b), nil
		}
	}
	password := rand.Text()
	if err := errors.Join(os.RemoveAll(fresh), os.RemoveAll(data), os.WriteFile(file, []byte(password), 0o600)); err != nil {
		return "", fmt.Errorf("preparing the folder of PostgreSQL: %w", err)
	}
	if attr.Credential != nil {
		if err := os.Chown(file, int(attr.Credential.Uid), int(attr.Credential.Gid)); err != nil {
			return "", fmt.Errorf("giving PostgreSQL its password: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", fresh, "-U", "postgres", "--pwfile="+file, //nolint:gosec // found on the machine
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = "/", attr
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("making a cluster with %s: %w\n%s", initdb, err, out)
	}
	if err := os.Rename(fresh, data); err != nil {
		return "", fmt.Errorf("keeping the new cluster: %w", err)
	}
	return password, nil
}

func postgresURL(password, host string, port int) string {
	return fmt.Sprintf("postgres://postgres:%s@%s:%d/postgres?sslmode=disable", password, host, port)
}

func postgresAnswers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return fmt.Errorf("connecting: %w", err)
		}
		return c.Close(ctx)
	}
}
