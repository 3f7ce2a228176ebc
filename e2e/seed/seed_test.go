package seed_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/e2e/seed"
)

func TestTheSameSeedMakesTheSameRows(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	run(t, o)
	again, other := demo(t)
	run(t, again)

	first, second := tables(t, db), tables(t, other)
	for name, digest := range first {
		if second[name] != digest {
			t.Errorf("%s is %s, and %s the second time", name, digest, second[name])
		}
	}

	third, different := demo(t)
	third.Seed++
	run(t, third)
	if maps.Equal(first, tables(t, different)) {
		t.Error("another seed made the same shop")
	}
}

func TestTheDemoIsOfItsSize(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	run(t, o)
	for table, want := range map[string]int64{
		"catalog.categories": 12, "catalog.slippers": 300, "auth.users": 21, "auth.users WHERE is_admin": 1,
		"orders.orders": 200, "orders.orders WHERE status = 'PENDING'": 0, "orders.orders WHERE status = 'PAID'": -1,
		"catalog.slippers WHERE quantity = 0": -1,
	} {
		got := query[int64](t, db, "SELECT count(*) FROM "+table)[0]
		if want >= 0 && got != want || want < 0 && got == 0 {
			t.Errorf("%s has %d rows, want %d (-1 is some)", table, got, want)
		}
	}
}

// initial + restocked = quantity + held + sold - returned, for every slipper.
func TestTheBooksBalance(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	o.Orders = 2000
	run(t, o)
	unbalanced := query[string](t, db, invariant)
	if len(unbalanced) > 0 {
		t.Errorf("%d slippers do not add up: %s", len(unbalanced), strings.Join(unbalanced[:min(5, len(unbalanced))], "; "))
	}
}

func TestEveryImageIsStored(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	o.Slippers, o.Orders = 330, 0
	root := t.TempDir()
	o.Images = root
	run(t, o)
	images := query[string](t, db, `SELECT image_path FROM catalog.slipper_images`)
	if len(images) != 3*330 {
		t.Errorf("%d images for 330 slippers, want three each", len(images))
	}
	for _, path := range images {
		key, _, _ := strings.Cut(strings.TrimPrefix(path, "/static/"), "?")
		file := filepath.Join(root, key)
		if s, err := os.Stat(file); err != nil || s.Size() < 5000 {
			t.Fatalf("the picture of %s is not in the store: %v", path, err)
		}
	}
}

func TestASecondRunIsRefused(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	run(t, o)
	before := tables(t, db)
	if err := seed.Run(t.Context(), o, t.Output()); !errors.Is(err, seed.ErrNotEmpty) {
		t.Errorf("seeding twice = %v, want ErrNotEmpty", err)
	}
	if !maps.Equal(before, tables(t, db)) {
		t.Error("the refused run changed something")
	}
}

func TestAHalfFinishedSeedLeavesNothing(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	before := tables(t, db)
	exec(t, db, `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''full''; END'`)
	exec(t, db, `CREATE TRIGGER refuse BEFORE INSERT ON orders.orders FOR EACH STATEMENT EXECUTE FUNCTION refuse()`)
	if err := seed.Run(t.Context(), o, t.Output()); err == nil {
		t.Error("seeding = nil, though the orders could not be written")
	}
	if !maps.Equal(before, tables(t, db)) {
		t.Error("a failed run left rows behind")
	}
	exec(t, db, `DROP TRIGGER refuse ON orders.orders`)
	run(t, o)
}

// Every identity gives out an id after the seeded ones, so that the services can go on from here.
func TestIdentitiesGoOnAfterTheSeed(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	run(t, o)
	const identities = `SELECT format('SELECT nextval(pg_get_serial_sequence(%L, %L)) > coalesce(max(%I), 0) FROM %I.%I',
			table_schema || '.' || table_name, column_name, column_name, table_schema, table_name)
		FROM information_schema.columns WHERE is_identity = 'YES' AND table_schema IN ('catalog', 'auth', 'orders')
			AND table_name <> 'goose_db_version'`
	checks := query[string](t, db, identities)
	if len(checks) < 4 {
		t.Fatalf("found %d identities, want those of slippers, categories, users, orders and more", len(checks))
	}
	for _, check := range checks {
		if !query[bool](t, db, check)[0] {
			t.Errorf("the next id is taken: %s", check)
		}
	}
	exec(t, db, `INSERT INTO catalog.categories (name) VALUES ('One more')`)
}

func TestThePasswordIsPrintedAndNotStored(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	var out strings.Builder
	if err := seed.Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{seed.AdminPhone, seed.UserPhone, seed.UserPassword} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the output does not say %s:\n%s", want, out.String())
		}
	}
	hashes := query[string](t, db, `SELECT DISTINCT password_hash FROM auth.users`)
	if len(hashes) != 1 || hashes[0] != bcryptOf {
		t.Errorf("the hashes are %q, want what auth-svc printed", hashes)
	}
}

func TestNoAuthBinaryIsAnError(t *testing.T) {
	t.Parallel()
	o, db := demo(t)
	before := tables(t, db)
	o.AuthBinary += "-missing"
	if err := seed.Run(t.Context(), o, t.Output()); err == nil {
		t.Error("seeding without auth-svc = nil, want an error")
	}
	if !maps.Equal(before, tables(t, db)) {
		t.Error("rows were written")
	}
}

func exec(t *testing.T, db *pgxpool.Pool, sql string) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
