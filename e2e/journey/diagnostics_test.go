package journey_test

import (
	"strings"
	"testing"
	"time"
)

// An administrator sees what the database does, and nobody else; where it does not count, that is said.
func TestAdministratorsLookInside(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin := s.admin(t)
	execute := func(sql string) {
		if _, err := s.db.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	for _, path := range []string{"/admin/slow-queries", "/admin/missing-indexes", "/admin/cache"} {
		if a := (visitor{store: s}).call(t, "GET "+path, ""); a.status != 401 {
			t.Errorf("nobody reads %s: %d %s", path, a.status, a.body)
		}
		if a := s.guest(t).call(t, "GET "+path, ""); a.status != 403 {
			t.Errorf("a user reads %s: %d %s", path, a.status, a.body)
		}
		if a := admin.must(t, "GET "+path, ""); a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be kept: %v", path, a.header)
		}
		if a := admin.call(t, "GET "+path+"?x=1", ""); a.status != 422 {
			t.Errorf("%s?x=1 = %d %s", path, a.status, a.body)
		}
	}

	execute(`DROP EXTENSION IF EXISTS pg_stat_statements`)
	without := admin.must(t, "GET /admin/slow-queries", "")
	execute(`CREATE EXTENSION pg_stat_statements`)
	with := admin.must(t, "GET /admin/slow-queries?limit=100", "")
	for service, schema := range map[string]string{"catalog": "catalog.", "order": "orders.", "auth": "auth."} {
		if without.text(t, "services."+service+".available") != "false" || without.text(t, "services."+service+".reason") == "" {
			t.Errorf("%s without the extension: %s", service, without.body)
		}
		queries, _ := with.field(t, "services."+service+".queries").([]any)
		own := false
		for _, q := range queries {
			text, _ := q.(map[string]any)["query"].(string)
			own = own || strings.Contains(text, schema)
		}
		if with.text(t, "services."+service+".available") != "true" || !own {
			t.Errorf("%s has no statement of its own: %s", service, with.body)
		}
	}

	execute(`CREATE TABLE catalog.unindexed AS SELECT generate_series(1, 5000) AS id`)
	for end := time.Now().Add(time.Minute); ; { // the counts arrive a little later
		execute(`SELECT count(*) FROM catalog.unindexed`)
		a := admin.must(t, "GET /admin/missing-indexes", "")
		if strings.Contains(a.text(t, "services.catalog.tables"), "rows_per_scan:5000") {
			if strings.Contains(a.text(t, "services.order.tables"), "unindexed") {
				t.Errorf("the table of another service: %s", a.body)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatalf("nobody misses an index: %s", a.body)
		}
	}

	for end := time.Now().Add(time.Minute); ; { // a busy Redis may not answer each time
		admin.must(t, "GET /slippers", "")
		a := admin.must(t, "GET /admin/cache", "")
		if ratio := a.text(t, "gateway.pages.slippers.hit_ratio"); ratio != "0" && a.text(t, "redis.status") == "healthy" &&
			a.field(t, "services.auth.caches.users") != nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("no page of the cache's is counted: %s", a.body)
		}
	}
}
