package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
)

// busy is users to whom something happens once, after a login has read its user and before it goes on.
type busy struct {
	store.Users
	meanwhile func()
}

func (b *busy) ByPhone(ctx context.Context, number string) (account.User, error) {
	u, err := b.Users.ByPhone(ctx, number)
	if do := b.meanwhile; do != nil {
		b.meanwhile = nil
		do()
	}
	return u, err
}

// signed keeps whom the last access token is of.
type signed struct {
	tokens
	user *account.User
}

func (s signed) Access(u account.User, sessionID string, expires time.Time) (string, error) {
	*s.user = u
	return s.tokens.Access(u, sessionID, expires)
}

// A login that has compared the old password must not slip in behind the change that ends the sessions.
func TestALoginUnderWayDoesNotOutliveTheChange(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	if _, _, err := h.users.Update(t.Context(), b.User.ID, account.Update{Password: new("changed meanwhile")}); err != nil {
		t.Fatal(err)
	}
	_, _, err := h.sessions.Start(t.Context(), b.User, "late", account.NewSecret().Hash(), h.Lifetimes)
	if !errors.Is(err, account.ErrLogin) {
		t.Errorf("a session starts with a password of before: %v", err)
	}
	update := account.Update{Replaced: &b.User.PasswordHash, Password: new("x")}
	if _, _, err := h.users.Update(t.Context(), b.User.ID, update); !errors.Is(err, account.ErrPassword) {
		t.Errorf("of two who replace one password both succeed: %v", err)
	}
}

// Comparing a password takes long enough for somebody to lose a role meanwhile, and what is signed then is the new one.
func TestALoginUnderWayGetsTheNewRole(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, boss := h.guest(t), h.guest(t).User.ID
	role := func(admin bool) {
		t.Helper()
		if _, err := h.Other(t.Context(), boss, b.User.ID, account.Change{Admin: &admin}, nil); err != nil {
			t.Error(err)
		}
	}
	role(true)
	var user account.User
	h.Tokens = signed{user: &user}
	h.Entry.Users = &busy{h.users, func() { role(false) }}
	late := h.again(t, b)
	if late.User.Admin || user.Admin || user.ID != b.User.ID {
		t.Errorf("after the demotion the answer is %+v and the token that of %+v", late.User, user)
	}
	h.in(t, late, true)
}

// After a change of the cost both of two logins at once make the hash anew, and one is first.
func TestTwoLoginsMakeOneHashAnew(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	dearer, err := account.NewPasswords(account.PasswordConfig{Scheme: account.Bcrypt, BcryptCost: bcrypt.MinCost + 1})
	if err != nil {
		t.Fatal(err)
	}
	h.Entry.Passwords = dearer
	first := h
	var quicker account.Bundle
	h.Entry.Users = &busy{h.users, func() { quicker = first.again(t, b) }}
	h.in(t, h.again(t, b), true)
	h.in(t, quicker, true)
}

// A password that is changed meanwhile does not let its old one in, though the hash of that should have been made anew.
func TestALoginUnderWayDoesNotRestoreAPassword(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	dearer, err := account.NewPasswords(account.PasswordConfig{Scheme: account.Bcrypt, BcryptCost: bcrypt.MinCost + 1})
	if err != nil {
		t.Fatal(err)
	}
	h.Entry.Passwords = dearer
	h.Entry.Users = &busy{h.users, func() {
		change := account.PasswordChange{Current: new(password), New: new("even longer"), Confirm: new("even longer")}
		if _, err := h.Own(t.Context(), b.User.ID, "", account.Change{}, change); err != nil {
			t.Error(err)
		}
	}}
	c := account.Credentials{PhoneNumber: b.User.PhoneNumber, Password: password}
	if _, err := h.Login(t.Context(), c); !errors.Is(err, account.ErrLogin) {
		t.Errorf("the old password gives %v", err)
	}
	c.Password = "even longer"
	if _, err := h.Login(t.Context(), c); err != nil {
		t.Errorf("the new password gives %v", err)
	}
}
