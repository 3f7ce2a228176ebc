package account

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

// Entry is how people get in, and stay.
type Entry struct {
	Users     EntryUsers
	Sessions  EntrySessions
	Passwords *Passwords
	Tokens    Tokens
	Revoked   Announcer
	Attempts  EntryAttempts
	Lifetimes Lifetimes
}

// EntryUsers is what Entry needs of the users.
type EntryUsers interface {
	// Create returns ErrPhoneTaken.
	Create(ctx context.Context, u User) (User, error)

	// ByPhone returns ErrNotFound.
	ByPhone(ctx context.Context, number string) (User, error)

	// Rehash replaces a password hash that is still from. Otherwise it returns false.
	Rehash(ctx context.Context, id int64, from, to string) (bool, error)
}

// EntrySessions is what Entry needs of the sessions.
type EntrySessions interface {
	// Start begins a session of u, unless the password of u is another by now: then it returns ErrLogin. It returns the user
	// as they are now, who may have another role than u.
	Start(ctx context.Context, u User, id string, refresh []byte, l Lifetimes) (Session, User, error)

	// Rotate spends the refresh token with the hash spent, and makes next good. It returns ErrRefresh. When a token comes
	// back that was spent before, it ends the session and returns a Reused.
	Rotate(ctx context.Context, spent, next []byte, l Lifetimes) (Session, User, error)
}

// Reused is returned when a spent refresh token came back: either it or its successor was stolen.
type Reused struct{ SessionID string }

// Error implements error.
func (Reused) Error() string { return "a spent refresh token came back" }

// Unwrap makes it ErrRefresh for clients.
func (Reused) Unwrap() error { return ErrRefresh }

// Tokens makes access tokens.
type Tokens interface {
	Access(u User, sessionID string, expires time.Time) (string, error)
}

// Announcer tells the gateway which sessions have ended.
type Announcer interface {
	// Announce returns when the gateway lets them in no more. An error means that ctx ended before; then it does so later.
	Announce(ctx context.Context, sessionIDs ...string) error
}

// Register makes a user and lets them in. It returns ErrInvalid or ErrPhoneTaken.
func (e Entry) Register(ctx context.Context, n NewUser) (Bundle, error) {
	n = n.Trimmed()
	if err := n.Validate(); err != nil {
		return Bundle{}, err
	}
	hash, err := e.Passwords.Hash(ctx, n.Password)
	if err != nil {
		return Bundle{}, err
	}
	u, err := e.Users.Create(ctx, User{Name: n.Name, Surname: n.Surname, PhoneNumber: n.PhoneNumber, PasswordHash: hash})
	if err != nil {
		return Bundle{}, err
	}
	b, err := e.start(ctx, u)
	if err == nil {
		e.Attempts.Remember(ctx, n.PhoneNumber, n.Address)
	}
	return b, err
}

// Login lets a user in. It returns ErrInvalid when something is missing, ErrTooMany before any work is done for the
// attempt, or ErrLogin, after the same time whether the number or the password was wrong.
func (e Entry) Login(ctx context.Context, c Credentials) (Bundle, error) {
	var r fault.Rules
	r.Check(c.PhoneNumber != "", "/phone_number", "is required")
	r.Check(c.Password != "", "/password", "is required")
	if err := r.Err(ErrInvalid); err != nil {
		return Bundle{}, err
	}
	number := strings.TrimSpace(c.PhoneNumber)
	done, err := e.Attempts.Login(ctx, number, c.Address)
	if err != nil {
		return Bundle{}, err
	}
	b, err := e.login(ctx, number, c.Password)
	done(err)
	return b, err
}

func (e Entry) login(ctx context.Context, number, password string) (Bundle, error) {
	u, err := e.Users.ByPhone(ctx, number)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Bundle{}, err
	}
	ok, outdated, err := e.Passwords.Match(ctx, u.PasswordHash, password)
	if err != nil {
		return Bundle{}, err
	}
	if !ok {
		return Bundle{}, ErrLogin
	}
	if outdated {
		hash, err := e.Passwords.Hash(ctx, password)
		if err != nil {
			return Bundle{}, err
		}
		done, err := e.Users.Rehash(ctx, u.ID, u.PasswordHash, hash)
		if err != nil {
			return Bundle{}, err
		}
		if !done {
			return e.login(ctx, number, password) // another login was quicker, or somebody changed the password
		}
		u.PasswordHash = hash
	}
	return e.start(ctx, u)
}

// Refresh gives new tokens for a refresh token, which is spent by it. It returns ErrRefresh.
func (e Entry) Refresh(ctx context.Context, spent Secret) (Bundle, error) {
	next := NewSecret()
	s, u, err := e.Sessions.Rotate(ctx, spent.Hash(), next.Hash(), e.Lifetimes)
	if reused, ok := errors.AsType[Reused](err); ok {
		_ = e.Revoked.Announce(ctx, reused.SessionID) // whoever showed the token is refused either way
	}
	if err != nil {
		return Bundle{}, err
	}
	return e.bundle(u, s, next)
}

func (e Entry) start(ctx context.Context, u User) (Bundle, error) {
	refresh := NewSecret()
	s, now, err := e.Sessions.Start(ctx, u, rand.Text(), refresh.Hash(), e.Lifetimes)
	if err != nil {
		return Bundle{}, err
	}
	return e.bundle(now, s, refresh)
}

// bundle makes the access token. No token outlives its session.
func (e Entry) bundle(u User, s Session, refresh Secret) (Bundle, error) {
	now := time.Now()
	expires := earlier(now.Add(e.Lifetimes.Access), s.ExpiresAt).UTC().Truncate(time.Second)
	access, err := e.Tokens.Access(u, s.ID, expires)
	if err != nil {
		return Bundle{}, err
	}
	return Bundle{
		AccessToken: access, ExpiresAt: expires, User: u,
		RefreshToken: string(refresh), RefreshExpires: earlier(now.Add(e.Lifetimes.Refresh), s.ExpiresAt),
	}, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
