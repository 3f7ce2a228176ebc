package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

// Who reads the users page by page sees each, though one that has been read is deleted meanwhile.
func TestCursorsSkipNoUserWhenOthersGo(t *testing.T) {
	t.Parallel()
	h := open(t)
	var want []int64
	for range 5 {
		u, err := h.users.Create(t.Context(), account.User{Name: "Aziza", Surname: "Karimova", PhoneNumber: number(), PasswordHash: "x"})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, u.ID)
	}
	slices.Reverse(want)
	seen := testkit.Pages(t, page.Request{Limit: 2},
		func(ctx context.Context, r page.Request) ([]account.User, int64, error) {
			return h.users.List(ctx, account.Filter{}, r)
		},
		func(u account.User) (string, int64) { return "", u.ID },
		func(p []account.User) {
			if _, err := h.users.Delete(t.Context(), p[0].ID); err != nil {
				t.Fatal(err)
			}
		})
	if !slices.Equal(seen, want) {
		t.Errorf("saw %v, want %v", seen, want)
	}
}
