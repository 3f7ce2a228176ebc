// Package process runs the children of a launcher, so that none outlives it and each is stopped in its own way.
package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Process is a child.
type Process struct {
	cmd   *exec.Cmd
	sig   syscall.Signal
	ended chan struct{}
	err   error // valid once ended is closed
}

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
	poll         = 50 * time.Millisecond
)

// Start starts cmd, which sig asks to end. It gets a process group of its own, so that Ctrl-C reaches us alone and we stop
// it in order; where the system can, it gets sig when we are killed.
func Start(cmd *exec.Cmd, sig syscall.Signal) (*Process, error) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	endWithUs(cmd.SysProcAttr, sig)
	p := &Process{cmd: cmd, sig: sig, ended: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // a child ends with the thread that started it: this one waits
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.Name(), err)
	}
	return p, nil
}

// Name is the program's.
func (p *Process) Name() string { return filepath.Base(p.cmd.Path) }

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err says how the process ended, once it has.
func (p *Process) Err() error {
	if p.err == nil {
		return fmt.Errorf("%s ended by itself", p.Name())
	}
	return fmt.Errorf("%s ended: %w", p.Name(), p.err)
}

// Stop asks the process to end and waits for it. After a while it insists, and returns an error.
func (p *Process) Stop() error {
	_ = p.cmd.Process.Signal(p.sig) // it may have ended already
	late := time.NewTimer(stopTimeout)
	defer late.Stop()
	select {
	case <-p.ended:
		return nil
	case <-late.C:
		_ = p.cmd.Process.Kill()
		<-p.ended
		return fmt.Errorf("%s had to be killed", p.Name())
	}
}

// Answers asks until ready returns nil. It gives up when the process ends, ctx is done, or time is out.
func (p *Process) Answers(ctx context.Context, ready func(context.Context) error) error {
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
			return p.Err()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", p.Name(), errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}
