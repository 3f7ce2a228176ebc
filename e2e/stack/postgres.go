package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

var errNoPostgres = errors.New("no PostgreSQL: set DATABASE_URL, or install it (Debian: apt-get install postgresql)")

// Postgres returns the PostgreSQL of DATABASE_URL, or starts one in dir with programs of the machine. What it starts does
// not survive a power cut: it is for tests.
func Postgres(ctx context.Context, dir string) (Server, error) {
	if url := os.Getenv("DATABASE_URL"); url != "" {
		return Server{URL: url, From: "DATABASE_URL", Stop: func() error { return nil }}, nil
	}
	initdb, ok := find(newestFirst("/usr/lib/postgresql/*/bin"), "initdb")
	if !ok {
		return Server{}, errNoPostgres
	}
	dir = filepath.Join(dir, "postgres")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Server{}, fmt.Errorf("making the folder of PostgreSQL: %w", err)
	}
	who, err := postgresUser(dir)
	if err != nil {
		return Server{}, err
	}
	data, log := filepath.Join(dir, "data"), filepath.Join(dir, "log")
	password, err := initialise(ctx, initdb, dir, data, who)
	if err != nil {
		return Server{}, err
	}
	port, err := freePort()
	if err != nil {
		return Server{}, err
	}
	out, err := os.Create(log) //nolint:gosec // our own folder
	if err != nil {
		return Server{}, fmt.Errorf("making the log of PostgreSQL: %w", err)
	}
	defer out.Close()
	cmd := exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-p", strconv.Itoa(port), //nolint:gosec,noctx // found above; stopped by Stop
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=300",
		"-c", "fsync=off", "-c", "jit=off")
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	p, err := launch(cmd)
	if err != nil {
		return Server{}, err
	}
	s := Server{
		URL:  fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", password, port),
		From: cmd.Path,
		Stop: func() error { return p.stop(syscall.SIGINT) }, // a fast shutdown, in PostgreSQL's words
	}
	err = p.answers(ctx, log, func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, s.URL)
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
	if err != nil {
		return Server{}, errors.Join(err, s.Stop())
	}
	return s, nil
}

// postgresUser returns who PostgreSQL runs as: it refuses root. nil means ourselves.
func postgresUser(dir string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // exec reads nil as ourselves
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("looking for a user other than root to run PostgreSQL as: %w", err)
		}
	}
	uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return nil, fmt.Errorf("reading the ids of %s: %w", u.Username, err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("giving PostgreSQL its folder: %w", err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// initialise makes an empty cluster in data and returns its superuser's password.
func initialise(ctx context.Context, initdb, dir, data string, who *syscall.Credential) (string, error) {
	password := rand.Text()
	file := filepath.Join(dir, "password")
	if err := os.WriteFile(file, []byte(password), 0o600); err != nil {
		return "", fmt.Errorf("writing the password of PostgreSQL: %w", err)
	}
	if who != nil {
		if err := os.Chown(file, int(who.Uid), int(who.Gid)); err != nil {
			return "", fmt.Errorf("giving PostgreSQL its password: %w", err)
		}
	}
	cmd := exec.CommandContext(ctx, initdb, "-D", data, "-U", "postgres", "--pwfile="+file, //nolint:gosec // found on the machine
		"--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("making a cluster with %s: %w\n%s", initdb, err, out)
	}
	return password, nil
}
