package store

import (
	"log/slog"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/invalidation"
)

// The tags of what writes change: the lists of one user's orders, which carry the user's id, and the lists of all.
const (
	userTag = "orders:user:"
	allTag  = "orders:all"
)

func tagOf(userID int64) string { return userTag + strconv.FormatInt(userID, 10) }

func orderTags(userID int64) []string { return []string{allTag, tagOf(userID)} }

// NewOutbox returns the outbox that all writes to db record their tags in.
func NewOutbox(db *pgxpool.Pool, rdb redis.UniversalClient, reg prometheus.Registerer, log *slog.Logger) *invalidation.Outbox {
	return invalidation.New(invalidation.Setup{
		DB: db, Redis: rdb, Table: "orders.invalidations", Kinds: []string{"orders"}, Registry: reg, Log: log,
	})
}
