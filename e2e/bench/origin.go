package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
)

// origin is a server of ours that does nothing but answer bytes from its memory.
type origin struct {
	title     string
	framework string // "echo", or none
}

func (o origin) name() string { return o.title }

func (o origin) start(ctx context.Context, s site) (*running, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(s.bin(), "origin"), address, s.page, o.framework) //nolint:gosec,noctx // our own program; stop ends it
	cmd.Env = append(os.Environ(), collect)
	return s.host(ctx, "origin"+o.framework+address, address, cmd)
}
