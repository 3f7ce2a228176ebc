// Package account knows what a user, a password and a session are, and what they may become. It keeps out HTTP and SQL.
package account

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slippers-api/slippers/kit/fault"
)

// The ways that something about a user can fail.
var (
	ErrInvalid    = fault.New(fault.Invalid, "user-invalid", "The user breaks a rule.")
	ErrNotFound   = fault.New(fault.NotFound, "user-not-found", "There is no such user.")
	ErrPhoneTaken = fault.New(fault.Conflict, "phone-taken", "Another user already has this phone number.")
	ErrOneself    = fault.New(fault.Conflict, "not-on-oneself", "An administrator cannot do this to themself.")
)

// User is a person who can log in. A deleted one is no User: nothing personal of them is left.
type User struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Surname      string    `json:"surname"`
	PhoneNumber  string    `json:"phone_number"`
	PasswordHash string    `json:"-"`
	Admin        bool      `json:"is_admin"    db:"is_admin"`
	CreatedAt    time.Time `json:"created_at"`
	UpdatedAt    time.Time `json:"updated_at"`
}

// FullName is what an order keeps of its buyer.
func (u User) FullName() string { return strings.TrimSpace(u.Name + " " + u.Surname) }

// Revision changes whenever anything that a client sees of u does.
func (u User) Revision() string { return strconv.FormatInt(u.UpdatedAt.UnixMicro(), 36) }

// phone is E.164: a plus, a country code that does not begin with zero, 8 to 15 digits in all.
var phone = regexp.MustCompile(`^\+[1-9][0-9]{7,14}$`)

const (
	minName, maxName         = 2, 100
	minPassword, maxPassword = 8, 128
)

// NewUser is what somebody who registers says of themself.
type NewUser struct {
	Name, Surname, PhoneNumber, Password, Confirm string
	Address                                       string // of the network; not what they say, but what we know
}

// Trimmed returns n without the spaces that people type around names and numbers. Passwords keep theirs.
func (n NewUser) Trimmed() NewUser {
	n.Name, n.Surname, n.PhoneNumber = strings.TrimSpace(n.Name), strings.TrimSpace(n.Surname), strings.TrimSpace(n.PhoneNumber)
	return n
}

// Validate returns ErrInvalid with every broken rule.
func (n NewUser) Validate() error {
	var r fault.Rules
	checkName(&r, "/name", n.Name)
	checkName(&r, "/surname", n.Surname)
	checkPhone(&r, n.PhoneNumber)
	checkPassword(&r, "/password", n.Password, "/confirm_password", n.Confirm)
	return r.Err(ErrInvalid)
}

// Change is what may be changed about a user; nil leaves it as it is.
type Change struct {
	Name, Surname, PhoneNumber *string
	Admin                      *bool
}

// Trimmed returns c without the spaces that people type.
func (c Change) Trimmed() Change {
	for _, p := range []**string{&c.Name, &c.Surname, &c.PhoneNumber} {
		if *p != nil {
			*p = new(strings.TrimSpace(**p))
		}
	}
	return c
}

// Validate returns ErrInvalid with every broken rule.
func (c Change) Validate() error {
	var r fault.Rules
	c.check(&r)
	return r.Err(ErrInvalid)
}

func (c Change) check(r *fault.Rules) {
	if c.Name != nil {
		checkName(r, "/name", *c.Name)
	}
	if c.Surname != nil {
		checkName(r, "/surname", *c.Surname)
	}
	if c.PhoneNumber != nil {
		checkPhone(r, *c.PhoneNumber)
	}
}

// PasswordChange is how users choose a new password for themselves; all nil leaves it as it is.
type PasswordChange struct {
	Current, New, Confirm *string
	Address               string // of the network; not what they say, but what we know
}

// Wanted says whether a new password was asked for.
func (p PasswordChange) Wanted() bool { return p.Current != nil || p.New != nil || p.Confirm != nil }

// ValidateOwn returns ErrInvalid with every rule that a user's change of themself breaks.
func ValidateOwn(c Change, p PasswordChange) error {
	var r fault.Rules
	c.check(&r)
	if p.Wanted() {
		r.Check(p.Current != nil, "/current_password", "is required for a new password")
		checkPassword(&r, "/new_password", deref(p.New), "/confirm_new_password", deref(p.Confirm))
	}
	return r.Err(ErrInvalid)
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func checkName(r *fault.Rules, pointer, name string) {
	r.Check(between(name, minName, maxName), pointer, "must have 2 to 100 characters")
}

func checkPhone(r *fault.Rules, number string) {
	r.Check(phone.MatchString(number), "/phone_number", "must be in E.164 form, such as +998901234567")
}

func checkPassword(r *fault.Rules, pointer, password, confirmPointer, confirm string) {
	r.Check(between(password, minPassword, maxPassword), pointer,
		"must have "+strconv.Itoa(minPassword)+" to "+strconv.Itoa(maxPassword)+" characters")
	r.Check(confirm == password, confirmPointer, "must equal the password")
}

func between(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// Filter says which users a list has.
type Filter struct {
	Admin  *bool
	Search string // a part of name, surname or phone number; "" is all
}
