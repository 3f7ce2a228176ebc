package postgres_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/postgres"
)

func TestThePoolTellsItsNumbers(t *testing.T) {
	t.Parallel()
	cfg := config(t)
	db, err := postgres.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	reg := prometheus.NewRegistry()
	reg.MustRegister(postgres.Collector(db, cfg))
	for range 2 {
		c, err := db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		m := f.GetMetric()[0]
		got[f.GetName()] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	for name, want := range map[string]float64{
		"db_pool_size": 1, "db_pool_max_overflow": 1, "db_pool_max_connections": 2, "db_pool_connections": 2,
		"db_pool_checked_out_connections": 2, "db_pool_checked_in_connections": 0, "db_pool_overflow_connections": 1,
		"db_pool_new_connections_total": 2, "db_pool_acquires_total": 3, // one to see whether it is there
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if got["db_pool_acquire_seconds_total"] <= 0 {
		t.Error("taking connections out took no time")
	}
}
