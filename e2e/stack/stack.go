// Package stack finds or starts the servers that Slippers needs, as one developer has them: given by URL, or installed on
// the machine.
//
// It is for development and tests. In a cluster the chart says where the servers are.
package stack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// Server is one that answers at URL until Stop is called.
type Server struct {
	URL string

	// From says who provided it, for people.
	From string

	// Stop ends what was started, and waits for its end. A server that was given is left alone.
	Stop func() error
}

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
	poll         = 50 * time.Millisecond
)

// freePort returns a port of loopback that nobody listens on.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it listens for no time at all
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, fmt.Errorf("reading the address of a free port: %w", err)
	}
	return strconv.Atoi(port)
}

// find returns the first of the programs that is on PATH or in one of the folders.
func find(folders []string, programs ...string) (string, bool) {
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			return path, true
		}
		for _, folder := range folders {
			path := filepath.Join(folder, program)
			if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 {
				return path, true
			}
		}
	}
	return "", false
}

// process is a child that must not outlive us.
type process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // valid once ended is closed
}

// launch starts cmd in a process group of its own, so that Ctrl-C reaches us alone and we stop it in order.
func launch(cmd *exec.Cmd) (*process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", filepath.Base(cmd.Path), err)
	}
	p := &process{cmd: cmd, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// stop asks with sig, and insists after a while.
func (p *process) stop(sig syscall.Signal) error {
	_ = p.cmd.Process.Signal(sig) // it may have ended by itself
	select {
	case <-p.ended:
		return nil
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s had to be killed", filepath.Base(p.cmd.Path))
	}
}

// answers asks until ready says yes. It gives up when the process ends or time is out.
func (p *process) answers(ctx context.Context, log string, ready func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("%s ended: %w; its log is %s", filepath.Base(p.cmd.Path), p.err, log)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w; its log is %s", filepath.Base(p.cmd.Path), errors.Join(err, ctx.Err()), log)
		case <-tick.C:
		}
	}
}

// newestFirst sorts folders such as /usr/lib/postgresql/15/bin by their version, the newest first.
func newestFirst(pattern string) []string {
	folders, _ := filepath.Glob(pattern) // the pattern is ours
	slices.SortFunc(folders, func(a, b string) int { return version(b) - version(a) })
	return folders
}

func version(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder))) // a folder without a number comes last
	return n
}
