package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// find returns the path of a program. Debian keeps servers where only root looks.
func find(program, how string) (string, error) {
	for _, name := range []string{program, filepath.Join("/usr/sbin", program)} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: %s", errAbsent, how)
}

// module is a program that is built from its own module. go install refuses modules that replace others, as Traefik's does.
type module struct{ name, path, version, pkg string }

// buildTimeout is for two slow cores: hundreds of packages.
const buildTimeout = 30 * time.Minute

// install returns the program, and builds it unless that was done before.
func (m module) install(ctx context.Context, o Options) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("looking for a folder of programs: %w", err)
	}
	program := filepath.Join(cache, "slippers-bench", m.name+"-"+m.version, m.name)
	if _, err := os.Stat(program); !errors.Is(err, fs.ErrNotExist) {
		return program, err
	}
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil { //nolint:gosec // programs are not secret
		return "", fmt.Errorf("making a folder of programs: %w", err)
	}
	o.say("building %s %s, once: that takes some minutes", m.name, m.version)
	ctx, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	where, err := m.run(ctx, "mod", "download", "-json", m.path+"@"+m.version)
	if err != nil {
		return "", err
	}
	var source struct{ Dir string }
	if err := json.Unmarshal(where, &source); err != nil {
		return "", fmt.Errorf("reading where the source of %s is: %w", m.name, err)
	}
	if _, err := m.run(ctx, "build", "-C", source.Dir, "-trimpath", "-o", program+".new", m.pkg); err != nil {
		return "", err
	}
	if err := os.Rename(program+".new", program); err != nil {
		return "", fmt.Errorf("keeping %s: %w", m.name, err)
	}
	return program, nil
}

// run runs go outside our workspace, and behind all else that the machine does.
func (m module) run(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "nice", append([]string{"-n", "10", "go"}, args...)...) //nolint:gosec // our own arguments
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOTOOLCHAIN=local")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		first, _, _ := bytes.Cut(bytes.TrimSpace(complaint.Bytes()), []byte("\n"))
		return nil, fmt.Errorf("%w: `go %s` of %s %s needs the network or has failed: %w: %s", errAbsent, args[0], m.path, m.version, err, first)
	}
	return out, nil
}
