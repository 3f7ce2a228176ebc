package store

import (
	"log/slog"
	"strconv"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/invalidation"
)

// The tags of what writes change. Copies of lists carry the plural; a copy of one thing carries the singular, by which all
// of them can be made worthless at once, and the singular with its id.
const (
	slippersTag   = "slippers"
	slipperTag    = "slipper"
	categoriesTag = "categories"
	categoryTag   = "category"
)

func tagOf(kind string, id int64) string { return kind + ":" + strconv.FormatInt(id, 10) }

// slipperTags are those of a change by an admin: the slipper, and every list that may show it.
func slipperTags(id int64) []string { return []string{slippersTag, tagOf(slipperTag, id)} }

// categoryTags are those of a change of a category, whose name its slippers show, on their pages and in lists.
func categoryTags(id int64) []string {
	return []string{categoriesTag, tagOf(categoryTag, id), slippersTag, slipperTag}
}

// NewOutbox returns the outbox that all writes to db record their tags in.
func NewOutbox(db *pgxpool.Pool, rdb redis.UniversalClient, reg prometheus.Registerer, log *slog.Logger) *invalidation.Outbox {
	return invalidation.New(invalidation.Setup{
		DB: db, Redis: rdb, Table: "catalog.invalidations",
		Kinds: []string{slippersTag, slipperTag, categoriesTag, categoryTag}, Registry: reg, Log: log,
	})
}
