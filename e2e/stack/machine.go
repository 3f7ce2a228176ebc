package stack

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// find returns the first of the programs that is in one of the folders or on PATH.
func find(folders []string, programs ...string) (string, bool) {
	for _, program := range programs {
		for _, folder := range folders {
			path := filepath.Join(folder, program)
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 { //nolint:gosec // the folders are ours, or PostgreSQL's own
				return path, true
			}
		}
		if path, err := exec.LookPath(program); err == nil {
			return path, true
		}
	}
	return "", false
}

// newestFirst sorts folders such as /usr/lib/postgresql/15/bin by their version, the newest first.
func newestFirst(pattern string) []string {
	version := func(folder string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder))) // a folder without a number comes last
		return n
	}
	folders, _ := filepath.Glob(pattern) // the pattern is ours
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	return folders
}

// notRoot says who PostgreSQL runs as, since it refuses root, and gives that user dir.
func notRoot(dir string) (*syscall.SysProcAttr, error) {
	if os.Geteuid() != 0 {
		return &syscall.SysProcAttr{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, fmt.Errorf("looking for a user other than root to run PostgreSQL as: %w", err)
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the id of %s: %w", u.Username, err)
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of %s: %w", u.Username, err)
	}
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		return nil, fmt.Errorf("giving PostgreSQL its folder: %w", err)
	}
	attr := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	passThrough(attr)
	return attr, nil
}

const lastLines = 5

// withLog adds to err the last lines of a log, which say why.
func withLog(err error, file string) error {
	b, readErr := os.ReadFile(file) //nolint:gosec // our own folder
	if readErr != nil {
		return err
	}
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return fmt.Errorf("%w; %s ends with\n%s", err, file, bytes.Join(lines[max(0, len(lines)-lastLines):], []byte("\n")))
}

// tick calls forward each second with the time that has passed, until stopped is closed.
func tick(stopped <-chan struct{}, forward func(time.Duration)) {
	clock, last := time.NewTicker(time.Second), time.Now()
	defer clock.Stop()
	for {
		select {
		case <-stopped:
			return
		case now := <-clock.C:
			forward(now.Sub(last))
			last = now
		}
	}
}
