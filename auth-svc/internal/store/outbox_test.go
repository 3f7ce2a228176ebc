package store_test

import (
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Every write of what a list of users shows returns after the lists were bumped, and nothing else bumps them.
func TestEveryWriteBumpsTheUsers(t *testing.T) {
	t.Parallel()
	h := open(t)
	was := ""
	step := func(what string, err error, want bool) {
		t.Helper()
		now := h.rdb.Get(t.Context(), stamp.Key("users")).Val()
		if err != nil || (now != was) != want {
			t.Errorf("%s: %v, bumped %v, want %v", what, err, now != was, want)
		}
		was = now
	}
	step("a first round", h.outbox.Round(t.Context()), false)
	b := h.guest(t)
	step("register", nil, true)
	_, err := h.Login(t.Context(), account.Credentials{PhoneNumber: b.User.PhoneNumber, Password: password})
	step("log in", err, false)
	_, err = h.Own(t.Context(), b.User.ID, "", account.Change{Name: new("Nodira")}, account.PasswordChange{})
	step("change oneself", err, true)
	_, err = h.Other(t.Context(), 99, b.User.ID, account.Change{Admin: new(true)}, nil)
	step("change another", err, true)
	n := h.code(t, b)
	step("forget the password", nil, false)
	step("reset it", h.Reset(t.Context(), n), true)
	if h.Reset(t.Context(), n) == nil {
		t.Error("a code was used twice")
	}
	step("reset it again", nil, false)
	h.rdb.Away.Store(true)
	err = h.Delete(t.Context(), 99, b.User.ID)
	h.rdb.Away.Store(false)
	step("delete without Redis", err, false)
	step("a round", h.outbox.Round(t.Context()), true)

	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), `UPDATE auth.invalidations SET done_at = now() - interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	step("another round", h.outbox.Round(t.Context()), false)
	var rows int
	if err := h.db.QueryRow(t.Context(), `SELECT count(*) FROM auth.invalidations`).Scan(&rows); rows != 0 || err != nil {
		t.Errorf("%d old rows are left, %v", rows, err)
	}
}
