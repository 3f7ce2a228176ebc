package monitor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// ErrMissing says that a program is neither installed nor to be had in a container.
var ErrMissing = errors.New("neither installed nor is there Docker")

// program is one of those that watch.
type program struct {
	names []string // by which it may be installed; none means only in a container
	image string
	args  []string
	env   []string
	port  int
	ready string // the path that answers 200 then

	optional bool // the others are of use without it
}

// command returns what starts the program: as it is installed, else in a container, with the machine's network and the same
// folders.
func (p program) command(ctx context.Context, folders ...string) (*exec.Cmd, error) {
	for _, name := range p.names {
		if path, err := exec.LookPath(name); err == nil {
			return exec.Command(path, p.args...), nil //nolint:gosec,noctx // a name of ours; Stop ends it
		}
	}
	docker, err := exec.LookPath("docker")
	if err != nil {
		return nil, fmt.Errorf("starting %s: %w", p.image, ErrMissing)
	}
	if exec.CommandContext(ctx, docker, "image", "inspect", p.image).Run() != nil { //nolint:gosec // as above
		if out, err := exec.CommandContext(ctx, docker, "pull", "--quiet", p.image).CombinedOutput(); err != nil { //nolint:gosec // as above
			return nil, fmt.Errorf("fetching %s: %s", p.image, bytes.TrimSpace(out))
		}
	}
	args := []string{"run", "--rm", "--init", "--network=host", "--user=" + strconv.Itoa(os.Getuid()) + ":" + strconv.Itoa(os.Getgid())}
	for _, f := range folders {
		args = append(args, "--volume="+f+":"+f)
	}
	for _, e := range p.env {
		args = append(args, "--env="+e)
	}
	return exec.Command(docker, append(append(args, p.image), p.args...)...), nil //nolint:gosec,noctx // as above
}
