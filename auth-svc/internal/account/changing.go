package account

import (
	"context"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/revision"
)

// ErrPassword is returned for a new password that was asked for without the right old one.
var ErrPassword = fault.New(fault.Invalid, "current-password-wrong", "The current password is wrong.").
	WithBroken(fault.Broken{Pointer: "/current_password", Detail: "is wrong"})

// Changing is how users are changed and deleted, by themselves and by administrators.
type Changing struct {
	Users     ChangingUsers
	Passwords *Passwords
	Revoked   Announcer
	Attempts  ChangingAttempts
}

// ChangingAttempts bounds how often a current password may be guessed.
type ChangingAttempts interface {
	// Login lets a password be tried, as a login does, or returns ErrTooMany. done must be called with what comes of it.
	Login(ctx context.Context, number, address string) (done func(error), err error)
}

// ChangingUsers is what Changing needs of the users.
type ChangingUsers interface {
	// Get returns ErrNotFound.
	Get(ctx context.Context, id int64) (User, error)

	// Update changes the user in one transaction, and returns the sessions that ended with it. It returns ErrNotFound,
	// revision.ErrStale, ErrPhoneTaken, or ErrPassword when the password is not the replaced one any more.
	Update(ctx context.Context, id int64, u Update) (User, []string, error)

	// Delete leaves nothing personal of the user, and returns the sessions that ended with it, or ErrNotFound.
	Delete(ctx context.Context, id int64) (ended []string, err error)
}

// Update is a change of a user with all that follows from it.
type Update struct {
	Change

	// From is what the change may start from.
	From revision.Expected

	// Replaced and Password are the old and the new password hash; nil leaves it.
	Replaced, Password *string

	// Keep is the session that a new password does not end.
	Keep string
}

// Own changes the user who asks, in the session sid. A new password ends their other sessions. It returns ErrInvalid,
// ErrTooMany, ErrPassword, ErrPhoneTaken or ErrNotFound.
func (c Changing) Own(ctx context.Context, id int64, sid string, change Change, p PasswordChange) (User, error) {
	change = change.Trimmed()
	if err := ValidateOwn(change, p); err != nil {
		return User{}, err
	}
	update := Update{Change: change, Keep: sid}
	if p.Wanted() {
		u, err := c.Users.Get(ctx, id)
		if err != nil {
			return User{}, err
		}
		if err := c.prove(ctx, u, p); err != nil {
			return User{}, err
		}
		hash, err := c.Passwords.Hash(ctx, *p.New)
		if err != nil {
			return User{}, err
		}
		update.Replaced, update.Password = &u.PasswordHash, &hash
	}
	return c.update(ctx, id, update)
}

// prove shows that the password is the user's. It counts as a login: a stolen access token must not be worth more tries.
func (c Changing) prove(ctx context.Context, u User, p PasswordChange) error {
	done, err := c.Attempts.Login(ctx, u.PhoneNumber, p.Address)
	if err != nil {
		return err
	}
	ok, _, err := c.Passwords.Match(ctx, u.PasswordHash, *p.Current)
	if err == nil && !ok {
		err = ErrPassword
	}
	done(err)
	return err
}

// Other changes another user, for the administrator admin. A change of role ends the sessions of the user, whose tokens
// still name the old one. It returns ErrOneself, ErrInvalid, revision.ErrStale, ErrPhoneTaken or ErrNotFound.
func (c Changing) Other(ctx context.Context, admin, id int64, change Change, from revision.Expected) (User, error) {
	if id == admin {
		return User{}, ErrOneself
	}
	change = change.Trimmed()
	if err := change.Validate(); err != nil {
		return User{}, err
	}
	return c.update(ctx, id, Update{Change: change, From: from})
}

// Delete deletes another user, for the administrator admin. It returns ErrOneself or ErrNotFound.
func (c Changing) Delete(ctx context.Context, admin, id int64) error {
	if id == admin {
		return ErrOneself
	}
	ended, err := c.Users.Delete(ctx, id)
	if err != nil {
		return err
	}
	return c.Revoked.Announce(ctx, ended...)
}

func (c Changing) update(ctx context.Context, id int64, u Update) (User, error) {
	now, ended, err := c.Users.Update(ctx, id, u)
	if err != nil {
		return User{}, err
	}
	if err := c.Revoked.Announce(ctx, ended...); err != nil {
		return User{}, err
	}
	return now, nil
}
