package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/invalidation"
)

// Codes is the reset codes, one for a user.
type Codes struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewCodes returns the reset codes in db.
func NewCodes(db *pgxpool.Pool, o *invalidation.Outbox) Codes { return Codes{db, o} }

// Put keeps a code for the user in place of the one before, unless that is younger than account.CodePause: then it
// returns false.
func (s Codes) Put(ctx context.Context, userID int64, code []byte) (bool, error) {
	const query = `INSERT INTO auth.reset_codes AS c (user_id, hash, expires_at) VALUES (@user, @code, now() + @ttl::interval)
		ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at, attempts = 0
		WHERE c.expires_at <= now() + @ttl::interval - @pause::interval`
	tag, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{
		"user": userID, "code": code, "ttl": account.CodeLifetime, "pause": account.CodePause,
	})
	if err != nil {
		return false, fmt.Errorf("keeping a reset code: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// Try counts an attempt and returns the code of the user. It returns account.ErrCode when there is none to try.
func (s Codes) Try(ctx context.Context, userID int64) (code []byte, err error) {
	const query = `UPDATE auth.reset_codes SET attempts = attempts + 1
		WHERE user_id = @user AND expires_at > now() AND attempts < @most RETURNING hash`
	err = s.db.QueryRow(ctx, query, pgx.StrictNamedArgs{"user": userID, "most": account.CodeAttempts}).Scan(&code)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, account.ErrCode
	case err != nil:
		return nil, fmt.Errorf("trying a reset code: %w", err)
	}
	return code, nil
}

// Use changes the password by the code, which it spends, and ends all sessions of the user. It returns their ids, or
// account.ErrCode when the code was spent meanwhile.
func (s Codes) Use(ctx context.Context, userID int64, code []byte, passwordHash string) (ended []string, err error) {
	err = s.outbox.Write(ctx, []string{usersTag}, func(tx pgx.Tx) error {
		const change = `WITH c AS (DELETE FROM auth.reset_codes WHERE user_id = @user AND hash = @code RETURNING user_id)
			UPDATE auth.users SET password_hash = @hash, updated_at = now()
			WHERE id = (SELECT user_id FROM c) AND deleted_at IS NULL`
		tag, err := tx.Exec(ctx, change, pgx.StrictNamedArgs{"user": userID, "code": code, "hash": passwordHash})
		if err != nil {
			return fmt.Errorf("using a reset code: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return account.ErrCode
		}
		ended, err = revokeAll(ctx, tx, userID, "")
		return err
	})
	return ended, err
}
