package store_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestARefreshTokenIsGoodForOneUse(t *testing.T) {
	t.Parallel()
	h := open(t)
	first := h.guest(t)
	second, err := h.Refresh(t.Context(), account.Secret(first.RefreshToken))
	if err != nil || second.AccessToken != first.AccessToken || second.RefreshToken == first.RefreshToken || second.User != first.User {
		t.Fatalf("refreshing gives %+v, %v", second, err)
	}
	third, err := h.Refresh(t.Context(), account.Secret(second.RefreshToken))
	if err != nil {
		t.Fatal(err)
	}
	other := h.again(t, first)
	if _, err := h.Refresh(t.Context(), account.Secret(first.RefreshToken)); !errors.Is(err, account.ErrRefresh) {
		t.Errorf("a spent token gives %v", err)
	}
	h.in(t, third, false) // thief or owner: nobody can tell, so both are out
	h.in(t, other, true)  // and the user's other session has nothing to do with it
	if !slices.Equal(h.heard.ended, []string{first.AccessToken}) {
		t.Errorf("announced %v, want %s", h.heard.ended, first.AccessToken)
	}
	if _, err := h.Refresh(t.Context(), "made up"); !errors.Is(err, account.ErrRefresh) {
		t.Errorf("a token made up gives %v", err)
	}
}

func TestOfTwentyWithOneTokenOneIsFirst(t *testing.T) {
	t.Parallel()
	h := open(t)
	connected(t, h.db, 20)
	for range 5 {
		b := h.guest(t)
		var fresh, refused atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				switch _, err := h.Refresh(t.Context(), account.Secret(b.RefreshToken)); {
				case err == nil:
					fresh.Add(1)
				case errors.Is(err, account.ErrRefresh):
					refused.Add(1)
				default:
					t.Errorf("refreshing: %v", err)
				}
			})
		}
		wg.Wait()
		if fresh.Load() != 1 || refused.Load() != 19 {
			t.Errorf("%d got tokens and %d did not, want 1 and 19", fresh.Load(), refused.Load())
		}
		h.in(t, b, false)
	}
}

// connected makes n connections at once, so that those who come next do not queue for them.
func connected(t *testing.T, db *pgxpool.Pool, n int) {
	t.Helper()
	for range n {
		c, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
	}
}

func TestSessionsEndByThemselves(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	if left := time.Until(b.RefreshExpires); left > 8*time.Hour || left < 7*time.Hour {
		t.Errorf("the refresh token outlives the session: %s", left)
	}
	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), `UPDATE auth.sessions SET expires_at = now()`); err != nil {
		t.Fatal(err)
	}
	h.in(t, b, false)
	if n, err := h.sessions.Forget(t.Context()); n != 0 || err != nil {
		t.Errorf("forgot %d sessions that ended just now, %v", n, err)
	}
	if _, err := testkit.Superuser(t, h.db).Exec(t.Context(), `UPDATE auth.sessions SET expires_at = now() - interval '25 hours'`); err != nil {
		t.Fatal(err)
	}
	if n, err := h.sessions.Forget(t.Context()); n != 1 || err != nil {
		t.Errorf("forgot %d old sessions, want 1, %v", n, err)
	}
	if n := rows(t, h, "auth.refresh_tokens"); n != 0 {
		t.Errorf("%d refresh tokens are left of no session", n)
	}
}

func TestALogoutIsSeenAndRemembered(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.guest(t)
	other := h.again(t, b)
	for range 2 { // twice is once
		if err := h.sessions.Revoke(t.Context(), b.AccessToken); err != nil {
			t.Fatal(err)
		}
	}
	h.in(t, b, false)
	h.in(t, other, true)
	since, err := h.sessions.RevokedSince(t.Context(), time.Minute)
	if err != nil || !slices.Equal(since, []string{b.AccessToken}) {
		t.Errorf("ended in the last minute: %v, %v", since, err)
	}
	if none, err := h.sessions.RevokedSince(t.Context(), 0); len(none) != 0 || err != nil {
		t.Errorf("ended in no time: %v, %v", none, err)
	}
	if active, err := h.sessions.Active(t.Context(), "made up"); active || err != nil {
		t.Errorf("a session made up goes on: %v, %v", active, err)
	}
}

func rows(t *testing.T, h house, table string) (n int) {
	t.Helper()
	if err := testkit.Superuser(t, h.db).QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
