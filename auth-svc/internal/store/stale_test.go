package store_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/revision"
)

// Of administrators who change a user from what all of them read, one does; the others must look again.
func TestNoChangeOfAUserIsLost(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, admin := h.guest(t), h.guest(t).User.ID
	var changed, stale atomic.Int32
	var wg sync.WaitGroup
	for _, name := range []string{"Zuhra", "Nodira", "Malika", "Lola"} {
		wg.Go(func() {
			switch _, err := h.Other(t.Context(), admin, b.User.ID, account.Change{Name: &name}, revision.Expected{b.User.Revision()}); {
			case err == nil:
				changed.Add(1)
			case errors.Is(err, revision.ErrStale):
				stale.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if changed.Load() != 1 || stale.Load() != 3 {
		t.Errorf("%d changed it and %d were too late, want 1 and 3", changed.Load(), stale.Load())
	}
	now, err := h.users.Get(t.Context(), b.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Other(t.Context(), admin, b.User.ID, account.Change{Name: new("Feruza")}, revision.Expected{now.Revision()}); err != nil {
		t.Errorf("who has looked again: %v", err)
	}
}
