package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

// The ways that getting in can fail.
var (
	ErrLogin          = fault.New(fault.Unauthenticated, "login-failed", "The phone number or the password is wrong.")
	ErrRefresh        = fault.New(fault.Unauthenticated, "refresh-invalid", "The refresh token is not valid, or not any more.")
	ErrRefreshMissing = fault.New(fault.Malformed, "refresh-missing", "Send the refresh token in the body, the Refresh-Token header or the cookie.")
)

// Lifetimes say how long a login is good for.
type Lifetimes struct {
	// Access is how long an access token lives. A changed name or role reaches other services within it.
	Access time.Duration `env:"ACCESS_TOKEN_TTL" envDefault:"15m"`

	// Refresh is how long a refresh token lives, unless its session ends before.
	Refresh time.Duration `env:"REFRESH_TOKEN_TTL" envDefault:"24h"`

	// Session is how long after the login everything ends, refreshed or not.
	Session time.Duration `env:"SESSION_TTL" envDefault:"8h"`
}

// Session is a login. Its tokens end with it.
type Session struct {
	ID        string
	UserID    int64
	ExpiresAt time.Time
}

// Bundle is what somebody gets who got in.
type Bundle struct {
	AccessToken    string
	ExpiresAt      time.Time // of the access token
	RefreshToken   string
	RefreshExpires time.Time
	User           User
}

// Secret is a refresh token. Only its hash is stored.
type Secret string

// NewSecret returns 256 random bits.
func NewSecret() Secret {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return Secret(base64.RawURLEncoding.EncodeToString(b))
}

// Hash is what is stored of s. It needs no salt: s cannot be guessed.
func (s Secret) Hash() []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}
