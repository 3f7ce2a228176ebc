// Package store keeps users, sessions and reset codes in PostgreSQL. The rules that a constraint can hold are the
// tables'; the rest is the domain's.
package store

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/postgres"
)

const userColumns = `id, name, surname, phone_number, password_hash, is_admin, created_at, updated_at`

// Users is the users who have not been deleted.
type Users struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewUsers returns the users in db.
func NewUsers(db *pgxpool.Pool, o *invalidation.Outbox) Users { return Users{db, o} }

// Create stores a user and returns it as stored, or account.ErrPhoneTaken.
func (s Users) Create(ctx context.Context, u account.User) (made account.User, err error) {
	const query = `INSERT INTO auth.users (name, surname, phone_number, password_hash, is_admin)
		VALUES (@name, @surname, @phone, @hash, @admin) RETURNING ` + userColumns
	err = s.outbox.Write(ctx, []string{usersTag}, func(tx pgx.Tx) (err error) {
		made, err = postgres.One[account.User](ctx, tx, "storing a user", account.ErrNotFound, query, pgx.StrictNamedArgs{
			"name": u.Name, "surname": u.Surname, "phone": u.PhoneNumber, "hash": u.PasswordHash, "admin": u.Admin,
		})
		return taken(err)
	})
	return made, err
}

// taken names the violation of the index that keeps phone numbers unique.
func taken(err error) error {
	if postgres.Violates(err, "idx_users_phone_number") {
		return account.ErrPhoneTaken
	}
	return err
}

// Get returns the user, or account.ErrNotFound.
func (s Users) Get(ctx context.Context, id int64) (account.User, error) {
	const query = `SELECT ` + userColumns + ` FROM auth.users WHERE id = @id AND deleted_at IS NULL`
	return postgres.One[account.User](ctx, s.db, "reading a user", account.ErrNotFound, query, pgx.StrictNamedArgs{"id": id})
}

// ByPhone returns the user with the phone number, or account.ErrNotFound.
func (s Users) ByPhone(ctx context.Context, number string) (account.User, error) {
	const query = `SELECT ` + userColumns + ` FROM auth.users WHERE phone_number = @phone AND deleted_at IS NULL`
	return postgres.One[account.User](ctx, s.db, "reading a user by phone", account.ErrNotFound, query, pgx.StrictNamedArgs{"phone": number})
}

// Rehash replaces a password hash that is still from. Otherwise it returns false: another login has replaced it meanwhile, or
// the password was changed.
func (s Users) Rehash(ctx context.Context, id int64, from, to string) (bool, error) {
	const query = `UPDATE auth.users SET password_hash = @to WHERE id = @id AND password_hash = @from`
	tag, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"id": id, "from": from, "to": to})
	if err != nil {
		return false, fmt.Errorf("renewing a password hash: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// List returns the rows of a page of users (page.Request.Rows), the newest first, and how many users there are on all pages.
func (s Users) List(ctx context.Context, f account.Filter, r page.Request) ([]account.User, int64, error) {
	where, args := []string{"deleted_at IS NULL"}, pgx.StrictNamedArgs{}
	if f.Admin != nil {
		where, args["admin"] = append(where, "is_admin = @admin"), *f.Admin
	}
	if f.Search != "" {
		where = append(where, "(name || ' ' || surname || ' ' || phone_number) ILIKE @search")
		args["search"] = "%" + literally.Replace(f.Search) + "%"
	}
	count, countArgs := `SELECT count(*) FROM auth.users WHERE `+strings.Join(where, " AND "), maps.Clone(args)
	rest := ` ORDER BY id DESC LIMIT @limit`
	args["limit"] = r.Rows()
	if r.After != nil {
		where, args["after"] = append(where, "id < @after"), r.After.ID
	} else {
		rest += ` OFFSET @skip`
		args["skip"] = r.Skip
	}
	list := `SELECT ` + userColumns + ` FROM auth.users WHERE ` + strings.Join(where, " AND ") + rest
	return postgres.List[account.User](ctx, s.db, list, count, args, countArgs)
}

// literally takes from the wildcards of LIKE their meaning.
var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
