package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/semaphore"
)

// The schemes that a password can be hashed by.
const (
	Bcrypt   = "bcrypt"
	Argon2id = "argon2id"
)

// PasswordConfig says how passwords are hashed from now on. Hashes made otherwise stay good, and are made anew at login.
type PasswordConfig struct {
	// Scheme is bcrypt or argon2id.
	Scheme string `env:"PASSWORD_SCHEME" envDefault:"bcrypt"`

	// BcryptCost is the logarithm of the work for one hash. A login should take 250 to 400 ms in production.
	BcryptCost int `env:"BCRYPT_COST" envDefault:"12"`
}

// argon2id by OWASP's second recommendation: 19 MiB, 2 passes, 1 lane.
const (
	argonMemory, argonTime, argonLanes = 19 << 10, 2, 1
	argonPrefix                        = "$argon2id$v=19$m=19456,t=2,p=1$"
	argonKey, argonSalt                = 32, 16
	bcryptPrefix                       = "$sha256-bcrypt$"
)

// Passwords hashes and compares passwords, as many at once as there are processors: more would only make all of them slow.
type Passwords struct {
	cfg   PasswordConfig
	slots *semaphore.Weighted
	dummy string
}

// NewPasswords returns Passwords, or an error for a configuration that makes no sense.
func NewPasswords(cfg PasswordConfig) (*Passwords, error) {
	if cfg.Scheme != Bcrypt && cfg.Scheme != Argon2id {
		return nil, errors.New("reading PASSWORD_SCHEME: must be bcrypt or argon2id")
	}
	if cfg.BcryptCost < bcrypt.MinCost || cfg.BcryptCost > bcrypt.MaxCost {
		return nil, fmt.Errorf("reading BCRYPT_COST: must be %d to %d", bcrypt.MinCost, bcrypt.MaxCost)
	}
	p := &Passwords{cfg: cfg, slots: semaphore.NewWeighted(int64(runtime.GOMAXPROCS(0)))}
	var err error
	p.dummy, err = p.Hash(context.Background(), rand.Text())
	return p, err
}

// Hash returns the hash of password, with the name of its scheme. It waits for a free processor as long as ctx lets it.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return "", fmt.Errorf("waiting to hash a password: %w", err)
	}
	defer p.slots.Release(1)
	if p.cfg.Scheme == Argon2id {
		salt := make([]byte, argonSalt)
		_, _ = rand.Read(salt) // never fails
		return argonPrefix + encode(salt) + "$" + encode(argon(password, salt)), nil
	}
	hash, err := bcrypt.GenerateFromPassword(digest(password), p.cfg.BcryptCost)
	if err != nil {
		return "", fmt.Errorf("hashing a password: %w", err)
	}
	return bcryptPrefix + string(hash), nil
}

// Match says whether password is the one that hash was made of, and whether the hash should be made anew. An empty hash,
// of a user who does not exist, matches nothing and takes as long as any other that does not match, unless that is of the other
// scheme.
func (p *Passwords) Match(ctx context.Context, hash, password string) (ok, outdated bool, err error) {
	if hash == "" {
		_, _, err := p.Match(ctx, p.dummy, password)
		return false, false, err
	}
	if err := p.slots.Acquire(ctx, 1); err != nil {
		return false, false, fmt.Errorf("waiting to compare a password: %w", err)
	}
	defer p.slots.Release(1)
	if rest, ours := strings.CutPrefix(hash, argonPrefix); ours {
		salt, key, _ := strings.Cut(rest, "$")
		want, err := decode(salt, key)
		if err != nil {
			return false, false, fmt.Errorf("reading a password hash: %w", err)
		}
		return subtle.ConstantTimeCompare(argon(password, want[0]), want[1]) == 1, p.cfg.Scheme != Argon2id, nil
	}
	raw, ours := strings.CutPrefix(hash, bcryptPrefix)
	if !ours {
		return false, false, errors.New("reading a password hash: its scheme is unknown")
	}
	cost, err := bcrypt.Cost([]byte(raw))
	if err == nil {
		err = bcrypt.CompareHashAndPassword([]byte(raw), digest(password))
	}
	if errors.Is(err, bcrypt.ErrMismatchedHashAndPassword) {
		return false, false, p.spend(cost, password)
	}
	if err != nil {
		return false, false, fmt.Errorf("comparing a password: %w", err)
	}
	return true, p.cfg.Scheme != Bcrypt || cost != p.cfg.BcryptCost, nil
}

// spend does the work that a comparison of cost lacks to one of today's, so that nobody learns by the time it took who has been here
// since before the cost was raised.
func (p *Passwords) spend(cost int, password string) error {
	if p.cfg.Scheme != Bcrypt {
		return nil
	}
	for _, c := range lacking(cost, p.cfg.BcryptCost) {
		if _, err := bcrypt.GenerateFromPassword(digest(password), c); err != nil {
			return fmt.Errorf("hashing a password for nobody: %w", err)
		}
	}
	return nil
}

// lacking returns the costs whose work is what cost lacks to want. Each cost is twice the work of the one below.
func lacking(cost, want int) (costs []int) {
	for c := cost; c < want; c++ {
		costs = append(costs, c)
	}
	return costs
}

// digest makes any password fit into the 72 bytes that bcrypt reads, without a zero byte, at which it would stop.
func digest(password string) []byte {
	sum := sha256.Sum256([]byte(password))
	return []byte(base64.StdEncoding.EncodeToString(sum[:]))
}

func argon(password string, salt []byte) []byte {
	return argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonLanes, argonKey)
}

func encode(b []byte) string { return base64.RawStdEncoding.EncodeToString(b) }

func decode(texts ...string) ([][]byte, error) {
	out := make([][]byte, len(texts))
	for i, s := range texts {
		b, err := base64.RawStdEncoding.DecodeString(s)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}
