package postgres_test

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/slippers-api/slippers/kit/postgres"
)

func TestStatementsAreTimedAndFailuresCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	cfg := config(t)
	db, err := postgres.Open(t.Context(), cfg, postgres.NewStatements(reg), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	before := timed(t, reg)

	do(t, db, `SELECT 1`, "\n\tSELECT\n\t2", `SHOW work_mem`, `SHOW TimeZone`)
	if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		do(t, tx, `CREATE TEMP TABLE pairs (size int PRIMARY KEY) ON COMMIT DROP`, `insert INTO pairs VALUES (38)`, `UPDATE pairs SET size = 39`,
			`WITH old AS (SELECT * FROM pairs) DELETE FROM pairs`)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var batch pgx.Batch
	batch.Queue(`SELECT 1`)
	batch.Queue(`SELECT 2`)
	if err := db.SendBatch(t.Context(), &batch).Close(); err != nil {
		t.Fatal(err)
	}

	got := timed(t, reg)
	for operation, n := range before {
		got[operation] -= n
	}
	delete(got, "connect") // the pool may open another
	want := map[string]uint64{"select": 2, "other": 3, "begin": 1, "insert": 1, "update": 1, "with": 1, "commit": 1, "batch": 1}
	maps.DeleteFunc(got, func(_ string, n uint64) bool { return n == 0 })
	if !maps.Equal(got, want) {
		t.Errorf("timed %v, want %v", got, want)
	}
	if before["connect"] == 0 {
		t.Error("no connection was timed")
	}

	for _, wrong := range []string{`SELECT 1/0`, `SELECT pg_terminate_backend(pg_backend_pid())`} {
		if _, err := db.Exec(t.Context(), wrong); err == nil {
			t.Errorf("%s did not fail", wrong)
		}
	}
	c, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := c.Exec(gone, `SELECT 1`); !errors.Is(err, context.Canceled) {
		t.Errorf("without its caller = %v", err)
	}
	failed := failures(t, reg)
	for code, want := range map[string]float64{"22012": 1, "57P01": 1, "40P01": 0, "connection": 0} {
		if n, ok := failed[code]; !ok || n != want {
			t.Errorf("%s failed %v times (known: %t), want %v", code, n, ok, want)
		}
	}
}

func TestConnectionsThatFailAreCounted(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	cfg := config(t)
	at, err := url.Parse(cfg.URL)
	if err != nil {
		t.Fatal(err)
	}
	at.Path += "_that_is_not_there"
	cfg.URL = at.String()
	if db, err := postgres.Open(t.Context(), cfg, postgres.NewStatements(reg)); err == nil {
		db.Close()
		t.Fatal("it was reached")
	}
	if got := failures(t, reg)["3D000"]; got == 0 {
		t.Errorf("a database that is not there counts as %v", failures(t, reg))
	}
}

// timed are how many operations were timed, by operation.
func timed(t *testing.T, reg *prometheus.Registry) map[string]uint64 {
	t.Helper()
	all := map[string]uint64{}
	for operation, m := range family(t, reg, "db_client_operation_duration_seconds") {
		all[operation] = m.GetHistogram().GetSampleCount()
	}
	return all
}

// failures are how many operations failed, by code.
func failures(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for code, m := range family(t, reg, "db_client_errors_total") {
		all[code] = m.GetCounter().GetValue()
	}
	return all
}

// family are the metrics of a name, by the value of their only label.
func family(t *testing.T, reg *prometheus.Registry, name string) map[string]*dto.Metric {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.Metric{}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			all[m.GetLabel()[0].GetValue()] = m
		}
	}
	return all
}
