package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// A call under a key is any other write than an order: its answer is kept, and nothing else of it needs to be.

// begunCall is a key that is this attempt's.
type begunCall struct{ CreatedAt time.Time }

// foundCall is a key that another attempt has begun.
type foundCall struct {
	Same   bool // request
	Answer json.RawMessage
}

// BeginCall takes a key for an attempt, and says when the first one took it, or returns the answer of an earlier one. It returns
// order.ErrKeyReused or order.ErrInProgress.
func (s *Keys) BeginCall(ctx context.Context, user int64, key order.Key, attempt uuid.UUID) (json.RawMessage, time.Time, error) {
	const begin = `
		WITH resumed AS (
			UPDATE orders.idempotency_keys SET locked_until = now() + @lease::interval, reservation_id = @attempt
			WHERE user_id = @user AND key = @key AND fingerprint = @fingerprint AND finished_at IS NULL AND locked_until <= now()
			RETURNING created_at
		), begun AS (
			INSERT INTO orders.idempotency_keys (user_id, key, fingerprint, reservation_id, lines, locked_until)
			SELECT @user, @key, @fingerprint, @attempt, '[]', now() + @lease::interval WHERE NOT EXISTS (SELECT FROM resumed)
			ON CONFLICT DO NOTHING RETURNING created_at
		)
		SELECT created_at FROM resumed UNION ALL SELECT created_at FROM begun`
	const earlier = `
		SELECT fingerprint = @fingerprint AS same, answer FROM orders.idempotency_keys WHERE user_id = @user AND key = @key`

	args := pgx.StrictNamedArgs{"user": user, "key": key.Value, "fingerprint": key.Fingerprint, "attempt": attempt, "lease": lease}
	mine, err := postgres.One[begunCall](ctx, s.db, "beginning a call", pgx.ErrNoRows, begin, args)
	if !errors.Is(err, pgx.ErrNoRows) {
		return nil, mine.CreatedAt, err
	}
	delete(args, "attempt")
	delete(args, "lease")
	f, err := postgres.One[foundCall](ctx, s.db, "reading a call", order.ErrInProgress, earlier, args)
	switch {
	case err != nil:
		return nil, time.Time{}, err
	case !f.Same:
		return nil, time.Time{}, order.ErrKeyReused
	case f.Answer == nil:
		return nil, time.Time{}, order.ErrInProgress
	}
	return f.Answer, time.Time{}, nil
}

// EndCall keeps the answer of an attempt, or with nil lets the next one go on at once.
func (s *Keys) EndCall(ctx context.Context, user int64, key order.Key, attempt uuid.UUID, answer json.RawMessage) error {
	const finish = `
		UPDATE orders.idempotency_keys SET finished_at = now(), answer = @answer
		WHERE user_id = @user AND key = @key AND reservation_id = @attempt AND finished_at IS NULL`
	const unlock = `
		UPDATE orders.idempotency_keys SET locked_until = now()
		WHERE user_id = @user AND key = @key AND reservation_id = @attempt AND finished_at IS NULL`

	query, args := unlock, pgx.StrictNamedArgs{"user": user, "key": key.Value, "attempt": attempt}
	if answer != nil {
		query, args["answer"] = finish, answer
	}
	if _, err := s.db.Exec(ctx, query, args); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("ending a call: %w", err)
	}
	return nil
}
