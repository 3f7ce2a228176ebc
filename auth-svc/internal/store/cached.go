package store

import (
	"context"
	"time"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/page"
)

// listTTL is how long a page of users is kept though nothing says that it has changed.
const listTTL = 180 * time.Second

// CachedUsers is Users with copies of the pages of lists. They are for administrators, who all see the same. What is not
// in a user's JSON is not in them: no list has password hashes.
type CachedUsers struct {
	Users
	lists *cache.Cache[listed]
}

// listed is the rows of a page of a list.
type listed struct {
	Rows  []account.User `json:"rows"`
	Total int64          `json:"total"`
}

// NewCachedUsers returns users whose lists are kept in c.
func NewCachedUsers(users Users, c *cache.Caches) CachedUsers {
	return CachedUsers{users, cache.New[listed](c, "users", listTTL)}
}

// List is Users.List, of a copy where there is one.
func (s CachedUsers) List(ctx context.Context, f account.Filter, r page.Request) ([]account.User, int64, error) {
	l, err := s.lists.Get(ctx, cache.Key(f, r), []string{usersTag}, func(ctx context.Context) (l listed, err error) {
		l.Rows, l.Total, err = s.Users.List(ctx, f, r)
		return l, err
	})
	return l.Rows, l.Total, err
}
