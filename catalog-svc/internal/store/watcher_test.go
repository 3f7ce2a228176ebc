package store_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
)

// A balance that cannot be made is not told as zero, and hides nothing of the rest.
func TestTheStockIsWatched(t *testing.T) {
	t.Parallel()
	db := testkit.Postgres(t)
	s := slipper(t, db, plain)
	if _, err := db.Exec(t.Context(), `UPDATE catalog.slippers SET quantity = 0 WHERE id = $1`, s.ID); err != nil {
		t.Fatal(err)
	}
	super, reg := testkit.Superuser(t, db), prometheus.NewRegistry()
	w := store.NewWatcher(store.WatchConfig{Every: time.Hour, Balance: time.Hour}, db, store.NewStock(db, outbox(t, db), nil), reg, slog.New(slog.DiscardHandler))
	told := func() map[string]float64 {
		t.Helper()
		families, err := reg.Gather()
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				name := f.GetName()
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				all[name] = m.GetGauge().GetValue()
			}
		}
		return all
	}
	if _, err := super.Exec(t.Context(), `REVOKE SELECT ON catalog.stock_movements FROM `+migrations.Catalog.Role); err != nil {
		t.Fatal(err)
	}
	if err := w.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "balance: ") {
		t.Errorf("got %v", err)
	}
	got := told()
	if n := testutil.CollectAndCount(reg, "stock_imbalances"); n != 0 || got["slippers_out_of_stock"] != 1 ||
		got["watch_last_success_timestamp_seconds stock"] == 0 || got["watch_last_success_timestamp_seconds balance"] != 0 {
		t.Errorf("without a balance are told: %v", got)
	}
	if _, err := super.Exec(t.Context(), `GRANT SELECT ON catalog.stock_movements TO `+migrations.Catalog.Role); err != nil {
		t.Fatal(err)
	}
	if err := w.Look(t.Context()); err != nil {
		t.Error(err)
	}
	if got := told(); got["stock_imbalances"] != 1 || got["watch_last_success_timestamp_seconds balance"] == 0 {
		t.Errorf("with it: %v", got)
	}
}
