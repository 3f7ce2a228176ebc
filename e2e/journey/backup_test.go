package journey_test

import (
	"net/url"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/kit/testkit"
)

// postgresProgram returns where a program of PostgreSQL's clients is.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	all, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(all) == 0 {
		t.Skipf("no %s on PATH, which this test runs: apt-get install postgresql-client", name)
	}
	return slices.Max(all)
}

// A store goes on from its backup, made and restored as docs/operations.md says.
func TestABackupIsAStoreAgain(t *testing.T) {
	t.Parallel()
	dump, restore := postgresProgram(t, "pg_dump"), postgresProgram(t, "pg_restore")
	run := func(program string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", program, err, out)
		}
	}
	s := open(t)
	felt, buyer := s.admin(t).slipper(t, "Felt slipper", "129000.50", 5), s.guest(t)
	paid := buyer.order(t, felt, 1)
	s.click(t, buyer.must(t, "POST /payments/octo/create", `{"order_id":`+paid+`}`).text(t, "redirect_url"), "pay")
	buyer.becomes(t, paid, "PAID")
	waiting := buyer.order(t, felt, 2)

	file := filepath.Join(t.TempDir(), "slippers.dump")
	run(dump, "--format=custom", "--file="+file, s.DatabaseURL)
	lost := buyer.order(t, felt, 1) // comes after the backup

	db := testkit.Postgres(t)
	address, err := url.Parse(s.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + db.Config().ConnConfig.Database
	run(restore, "--clean", "--if-exists", "--exit-on-error", "--single-transaction", "--dbname="+address.String(), file)

	again := openOn(t, func(o *shop.Options) { o.DatabaseURL = address.String() })
	again.db = db
	buyer.store = again
	buyer = buyer.login(t)
	if got := buyer.must(t, "GET /orders/"+paid, "").text(t, "status"); got != "PAID" {
		t.Errorf("the paid order is %s", got)
	}
	if got := buyer.call(t, "GET /orders/"+lost, "").status; got != 404 {
		t.Errorf("the order that came after the backup = %d", got)
	}
	buyer.must(t, "POST /orders/"+waiting+"/cancel", "")
	eventually(t, "what was cancelled is for sale again", func() bool {
		return visitor{store: again}.must(t, "GET /slippers/"+felt, "").text(t, "quantity") == "4"
	})
	buyer.order(t, felt, 4)
	again.balanced(t)
}
