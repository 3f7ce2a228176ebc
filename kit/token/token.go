// Package token verifies access tokens against auth-svc's published keys, and says who is calling.
//
// It does not know whether a session was revoked since: the gateway asks that, once, for all services.
package token

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
)

// Type is the typ header of an access token (RFC 9068); no other kind of token passes.
const Type = "at+jwt"

// The ways a caller can be refused.
var (
	ErrMissing   = fault.New(fault.Unauthenticated, "token-missing", "This needs an access token.")
	ErrInvalid   = fault.New(fault.Unauthenticated, "token-invalid", "The access token is not valid, or not any more.")
	ErrForbidden = fault.New(fault.Forbidden, "forbidden", "You may not do this.")
)

// Config is a part of the configuration of every process that reads tokens.
type Config struct {
	// JWKSURL is where auth-svc publishes its keys.
	JWKSURL string `env:"JWKS_URL" envDefault:"http://localhost:8083/.well-known/jwks.json"`

	// Issuer and Audience must be those that auth-svc writes.
	Issuer   string `env:"TOKEN_ISSUER" envDefault:"slippers"`
	Audience string `env:"TOKEN_AUDIENCE" envDefault:"slippers"`
}

// Claims are what an access token says.
type Claims struct {
	jwt.RegisteredClaims
	SessionID string `json:"sid"`
	Name      string `json:"name"` // name and surname, which an order keeps
	Admin     bool   `json:"is_admin"`
}

// Caller is who a valid token speaks for. The zero Caller is nobody.
type Caller struct {
	UserID    int64
	SessionID string
	Name      string
	Admin     bool
	Expires   time.Time
}

// ID returns the user's id.
func (c Caller) ID() int64 { return c.UserID }

// Verifier checks tokens without asking anyone, save for a key that it has not seen yet. It remembers those that were good,
// because a signature costs more to check than all else that a request does; but not beyond their time, and not when the
// keys have changed.
type Verifier struct {
	keys   jwt.Keyfunc
	parser *jwt.Parser
	good   *lru.Cache[string, Caller]
}

// remembered is how many good tokens are.
const remembered = 10_000

// NewVerifier fetches the keys, now and then again until ctx ends. auth-svc need not be up yet.
func NewVerifier(ctx context.Context, cfg Config, log *slog.Logger) (*Verifier, error) {
	keys, err := newPublished(cfg.JWKSURL, log)
	if err != nil {
		return nil, err
	}
	v := NewVerifierWith(cfg, keys.find)
	keys.renewed = v.good.Purge
	keys.renew(ctx)
	go keys.keep(ctx)
	return v, nil
}

// NewVerifierWith is NewVerifier with keys from elsewhere: auth-svc has its own.
func NewVerifierWith(cfg Config, keys jwt.Keyfunc) *Verifier {
	good, err := lru.New[string, Caller](remembered)
	if err != nil {
		panic(err) // its size is above zero
	}
	return &Verifier{keys: keys, good: good, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithIssuer(cfg.Issuer), jwt.WithAudience(cfg.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(5*time.Second),
	)}
}

// Verify returns who the token speaks for. It returns ErrInvalid or ErrKeys.
func (v *Verifier) Verify(raw string) (Caller, error) {
	if caller, ok := v.good.Get(raw); ok && time.Now().Before(caller.Expires) {
		return caller, nil
	}
	var claims Claims
	t, err := v.parser.ParseWithClaims(raw, &claims, v.keys)
	if errors.Is(err, ErrKeys) {
		return Caller{}, ErrKeys
	}
	if err != nil {
		return Caller{}, ErrInvalid.Because(err)
	}
	id, err := strconv.ParseInt(claims.Subject, 10, 64)
	if err != nil || id <= 0 || t.Header["typ"] != Type || claims.SessionID == "" {
		return Caller{}, ErrInvalid.Because(errors.New("not an access token of ours"))
	}
	caller := Caller{
		UserID: id, SessionID: claims.SessionID, Name: claims.Name,
		Admin: claims.Admin, Expires: claims.ExpiresAt.Time,
	}
	v.good.Add(raw, caller)
	return caller, nil
}

// Bearer returns the token that the Authorization header carries, or "".
func Bearer(authorization string) string {
	scheme, raw, ok := strings.Cut(authorization, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(raw)
}

// Optional lets everybody pass: with a valid token as its caller, with none as nobody, with a bad one not at all.
func (v *Verifier) Optional(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get(echo.HeaderAuthorization) == "" {
			return next(c)
		}
		return v.User(next)(c)
	}
}

// User lets those with a valid token pass. It returns ErrMissing, ErrInvalid or ErrKeys.
func (v *Verifier) User(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		raw := Bearer(c.Request().Header.Get(echo.HeaderAuthorization))
		if raw == "" {
			return ErrMissing
		}
		caller, err := v.Verify(raw)
		if err != nil {
			return err
		}
		Set(c, caller)
		return next(c)
	}
}

// Admin lets administrators pass. It returns ErrMissing, ErrInvalid, ErrKeys or ErrForbidden.
func (v *Verifier) Admin(next echo.HandlerFunc) echo.HandlerFunc {
	return v.User(func(c echo.Context) error {
		if !From(c).Admin {
			return ErrForbidden
		}
		return next(c)
	})
}

// Set says who is calling, for From: for those who find it out themselves.
func Set(c echo.Context, caller Caller) { c.Set(httpserver.CallerKey, caller) }

// From returns who is calling: what Set was given, or what Optional, User or Admin found.
func From(c echo.Context) Caller {
	caller, _ := c.Get(httpserver.CallerKey).(Caller)
	return caller
}
