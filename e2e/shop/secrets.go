package shop

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/slippers-api/slippers/migrations"
)

// secrets come from one that a folder keeps.
type secrets []byte

// readSecrets returns the secrets of dir, and makes them at the first time.
func readSecrets(dir string) (secrets, error) {
	return once(filepath.Join(dir, "secret"), func() ([]byte, error) { return []byte(rand.Text()), nil })
}

// of returns the secret for one purpose.
func (s secrets) of(purpose string) string {
	h := hmac.New(sha256.New, s)
	h.Write([]byte(purpose))
	return hex.EncodeToString(h.Sum(nil))
}

func (o Options) keyFile() string { return filepath.Join(o.Dir, "signing-key.pem") }

// signingKey makes the key of auth-svc at the first time.
func signingKey(ctx context.Context, o Options) error {
	_, err := once(o.keyFile(), func() ([]byte, error) {
		return exec.CommandContext(ctx, filepath.Join(o.Bin, "auth-svc"), "generate-key").Output() //nolint:gosec // our own program
	})
	return err
}

// once returns what file holds. If there is none it is made, whole or not at all.
func once(file string, content func() ([]byte, error)) ([]byte, error) {
	b, err := os.ReadFile(file) //nolint:gosec // our own folder
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if b, err = content(); err != nil {
		return nil, fmt.Errorf("making %s: %w", file, err)
	}
	if err := os.WriteFile(file+".new", b, 0o600); err != nil {
		return nil, fmt.Errorf("writing %s: %w", file, err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		return nil, fmt.Errorf("keeping %s: %w", file, err)
	}
	return b, nil
}

// Migrate brings the database to its newest schema, and gives the role of each service its password.
func Migrate(ctx context.Context, o Options) error {
	s, err := readSecrets(o.Dir)
	if err != nil {
		return err
	}
	for _, svc := range migrations.All() {
		if err := svc.Up(ctx, o.DatabaseURL); err != nil {
			return err
		}
		if err := svc.Password(ctx, o.DatabaseURL, s.of(svc.Role)); err != nil {
			return err
		}
	}
	return nil
}
