package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

const (
	// lease is how long an attempt holds its key. It is far above every request's deadline: one that is taken over has ended.
	lease = time.Minute

	// keyLife is how long an answer is kept.
	keyLife = 24 * time.Hour
)

// Keys keeps what requests with an Idempotency-Key intend, and what came of them.
type Keys struct {
	db     *pgxpool.Pool
	outbox *invalidation.Outbox
}

// NewKeys returns the keys of db.
func NewKeys(db *pgxpool.Pool, o *invalidation.Outbox) *Keys { return &Keys{db, o} }

// begun is the work of an attempt.
type begun struct {
	ReservationID uuid.UUID
	Lines         []order.Line
}

// Begin commits the intent of r, or takes over one whose attempt broke off, in one round trip: what to order is read from
// the cart in the same moment. It returns what came of an earlier attempt, or order.ErrCartEmpty, ErrKeyReused or
// ErrInProgress.
func (s *Keys) Begin(ctx context.Context, r order.Request, reservation uuid.UUID) (order.Intent, error) {
	const query = `
		WITH resumed AS (
			UPDATE orders.idempotency_keys SET locked_until = now() + @lease::interval
			WHERE user_id = @user AND key = @key AND fingerprint = @fingerprint AND finished_at IS NULL AND locked_until <= now()
			RETURNING reservation_id, lines
		), wanted AS (
			SELECT coalesce(@lines::jsonb, (
				SELECT jsonb_agg(jsonb_build_object('slipper_id', i.slipper_id, 'quantity', i.quantity) ORDER BY i.slipper_id)
				FROM orders.carts c JOIN orders.cart_items i ON i.cart_id = c.id WHERE c.user_id = @user)) AS lines
		), begun AS (
			INSERT INTO orders.idempotency_keys (user_id, key, fingerprint, reservation_id, lines, locked_until)
			SELECT @user, @key, @fingerprint, @reservation, lines, now() + @lease::interval FROM wanted
			WHERE lines IS NOT NULL AND NOT EXISTS (SELECT FROM resumed)
			ON CONFLICT DO NOTHING RETURNING reservation_id, lines
		)
		SELECT reservation_id, lines FROM resumed UNION ALL SELECT reservation_id, lines FROM begun`

	var lines []byte
	if r.Lines != nil {
		var err error
		if lines, err = json.Marshal(r.Lines); err != nil {
			return order.Intent{}, fmt.Errorf("encoding the lines of a key: %w", err)
		}
	}
	work, err := postgres.One[begun](ctx, s.db, "beginning a key", pgx.ErrNoRows, query, pgx.StrictNamedArgs{
		"user": r.Buyer.ID, "key": r.Key.Value, "fingerprint": r.Key.Fingerprint,
		"reservation": reservation, "lines": lines, "lease": lease,
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return s.earlier(ctx, r)
	}
	return order.Intent{ReservationID: work.ReservationID, Lines: work.Lines}, err
}

// found is a key that another attempt has begun.
type found struct {
	Same    bool // request
	Answer  *order.Order
	Refusal *order.Refusal
}

// earlier returns what came of the first request with the key of r.
func (s *Keys) earlier(ctx context.Context, r order.Request) (order.Intent, error) {
	const query = `
		SELECT fingerprint = @fingerprint AS same, answer, refusal
		FROM orders.idempotency_keys WHERE user_id = @user AND key = @key`

	// No key means that none was begun, which only an empty cart prevents.
	f, err := postgres.One[found](ctx, s.db, "reading a key", order.ErrCartEmpty, query, pgx.StrictNamedArgs{
		"user": r.Buyer.ID, "key": r.Key.Value, "fingerprint": r.Key.Fingerprint,
	})
	switch {
	case errors.Is(err, order.ErrCartEmpty) && r.Lines != nil:
		return order.Intent{}, order.ErrInProgress // it was there, and its time ended just now
	case err != nil:
		return order.Intent{}, err
	case !f.Same:
		return order.Intent{}, order.ErrKeyReused
	case f.Answer == nil && f.Refusal == nil:
		return order.Intent{}, order.ErrInProgress
	case f.Answer != nil:
		s.outbox.Publish(ctx, invalidation.Pending{Tags: orderTags(r.Buyer.ID)}) // who placed it may not have come to that
	}
	return order.Intent{Done: &order.Outcome{Order: f.Answer, Refusal: f.Refusal}}, nil
}

// Renew gives an intent another reservation. It returns order.ErrInProgress when the key is not this attempt's any more.
func (s *Keys) Renew(ctx context.Context, r order.Request, from, to uuid.UUID) error {
	const query = `
		UPDATE orders.idempotency_keys SET reservation_id = @to
		WHERE user_id = @user AND key = @key AND reservation_id = @reservation AND finished_at IS NULL`

	return s.update(ctx, query, r, from, pgx.StrictNamedArgs{"to": to})
}

// Refuse finishes an intent without an order. It returns order.ErrInProgress when the key is not this attempt's any more.
func (s *Keys) Refuse(ctx context.Context, r order.Request, reservation uuid.UUID, why order.Refusal) error {
	const query = `
		UPDATE orders.idempotency_keys SET finished_at = now(), refusal = @refusal
		WHERE user_id = @user AND key = @key AND reservation_id = @reservation AND finished_at IS NULL`

	return s.update(ctx, query, r, reservation, pgx.StrictNamedArgs{"refusal": why})
}

// Unlock lets the next attempt go on at once.
func (s *Keys) Unlock(ctx context.Context, r order.Request, reservation uuid.UUID) error {
	const query = `
		UPDATE orders.idempotency_keys SET locked_until = now()
		WHERE user_id = @user AND key = @key AND reservation_id = @reservation AND finished_at IS NULL`

	err := s.update(ctx, query, r, reservation, pgx.StrictNamedArgs{})
	if errors.Is(err, order.ErrInProgress) {
		return nil // there is nothing to unlock
	}
	return err
}

func (s *Keys) update(ctx context.Context, query string, r order.Request, reservation uuid.UUID, args pgx.StrictNamedArgs) error {
	args["user"], args["key"], args["reservation"] = r.Buyer.ID, r.Key.Value, reservation
	tag, err := s.db.Exec(ctx, query, args)
	if err != nil {
		return fmt.Errorf("updating the key of reservation %s: %w", reservation, err)
	}
	if tag.RowsAffected() == 0 {
		return order.ErrInProgress
	}
	return nil
}

// forgottenAtOnce is how many keys one statement deletes.
const forgottenAtOnce = 1000

// Forget deletes a few of the keys whose time is over, and says how many. What an unfinished one has reserved expires in
// catalog-svc.
func (s *Keys) Forget(ctx context.Context) (int64, error) {
	const query = `
		WITH old AS (
			SELECT user_id, key FROM orders.idempotency_keys
			WHERE created_at < now() - @life::interval AND (finished_at IS NOT NULL OR locked_until < now())
			ORDER BY created_at LIMIT @most FOR UPDATE SKIP LOCKED
		)
		DELETE FROM orders.idempotency_keys k USING old WHERE k.user_id = old.user_id AND k.key = old.key`

	tag, err := s.db.Exec(ctx, query, pgx.StrictNamedArgs{"life": keyLife, "most": forgottenAtOnce})
	if err != nil {
		return 0, fmt.Errorf("forgetting keys: %w", err)
	}
	return tag.RowsAffected(), nil
}
