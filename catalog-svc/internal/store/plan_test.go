package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/catalog-svc/internal/store"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/testkit"
)

// fill makes db as large as a shop gets: 100,000 slippers in 12 categories, each with an image.
func fill(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	super := testkit.Superuser(t, db)
	for _, statement := range []string{
		`INSERT INTO catalog.categories (name) SELECT 'Category ' || n FROM generate_series(1, 12) n`,
		`INSERT INTO catalog.slippers (name, size, price, quantity, category_id, created_at)
			SELECT (ARRAY['Felt', 'Wool', 'Silk', 'Cork', 'Suede'])[n % 5 + 1] || ' slipper of ' || md5(n::text), (35 + n % 12)::text,
				100 * (1 + n * 7919 % 99991), n % 20, 1 + n % 12, now() - n * interval '1 minute'
			FROM generate_series(1, 100000) n`,
		`INSERT INTO catalog.slipper_images (slipper_id, image_path, is_primary)
			SELECT n, '/static/slippers/' || n || '/1.jpg', true FROM generate_series(1, 100000) n`,
	} {
		if _, err := super.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	testkit.Vacuum(t, super, "catalog.slippers", "catalog.slipper_images", "catalog.categories")
}

func TestListsNeverReadTheWholeTable(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	fill(t, db)
	slippers := store.NewSlippers(db, outbox(t, db))

	tests := map[string]struct {
		filter  catalog.Filter
		request page.Request
	}{
		"a category":                {catalog.Filter{CategoryID: new(int64(3))}, page.Request{Sort: "id_desc"}},
		"a category by price":       {catalog.Filter{CategoryID: new(int64(3))}, page.Request{Sort: "price_asc"}},
		"a category by name":        {catalog.Filter{CategoryID: new(int64(3))}, page.Request{Sort: "name_asc"}},
		"without a category":        {catalog.Filter{CategoryID: new(int64(0))}, page.Request{Sort: "id_desc"}},
		"a search":                  {catalog.Filter{Search: "of c4ca42"}, page.Request{Sort: "id_desc"}},
		"a search by name":          {catalog.Filter{Search: "of c4ca42"}, page.Request{Sort: "name_asc"}},
		"a search in a category":    {catalog.Filter{Search: "of c4c", CategoryID: new(int64(3))}, page.Request{Sort: "price_desc"}},
		"a range of prices":         {catalog.Filter{MinPrice: new(money.Amount(5000)), MaxPrice: new(money.Amount(9000))}, page.Request{Sort: "id_desc"}},
		"a range of prices, sorted": {catalog.Filter{MinPrice: new(money.Amount(6_000_000))}, page.Request{Sort: "price_desc"}},
		"in stock":                  {catalog.Filter{InStock: new(true)}, page.Request{Sort: "id_desc"}},
	}
	for _, sort := range catalog.Sorts {
		for name, r := range map[string]page.Request{
			"first":  {},
			"second": {Skip: 20},
		} {
			r.Sort = sort
			tests[name+" page by "+sort] = struct {
				filter  catalog.Filter
				request page.Request
			}{catalog.Filter{}, r}
		}
		deep := page.Request{Skip: 50_000, After: &page.Position{Sort: sort, ID: 50_000, Key: map[string]string{
			"name": "Silk slipper of 8", "price": "5000000", "created": time.Now().AddDate(0, 0, -35).Format(time.RFC3339Nano), "id": "",
		}[strings.Split(sort, "_")[0]]}}
		deep.Sort = sort
		tests["deep cursor by "+sort] = struct {
			filter  catalog.Filter
			request page.Request
		}{catalog.Filter{}, deep}
	}
	for name, tt := range tests {
		queries.Take()
		tt.request.Limit, tt.filter.Images = 20, true
		items, total, err := slippers.List(t.Context(), tt.filter, tt.request)
		if err != nil || (len(items) == 0 || total == 0) && name != "without a category" {
			t.Errorf("%s: %d of %d items, %v", name, len(items), total, err)
		}
		sent := queries.Take()
		if len(sent) != 2 {
			t.Errorf("%s: %d statements, want 2", name, len(sent))
		}
		for _, s := range sent {
			plan := testkit.Plan(t, db, s)
			if strings.Contains(plan, "Seq Scan on slipper") {
				t.Errorf("%s: %s\n%s", name, s.SQL, plan)
			}
			if strings.Contains(s.SQL, "count(*)") && tt.filter == (catalog.Filter{Images: true}) && !strings.Contains(plan, "Index Only Scan") {
				t.Errorf("%s: the total is not counted in an index:\n%s", name, plan)
			}
		}
	}
}

func TestStockNeverReadsTheWholeTable(t *testing.T) {
	t.Parallel()
	var queries testkit.Queries
	db := testkit.PostgresTraced(t, &queries)
	fill(t, db)
	if _, err := testkit.Superuser(t, db).Exec(t.Context(), `
		WITH r AS (INSERT INTO catalog.reservations (id, state, expires_at)
			SELECT gen_random_uuid(), 'sold', now() FROM generate_series(1, 50000) RETURNING id)
		INSERT INTO catalog.reservation_lines (reservation_id, slipper_id, quantity, price, name, size)
		SELECT id, 1, 1, 100, 'Felt', '38' FROM r; ANALYZE catalog.reservations, catalog.reservation_lines`); err != nil {
		t.Fatal(err)
	}
	stock := store.NewStock(db, outbox(t, db), nil)
	queries.Take()
	w := wanted(t, lines(19, 1, 3, 2, 77, 1)...)
	w.ExpiresAt = time.Now().Add(-time.Second)
	if _, err := stock.Reserve(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	sent := queries.Take()
	if len(sent) != 3 {
		t.Errorf("reserving takes %d statements, want 3 in one batch", len(sent))
	}
	if n, err := stock.ReleaseOverdue(t.Context()); n != 1 || err != nil {
		t.Errorf("released %d, %v, want 1", n, err)
	}
	if _, err := stock.Sell(t.Context(), uuid.New()); err == nil {
		t.Error("sold what nobody reserved")
	}
	if _, err := stock.Release(t.Context(), w.ID); err != nil {
		t.Error(err)
	}
	if _, err := store.NewSlippers(db, outbox(t, db)).Some(t.Context(), []int64{1, 5, 99_999}); err != nil {
		t.Error(err)
	}
	if _, err := store.NewSlippers(db, outbox(t, db)).Get(t.Context(), 7); err != nil {
		t.Error(err)
	}
	for _, s := range append(sent, queries.Take()...) {
		plan := testkit.Plan(t, db, s)
		if strings.Contains(plan, "Seq Scan on slipper") || strings.Contains(plan, "Seq Scan on reservation") {
			t.Errorf("%s\n%s", s.SQL, plan)
		}
	}
}
