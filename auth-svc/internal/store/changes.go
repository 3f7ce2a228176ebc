package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Update changes the user in one transaction, and returns the sessions that ended with it: all but one for a new
// password, all for another role. It returns account.ErrNotFound, revision.ErrStale, account.ErrPhoneTaken, or
// account.ErrPassword when the password is not the replaced one any more.
func (s Users) Update(ctx context.Context, id int64, u account.Update) (now account.User, ended []string, err error) {
	err = s.outbox.Write(ctx, []string{usersTag}, func(tx pgx.Tx) error {
		const lock = `SELECT ` + userColumns + ` FROM auth.users WHERE id = @id AND deleted_at IS NULL FOR UPDATE`
		before, err := postgres.One[account.User](ctx, tx, "locking a user", account.ErrNotFound, lock, pgx.StrictNamedArgs{"id": id})
		if err != nil {
			return err
		}
		if err := u.From.Check(before.Revision()); err != nil {
			return err
		}
		if u.Replaced != nil && before.PasswordHash != *u.Replaced {
			return account.ErrPassword
		}
		const change = `UPDATE auth.users SET name = coalesce(@name, name), surname = coalesce(@surname, surname),
				phone_number = coalesce(@phone, phone_number), is_admin = coalesce(@admin, is_admin),
				password_hash = coalesce(@hash, password_hash), updated_at = now()
			WHERE id = @id RETURNING ` + userColumns
		now, err = postgres.One[account.User](ctx, tx, "changing a user", account.ErrNotFound, change, pgx.StrictNamedArgs{
			"id": id, "name": u.Name, "surname": u.Surname, "phone": u.PhoneNumber, "admin": u.Admin, "hash": u.Password,
		})
		if err != nil {
			return taken(err)
		}
		if now.Admin != before.Admin || u.Password != nil {
			ended, err = revokeAll(ctx, tx, id, u.Keep)
		}
		return err
	})
	return now, ended, err
}

// Delete leaves nothing personal of the user; the row stays for the orders that name its id. It returns the sessions that
// ended with it, or account.ErrNotFound.
func (s Users) Delete(ctx context.Context, id int64) (ended []string, err error) {
	err = s.outbox.Write(ctx, []string{usersTag}, func(tx pgx.Tx) error {
		const anonymise = `UPDATE auth.users SET name = '', surname = '', phone_number = NULL, password_hash = '',
				is_admin = false, deleted_at = now(), updated_at = now()
			WHERE id = @id AND deleted_at IS NULL`
		args := pgx.StrictNamedArgs{"id": id}
		tag, err := tx.Exec(ctx, anonymise, args)
		if err != nil {
			return fmt.Errorf("deleting a user: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return account.ErrNotFound
		}
		if _, err := tx.Exec(ctx, `DELETE FROM auth.reset_codes WHERE user_id = @id`, args); err != nil {
			return fmt.Errorf("deleting the reset code of a user: %w", err)
		}
		ended, err = revokeAll(ctx, tx, id, "")
		return err
	})
	return ended, err
}

// revokeAll ends the sessions of a user but for keep, and returns their ids.
func revokeAll(ctx context.Context, tx pgx.Tx, userID int64, keep string) ([]string, error) {
	const query = `UPDATE auth.sessions SET revoked_at = now()
		WHERE user_id = @user AND revoked_at IS NULL AND id <> @keep AND expires_at > now() RETURNING id`
	rows, err := tx.Query(ctx, query, pgx.StrictNamedArgs{"user": userID, "keep": keep})
	if err != nil {
		return nil, fmt.Errorf("ending sessions: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("ending sessions: %w", err)
	}
	return ids, nil
}
