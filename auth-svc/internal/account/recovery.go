package account

import (
	"context"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrCode is returned for a code that is wrong, late, used, or was guessed at too often.
var ErrCode = fault.New(fault.Malformed, "reset-code-invalid", "The code is not valid, or not any more.")

// The rules of reset codes.
const (
	CodeLifetime = 15 * time.Minute
	CodePause    = time.Minute // before another one is sent
	CodeAttempts = 5
	codeDigits   = 8
)

// Recovery lets people choose a new password who forgot theirs.
type Recovery struct {
	Users     RecoveryUsers
	Codes     Codes
	Passwords *Passwords
	Notifier  Notifier
	Revoked   Announcer
	Attempts  RecoveryAttempts

	// Key makes codes unreadable in the database: there are too few of them for a plain hash.
	Key []byte
}

// RecoveryUsers is what Recovery needs of the users.
type RecoveryUsers interface {
	// ByPhone returns ErrNotFound.
	ByPhone(ctx context.Context, number string) (User, error)
}

// Codes keeps the one code that a user may have.
type Codes interface {
	// Put keeps a code for the user, unless the one before is younger than CodePause: then it returns false.
	Put(ctx context.Context, userID int64, code []byte) (bool, error)

	// Try counts an attempt and returns the code of the user. It returns ErrCode when there is none to try.
	Try(ctx context.Context, userID int64) (code []byte, err error)

	// Use changes the password by the code, which it spends, and ends all sessions of the user. It returns their ids, or
	// ErrCode when the code was spent meanwhile.
	Use(ctx context.Context, userID int64, code []byte, passwordHash string) (ended []string, err error)
}

// Notifier reaches a user outside of the API.
type Notifier interface {
	ResetCode(ctx context.Context, u User, code string) error
}

// CodeKey derives Recovery's Key from a secret that all replicas share.
func CodeKey(secret string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "slippers reset codes", sha256.Size)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of reset codes: %w", err)
	}
	return key, nil
}

// Forgot sends a code to the user with the phone number, if there is one. The caller, at the network address, learns nothing
// about that. It returns ErrInvalid or ErrTooMany.
func (r Recovery) Forgot(ctx context.Context, number, address string) error {
	number = strings.TrimSpace(number)
	var rules fault.Rules
	checkPhone(&rules, number)
	if err := rules.Err(ErrInvalid); err != nil {
		return err
	}
	if err := r.Attempts.Forgot(ctx, number, address); err != nil {
		return err
	}
	u, err := r.Users.ByPhone(ctx, number)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	code := newCode()
	if sent, err := r.Codes.Put(ctx, u.ID, r.mac(u.ID, code)); err != nil || !sent {
		return err
	}
	return r.Notifier.ResetCode(ctx, u, code)
}

// NewPassword is what somebody sends who has got a code.
type NewPassword struct {
	PhoneNumber, Code, Password, Confirm string
	Address                              string // of the network; not what they say, but what we know
}

// Reset changes the password and ends all sessions. It returns ErrInvalid, ErrTooMany or ErrCode.
func (r Recovery) Reset(ctx context.Context, n NewPassword) error {
	n.PhoneNumber, n.Code = strings.TrimSpace(n.PhoneNumber), strings.TrimSpace(n.Code)
	var rules fault.Rules
	checkPhone(&rules, n.PhoneNumber)
	rules.Check(len(n.Code) == codeDigits, "/code", "must have 8 digits")
	checkPassword(&rules, "/new_password", n.Password, "/confirm_new_password", n.Confirm)
	if err := rules.Err(ErrInvalid); err != nil {
		return err
	}
	done, err := r.Attempts.Reset(ctx, n.PhoneNumber, n.Address)
	if err != nil {
		return err
	}
	err = r.reset(ctx, n)
	done(err)
	return err
}

func (r Recovery) reset(ctx context.Context, n NewPassword) error {
	u, err := r.Users.ByPhone(ctx, n.PhoneNumber)
	if errors.Is(err, ErrNotFound) {
		return ErrCode
	}
	if err != nil {
		return err
	}
	code, err := r.Codes.Try(ctx, u.ID)
	if err != nil {
		return err
	}
	if !hmac.Equal(code, r.mac(u.ID, n.Code)) {
		return ErrCode
	}
	hash, err := r.Passwords.Hash(ctx, n.Password)
	if err != nil {
		return err
	}
	ended, err := r.Codes.Use(ctx, u.ID, code, hash)
	if err != nil {
		return err
	}
	return r.Revoked.Announce(ctx, ended...)
}

func (r Recovery) mac(userID int64, code string) []byte {
	h := hmac.New(sha256.New, r.Key)
	fmt.Fprintf(h, "%d %s", userID, code)
	return h.Sum(nil)
}

// newCode returns digits, each as likely as any other.
func newCode() string {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(codeDigits), nil)
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // crypto/rand never fails
	}
	return fmt.Sprintf("%0*d", codeDigits, n)
}
