package store_test

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
	"github.com/slippers-api/slippers/kit/batch"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

// A list of users is a copy until a write, whose answer nobody who asks later reads the list from before of, at any
// replica. Each list has its own copy, without password hashes.
func TestListsOfUsersAreCopiesUntilAWrite(t *testing.T) {
	t.Parallel()
	h := open(t)
	replica := func() store.CachedUsers {
		reg := prometheus.NewRegistry()
		c, err := cache.Open(cache.Setup{
			Config: cache.Config{Bytes: 1 << 20, Slots: 64}, Batch: batch.New(h.rdb.Client, reg), Redis: h.rdb.Client, Registry: reg, Log: slog.New(slog.DiscardHandler),
		})
		if err != nil {
			t.Fatal(err)
		}
		return store.NewCachedUsers(h.users, c)
	}
	one, two := replica(), replica()
	first := page.Request{Limit: 10}
	list := func(f account.Filter, r page.Request, want ...string) {
		t.Helper()
		for _, s := range []store.CachedUsers{one, two, one} {
			users, total, err := s.List(t.Context(), f, r)
			if err != nil || total != int64(len(want)) && r == first || len(users) != len(want) {
				t.Errorf("%d of %d users, %v, want %v", len(users), total, err, want)
				continue
			}
			for i, u := range users {
				if u.Name != want[i] || u.PasswordHash != "" {
					t.Errorf("user %d is %+v, want %s", i, u, want[i])
				}
			}
		}
	}
	b := h.guest(t)
	list(account.Filter{}, first, "Aziza")

	// What nobody has announced shows who read a copy.
	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), `UPDATE auth.users SET name = 'Behind'`); err != nil {
		t.Fatal(err)
	}
	list(account.Filter{}, first, "Aziza")
	list(account.Filter{Search: "Behind"}, first, "Behind")
	list(account.Filter{Admin: new(true)}, first)
	list(account.Filter{}, page.Request{Limit: 10, Skip: 1})

	if _, err := h.Other(t.Context(), 99, b.User.ID, account.Change{Name: new("Nodira"), Admin: new(true)}, nil); err != nil {
		t.Fatal(err)
	}
	list(account.Filter{}, first, "Nodira")
	list(account.Filter{Admin: new(true)}, first, "Nodira")
	list(account.Filter{Search: "Behind"}, first)
	if err := h.Delete(t.Context(), 99, b.User.ID); err != nil {
		t.Fatal(err)
	}
	list(account.Filter{}, first)
	h.rdb.Away.Store(true)
	list(account.Filter{}, first)
}
