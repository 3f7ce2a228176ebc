package store_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Migrate: migrations.Catalog.Up, Role: migrations.Catalog.Role})
}

// outbox returns one whose bumps nobody else sees.
func outbox(t testing.TB, db *pgxpool.Pool) *invalidation.Outbox {
	t.Helper()
	return store.NewOutbox(db, testkit.NewOwnRedis(t).Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
}

// slipper stores a sound slipper with one thing changed.
func slipper(t *testing.T, db *pgxpool.Pool, change func(*catalog.Slipper)) catalog.Slipper {
	t.Helper()
	s := catalog.Slipper{Name: "Felt slipper", Size: "38-39", Price: 12_900_000, Quantity: 10}
	change(&s)
	made, err := store.NewSlippers(db, outbox(t, db)).Create(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func plain(*catalog.Slipper) {}

func category(t *testing.T, db *pgxpool.Pool, name string) catalog.Category {
	t.Helper()
	c, err := store.NewCategories(db, outbox(t, db)).Create(t.Context(), catalog.Category{Name: name, IsActive: true})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// balanced fails the test unless all stock is accounted for.
func balanced(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	wrong, err := store.NewStock(db, outbox(t, db), nil).Imbalances(context.WithoutCancel(t.Context()))
	if err != nil || len(wrong) > 0 {
		t.Errorf("stock that its history does not explain: %+v, %v", wrong, err)
	}
}

func names(slippers []catalog.Slipper) string {
	var all []string
	for _, s := range slippers {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}
