package store

import (
	"log/slog"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/invalidation"
)

// usersTag is the tag of every list of users, which shows all of a user but the password.
const usersTag = "users"

// NewOutbox returns the outbox that all writes to db record their tags in.
func NewOutbox(db *pgxpool.Pool, rdb redis.UniversalClient, reg prometheus.Registerer, log *slog.Logger) *invalidation.Outbox {
	return invalidation.New(invalidation.Setup{
		DB: db, Redis: rdb, Table: "auth.invalidations", Kinds: []string{usersTag}, Registry: reg, Log: log,
	})
}
