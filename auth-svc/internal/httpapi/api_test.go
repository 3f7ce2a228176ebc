package httpapi_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/httpapi"
	"github.com/slippers-api/slippers/auth-svc/internal/signing"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/kit/token"
)

const (
	secret   = "between us"
	password = "long enough"
)

var (
	long  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	aziza = account.User{ID: 7, Name: "Aziza", Surname: "Karimova", PhoneNumber: "+998901234567", CreatedAt: long, UpdatedAt: long}
	boss  = account.User{ID: 1, Name: "Botir", Surname: "Alimov", PhoneNumber: "+998900000001", Admin: true, CreatedAt: long, UpdatedAt: long}
)

func tagOf(u account.User) string { return `"` + u.Revision() + `"` }

// people is every store at once: it has aziza, whose password is password and whose code is code, and the session "s" goes
// on. Whatever is done to it fails with err. It counts what would have been stored, and who was looked for.
type people struct {
	err    error
	phone  string
	hash   string
	code   []byte
	writes int
	looked int
	ended  []string

	unheard error // why the gateway does not know yet who has ended
}

func (p *people) wrote() error {
	if p.err == nil {
		p.writes++
	}
	return p.err
}

func (p *people) aziza() account.User {
	u := aziza
	u.PhoneNumber, u.PasswordHash = p.phone, p.hash
	return u
}

func (p *people) Create(_ context.Context, u account.User) (account.User, error) {
	u.ID, u.CreatedAt, u.UpdatedAt = 8, long, long
	return u, p.wrote()
}

func (p *people) ByPhone(_ context.Context, number string) (account.User, error) {
	p.looked++
	if number != p.phone {
		return account.User{}, account.ErrNotFound
	}
	return p.aziza(), p.err
}

func (p *people) Rehash(context.Context, int64, string, string) (bool, error) {
	return true, p.wrote()
}

func (p *people) Get(_ context.Context, id int64) (account.User, error) {
	if id != aziza.ID {
		return account.User{}, account.ErrNotFound
	}
	return p.aziza(), p.err
}

func (p *people) List(_ context.Context, _ account.Filter, r page.Request) ([]account.User, int64, error) {
	return slices.Repeat([]account.User{aziza}, min(r.Rows(), 2)), 2, p.err
}

func (p *people) Update(_ context.Context, id int64, u account.Update) (account.User, []string, error) {
	if id != aziza.ID {
		return account.User{}, nil, account.ErrNotFound
	}
	if err := u.From.Check(aziza.Revision()); err != nil {
		return account.User{}, nil, err
	}
	now := aziza
	if u.Name != nil {
		now.Name = *u.Name
	}
	return now, []string{"other"}, p.wrote()
}

func (p *people) Delete(_ context.Context, id int64) ([]string, error) {
	if id != aziza.ID {
		return nil, account.ErrNotFound
	}
	return []string{"s"}, p.wrote()
}

func (p *people) Start(_ context.Context, u account.User, id string, _ []byte, l account.Lifetimes) (account.Session, account.User, error) {
	return account.Session{ID: id, UserID: u.ID, ExpiresAt: time.Now().Add(l.Session)}, u, p.wrote()
}

func (p *people) Rotate(_ context.Context, spent, _ []byte, l account.Lifetimes) (account.Session, account.User, error) {
	if string(spent) != string(account.Secret("good").Hash()) {
		return account.Session{}, account.User{}, account.ErrRefresh
	}
	return account.Session{ID: "s", UserID: aziza.ID, ExpiresAt: time.Now().Add(l.Session)}, aziza, p.wrote()
}

func (p *people) Active(_ context.Context, id string) (bool, error) { return id == "s", p.err }

func (p *people) Revoke(context.Context, string) error { return p.wrote() }

func (p *people) Put(context.Context, int64, []byte) (bool, error) { return true, p.wrote() }

func (p *people) Try(context.Context, int64) ([]byte, error) { return p.code, p.err }

func (p *people) Use(context.Context, int64, []byte, string) ([]string, error) {
	return []string{"s"}, p.wrote()
}

func (p *people) Announce(_ context.Context, ids ...string) error {
	p.ended = append(p.ended, ids...)
	return p.unheard
}

func (p *people) ResetCode(context.Context, account.User, string) error { return p.err }

// unlimited lets everybody try as often as they like.
type unlimited struct{}

func (unlimited) Login(context.Context, string, string) (func(error), error) {
	return func(error) {}, nil
}

func (u unlimited) Reset(ctx context.Context, number, address string) (func(error), error) {
	return u.Login(ctx, number, address)
}
func (unlimited) Forgot(context.Context, string, string) error { return nil }
func (unlimited) Remember(context.Context, string, string)     {}

// limiter is what both parts of an account need of the attempts.
type limiter interface {
	account.EntryAttempts
	account.RecoveryAttempts
}

// under is an API under test: its routes over people.
type under struct {
	*echo.Echo
	people *people
	bearer map[string]string // Authorization headers
}

func serve(t *testing.T, err error) under {
	t.Helper()
	return serveLimited(t, err, unlimited{})
}

func serveLimited(t *testing.T, err error, attempts limiter) under {
	t.Helper()
	pem, keyErr := signing.Generate()
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	file := filepath.Join(t.TempDir(), "keys.pem")
	if err := os.WriteFile(file, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	issued := token.Config{Issuer: "slippers", Audience: "slippers"}
	keys, keyErr := signing.Load(signing.Config{KeyFile: file}, issued)
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	passwords, keyErr := account.NewPasswords(account.PasswordConfig{Scheme: account.Bcrypt, BcryptCost: bcrypt.MinCost})
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	hash, keyErr := passwords.Hash(t.Context(), password)
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	cursors, keyErr := page.NewCursors("x")
	if keyErr != nil {
		t.Fatal(keyErr)
	}
	p := &people{err: err, phone: aziza.PhoneNumber, hash: hash, code: []byte("code in the database")}
	e := httpserver.New(httpserver.Config{RequestTimeout: time.Minute}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	httpapi.Register(e, httpapi.API{
		Entry: account.Entry{
			Users: p, Sessions: p, Passwords: passwords, Tokens: keys, Revoked: p, Attempts: attempts,
			Lifetimes: account.Lifetimes{Access: 15 * time.Minute, Refresh: 24 * time.Hour, Session: 8 * time.Hour},
		},
		Recovery: account.Recovery{Users: p, Codes: p, Passwords: passwords, Notifier: p, Revoked: p, Attempts: attempts, Key: []byte("key")},
		Changing: account.Changing{Users: p, Passwords: passwords, Revoked: p, Attempts: attempts},
		Users:    p, Sessions: p, Revoked: p, Cookie: httpapi.Cookie{Secure: true}, JWKS: keys.JWKS(),
		Facts:    testkit.Facts(),
		Verifier: token.NewVerifierWith(issued, keys.Find), Cursors: cursors, Secret: secret,
	})
	u := under{Echo: e, people: p, bearer: map[string]string{"nobody": "", "forgotten": "Bearer nonsense", "service": "Bearer " + secret}}
	for name, who := range map[string]struct {
		user account.User
		sid  string
	}{"user": {aziza, "s"}, "admin": {boss, "s"}, "logged out": {aziza, "ended"}, "admin, logged out": {boss, "ended"}} {
		raw, err := keys.Access(who.user, who.sid, time.Now().Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		u.bearer[name] = "Bearer " + raw
	}
	return u
}

// request makes "GET /path" as who, with "Header: value" lines.
func (u under) request(t *testing.T, request, who, body string, headers ...string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	bearer, known := u.bearer[who]
	if !known {
		t.Fatalf("nobody is called %q", who)
	}
	if bearer != "" {
		r.Header.Set("Authorization", bearer)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}
