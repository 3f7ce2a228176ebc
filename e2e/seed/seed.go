// Package seed fills an empty database with a shop to look at, or with a large one to measure.
//
// Everything follows from a few numbers: the same options make the same rows, but for the administrator's password. The
// books balance: for every slipper, what came in equals what is left, held and sold, less what came back. It is a tool
// for development: it writes every schema at once, as their owner, which no service may.
package seed

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Options say what to seed and where.
type Options struct {
	// DatabaseURL connects as the role that owns the tables.
	DatabaseURL string

	// Images is the folder of catalog-svc's IMAGES_URL. Without it the rows of images are written and no pictures, which is
	// enough to measure a database.
	Images string

	// AuthBinary is the path of auth-svc, which alone knows how passwords are hashed.
	AuthBinary string

	// Slippers, Orders and Users are how many of each.
	Slippers, Orders, Users int

	// Seed picks one shop of many.
	Seed uint64

	// Now is when the shop's history ends. Zero is the last midnight, UTC, so that a day's shops are alike.
	Now time.Time
}

// Demo is a shop to look at. Its addresses are for the caller to fill in.
var Demo = Options{Slippers: 300, Orders: 200, Users: 20, Seed: 1}

// The logins of a seeded shop. The administrator's password is made anew each time and printed once.
const (
	AdminPhone   = "+998900000000"
	UserPhone    = "+998900000001" // the first of the users
	UserPassword = "slippers-demo"
)

const (
	mostPhones   = 9_999_999 // as many as seven digits give
	hashPatience = 20 * time.Second
)

// ErrNotEmpty is returned for a database that has slippers, users or orders already.
var ErrNotEmpty = errors.New("the database is not empty: seeding needs one that was migrated and not used yet")

// Run seeds the database and the pictures, and writes to out what it did and how to log in. The rows are written in one
// transaction: a run that fails leaves none. Pictures that it wrote stay, and the next run writes the same again.
func Run(ctx context.Context, o Options, out io.Writer) error {
	if o.Slippers < 1 || o.Orders < 0 || o.Users < 1 || o.Users > mostPhones {
		return errors.New("reading the sizes: at least one slipper, one to 9999999 users, no less than no orders")
	}
	if o.Now.IsZero() {
		o.Now = time.Now().UTC().Truncate(24 * time.Hour)
	}
	start := time.Now()
	db, err := pgx.Connect(ctx, o.DatabaseURL)
	if err != nil {
		return fmt.Errorf("connecting to seed: %w", err)
	}
	defer db.Close(context.WithoutCancel(ctx))
	if err := refuseUsed(ctx, db); err != nil {
		return err // before the slow work
	}

	adminPassword := rand.Text()
	adminHash, err := hash(ctx, o.AuthBinary, adminPassword)
	if err != nil {
		return err
	}
	userHash, err := hash(ctx, o.AuthBinary, UserPassword)
	if err != nil {
		return err
	}
	s := newShop(o)
	pictures, err := s.hang(ctx, o.Images)
	if err != nil {
		return err
	}
	if err := pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error { return s.write(ctx, tx, adminHash, userHash) }); err != nil {
		return err
	}
	if err := analyze(ctx, db); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `seeded %d categories, %d slippers, %d pictures, %d users, %d orders in %s
  administrator  %s  %s  (shown this once)
  customers      %s and on  %s
`, len(categories), len(s.slippers), pictures, len(s.users), len(s.orders), time.Since(start).Round(100*time.Millisecond),
		AdminPhone, adminPassword, UserPhone, UserPassword)
	if err != nil {
		return fmt.Errorf("writing the logins: %w", err)
	}
	return nil
}

// hash asks auth-svc for the hash of a password.
func hash(ctx context.Context, binary, password string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, hashPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "hash-password")
	var complaint bytes.Buffer
	cmd.Stdin, cmd.Stderr = strings.NewReader(password), &complaint
	printed, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("hashing a password by %s: %w: %s", binary, err, bytes.TrimSpace(complaint.Bytes()))
	}
	h := strings.TrimSpace(string(printed))
	if h == "" {
		return "", fmt.Errorf("hashing a password by %s: it printed nothing", binary)
	}
	return h, nil
}
