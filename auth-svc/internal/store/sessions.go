package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Sessions is the logins and their refresh tokens.
type Sessions struct{ db *pgxpool.Pool }

// NewSessions returns the sessions in db.
func NewSessions(db *pgxpool.Pool) Sessions { return Sessions{db} }

// started is a session with its user as they were when it began or went on.
type started struct {
	account.User
	SessionID string
	Ends      time.Time
}

func (s started) session() account.Session {
	return account.Session{ID: s.SessionID, UserID: s.ID, ExpiresAt: s.Ends}
}

// Start begins a session of u with its first refresh token, unless the password of u is another by now: a login that was
// under way must not outlive the change that was to end it. Then it returns account.ErrLogin. For the same reason it returns
// the user as they are now: another role, too, ends only the sessions that there are.
func (s Sessions) Start(ctx context.Context, u account.User, id string, refresh []byte, l account.Lifetimes) (account.Session, account.User, error) {
	const query = `WITH u AS (
			SELECT ` + userColumns + ` FROM auth.users WHERE id = @user AND password_hash = @hash AND deleted_at IS NULL FOR SHARE
		), s AS (
			INSERT INTO auth.sessions (id, user_id, expires_at) SELECT @id, u.id, now() + @session::interval FROM u
			RETURNING id AS session_id, expires_at AS ends
		), t AS (
			INSERT INTO auth.refresh_tokens (hash, session_id, expires_at)
			SELECT @refresh, s.session_id, least(now() + @ttl::interval, s.ends) FROM s
		)
		SELECT ` + userColumns + `, session_id, ends FROM u, s`
	now, err := postgres.One[started](ctx, s.db, "starting a session", account.ErrLogin, query, pgx.StrictNamedArgs{
		"user": u.ID, "hash": u.PasswordHash, "id": id, "session": l.Session, "refresh": refresh, "ttl": l.Refresh,
	})
	if err != nil {
		return account.Session{}, account.User{}, err
	}
	return now.session(), now.User, nil
}

// held is a refresh token with its session and user, all locked.
type held struct {
	started
	Spent bool
	Good  bool
}

// Rotate spends the refresh token with the hash spent, and makes next good in its place. It returns account.ErrRefresh.
// When a token comes back that was spent before, it ends the session and returns an account.Reused.
func (s Sessions) Rotate(ctx context.Context, spent, next []byte, l account.Lifetimes) (account.Session, account.User, error) {
	var h held
	err := pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) (err error) {
		// The session is the lock: of two that come with one token at once, the second sees it spent.
		const lock = `SELECT id FROM auth.sessions
			WHERE id = (SELECT session_id FROM auth.refresh_tokens WHERE hash = @hash) FOR UPDATE`
		if _, err := tx.Exec(ctx, lock, pgx.StrictNamedArgs{"hash": spent}); err != nil {
			return fmt.Errorf("locking a session: %w", err)
		}
		const read = `SELECT u.id, u.name, u.surname, u.phone_number, u.password_hash, u.is_admin, u.created_at, u.updated_at,
				s.id AS session_id, s.expires_at AS ends, t.spent_at IS NOT NULL AS spent,
				s.revoked_at IS NULL AND least(s.expires_at, t.expires_at) > now() AS good
			FROM auth.refresh_tokens t JOIN auth.sessions s ON s.id = t.session_id JOIN auth.users u ON u.id = s.user_id
			WHERE t.hash = @hash AND u.deleted_at IS NULL`
		h, err = postgres.One[held](ctx, tx, "reading a refresh token", account.ErrRefresh, read, pgx.StrictNamedArgs{"hash": spent})
		switch {
		case err != nil:
			return err
		case !h.Good:
			return account.ErrRefresh
		case h.Spent:
			_, err := tx.Exec(ctx, `UPDATE auth.sessions SET revoked_at = now() WHERE id = @id`, pgx.StrictNamedArgs{"id": h.SessionID})
			if err != nil {
				return fmt.Errorf("ending a session: %w", err)
			}
			return nil // commit
		}
		const turn = `WITH old AS (UPDATE auth.refresh_tokens SET spent_at = now() WHERE hash = @spent)
			INSERT INTO auth.refresh_tokens (hash, session_id, expires_at) VALUES (@next, @session, least(now() + @ttl::interval, @ends))`
		_, err = tx.Exec(ctx, turn, pgx.StrictNamedArgs{
			"spent": spent, "next": next, "session": h.SessionID, "ttl": l.Refresh, "ends": h.Ends,
		})
		if err != nil {
			return fmt.Errorf("turning a refresh token: %w", err)
		}
		return nil
	})
	switch {
	case err != nil:
		return account.Session{}, account.User{}, err
	case h.Spent:
		return account.Session{}, account.User{}, account.Reused{SessionID: h.SessionID}
	}
	return h.session(), h.User, nil
}

// Active says whether the session goes on.
func (s Sessions) Active(ctx context.Context, id string) (bool, error) {
	const query = `SELECT revoked_at IS NULL AND expires_at > now() FROM auth.sessions WHERE id = @id`
	var active bool
	err := s.db.QueryRow(ctx, query, pgx.StrictNamedArgs{"id": id}).Scan(&active)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return false, fmt.Errorf("reading a session: %w", err)
	}
	return active, nil
}

// Revoke ends the session.
func (s Sessions) Revoke(ctx context.Context, id string) error {
	const query = `UPDATE auth.sessions SET revoked_at = now() WHERE id = @id AND revoked_at IS NULL`
	if _, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"id": id}); err != nil {
		return fmt.Errorf("ending a session: %w", err)
	}
	return nil
}

// RevokedSince returns the sessions that were ended in the last while.
func (s Sessions) RevokedSince(ctx context.Context, while time.Duration) ([]string, error) {
	const query = `SELECT id FROM auth.sessions WHERE revoked_at > now() - @while::interval`
	rows, err := s.db.Query(ctx, query, pgx.StrictNamedArgs{"while": while})
	if err != nil {
		return nil, fmt.Errorf("reading ended sessions: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("reading ended sessions: %w", err)
	}
	return ids, nil
}

// Forget deletes some of the sessions and reset codes that expired more than a day ago, and returns how many.
func (s Sessions) Forget(ctx context.Context) (int64, error) {
	const query = `WITH codes AS (DELETE FROM auth.reset_codes WHERE expires_at < now() - interval '1 day')
		DELETE FROM auth.sessions WHERE id IN (
			SELECT id FROM auth.sessions WHERE expires_at < now() - interval '1 day' ORDER BY expires_at LIMIT 1000
		)`
	tag, err := s.db.Exec(ctx, query)
	if err != nil {
		return 0, fmt.Errorf("forgetting old sessions: %w", err)
	}
	return tag.RowsAffected(), nil
}
