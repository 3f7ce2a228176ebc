package postgres_test

import (
	"context"
	"testing"

	"github.com/slippers-api/slippers/kit/postgres"
)

// Only what PostgreSQL itself has refused, or was never asked, is known not to be written.
func TestRefused(t *testing.T) {
	t.Parallel()
	db, err := postgres.Open(t.Context(), config(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx   context.Context
		query string
		want  bool
	}{
		"it said no":              {t.Context(), `SELECT 1 / 0`, true},
		"it ended the connection": {t.Context(), `SELECT pg_terminate_backend(pg_backend_pid())`, false},
		"it gave up waiting":      {over, `SELECT 1`, false},
	} {
		if _, err := db.Exec(tt.ctx, tt.query); err == nil || postgres.Refused(err) != tt.want {
			t.Errorf("%s: %v is proof: %v, want %v", name, err, postgres.Refused(err), tt.want)
		}
	}
	if postgres.Refused(nil) {
		t.Error("success is a refusal")
	}
}
