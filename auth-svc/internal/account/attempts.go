package account

import (
	"context"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrTooMany is returned for an attempt too many. It says when to come back, and not whether there is such a user.
var ErrTooMany = fault.New(fault.Throttled, "too-many-attempts", "There were too many attempts.")

// Credentials are what somebody logs in with, and where they are.
type Credentials struct {
	PhoneNumber, Password string
	Address               string // of the network; not what they say, but what we know
}

// EntryAttempts bounds how often people may try to get in.
type EntryAttempts interface {
	// Login lets a login be tried, or returns ErrTooMany. done must be called with what comes of it.
	Login(ctx context.Context, number, address string) (done func(error), err error)

	// Remember keeps that somebody got into the account at the address.
	Remember(ctx context.Context, number, address string)
}

// RecoveryAttempts bounds how often people may try to choose a new password.
type RecoveryAttempts interface {
	// Forgot lets a code be asked for, or returns ErrTooMany.
	Forgot(ctx context.Context, number, address string) error

	// Reset lets a code be tried, or returns ErrTooMany. done must be called with what comes of it.
	Reset(ctx context.Context, number, address string) (done func(error), err error)
}
