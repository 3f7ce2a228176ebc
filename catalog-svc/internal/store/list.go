package store

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/page"
)

// order is how a list of slippers is sorted: by key and id, both in one direction, so that one index serves both ways.
type order struct {
	by    string // ORDER BY, of slippers s
	after string // what lies behind a position

	// key reads the sort key of a position; nil where only the id sorts.
	key func(string) (any, error)
}

var slipperOrders = map[string]order{
	"id_asc":       {"s.id", "s.id > @id", nil},
	"id_desc":      {"s.id DESC", "s.id < @id", nil},
	"name_asc":     {"s.name, s.id", "(s.name, s.id) > (@key, @id)", textKey},
	"name_desc":    {"s.name DESC, s.id DESC", "(s.name, s.id) < (@key, @id)", textKey},
	"price_asc":    {"s.price, s.id", "(s.price, s.id) > (@key, @id)", priceKey},
	"price_desc":   {"s.price DESC, s.id DESC", "(s.price, s.id) < (@key, @id)", priceKey},
	"created_asc":  {"s.created_at, s.id", "(s.created_at, s.id) > (@key, @id)", timeKey},
	"created_desc": {"s.created_at DESC, s.id DESC", "(s.created_at, s.id) < (@key, @id)", timeKey},
}

func textKey(s string) (any, error)  { return s, nil }
func priceKey(s string) (any, error) { return strconv.ParseInt(s, 10, 64) }
func timeKey(s string) (any, error)  { return time.Parse(time.RFC3339Nano, s) }

// listQuery is the texts and arguments of a page and of its total.
type listQuery struct {
	list, count         string
	listArgs, countArgs pgx.StrictNamedArgs
}

// slipperList puts the texts together from the constants of this file. A filter that is not asked for is not in them:
// with (@x IS NULL OR ...) for each, the plan that PostgreSQL keeps reads the whole table.
func slipperList(f catalog.Filter, r page.Request) (listQuery, error) {
	o, where := slipperOrders[r.Sort], slipperFilter(f)
	q := listQuery{
		count:    `SELECT count(*) FROM catalog.slippers s WHERE ` + where.text(),
		listArgs: pgx.StrictNamedArgs{"limit": r.Rows()}, countArgs: where.args,
	}
	rest := ` LIMIT @limit`
	if r.After != nil {
		where.conditions = append(where.conditions, o.after)
		q.listArgs["id"] = r.After.ID
		if o.key != nil {
			key, err := o.key(r.After.Key)
			if err != nil {
				return q, page.ErrCursor.Because(err)
			}
			q.listArgs["key"] = key
		}
	} else if r.Skip > 0 {
		rest += ` OFFSET @skip`
		q.listArgs["skip"] = r.Skip
	}
	maps.Copy(q.listArgs, where.args)
	images := withoutImages
	if f.Images {
		images = withImages
	}
	// Names and images are read for the page only, not for what is skipped before it.
	q.list = `WITH page AS (
			SELECT s.id, s.name, s.size, s.price, s.quantity, s.category_id, s.spic, s.package_code, s.vat,
				s.is_available, s.created_at, s.updated_at, s.version
			FROM catalog.slippers s WHERE ` + where.text() + ` ORDER BY ` + o.by + rest + `
		)
		SELECT ` + slipperColumns + images + `
		FROM page s LEFT JOIN catalog.categories c ON c.id = s.category_id ORDER BY ` + o.by
	return q, nil
}

// conditions are what a WHERE says, with its arguments.
type conditions struct {
	conditions []string
	args       pgx.StrictNamedArgs
}

func (c conditions) text() string { return strings.Join(c.conditions, " AND ") }

func (c *conditions) add(condition, name string, arg any) {
	c.conditions = append(c.conditions, condition)
	c.args[name] = arg
}

func slipperFilter(f catalog.Filter) conditions {
	w := conditions{[]string{"s.deleted_at IS NULL"}, pgx.StrictNamedArgs{}}
	if f.CategoryID != nil && *f.CategoryID == 0 {
		w.conditions = append(w.conditions, "s.category_id IS NULL")
	} else if f.CategoryID != nil {
		w.add("s.category_id = @category", "category", *f.CategoryID)
	}
	if f.Search != "" {
		w.add("s.name ILIKE @search", "search", "%"+literally.Replace(f.Search)+"%")
	}
	if f.Size != "" {
		w.add("s.size = @size", "size", f.Size)
	}
	if f.MinPrice != nil {
		w.add("s.price >= @min", "min", *f.MinPrice)
	}
	if f.MaxPrice != nil {
		w.add("s.price <= @max", "max", *f.MaxPrice)
	}
	if f.InStock != nil && *f.InStock {
		w.conditions = append(w.conditions, "s.is_available")
	} else if f.InStock != nil {
		w.conditions = append(w.conditions, "NOT s.is_available")
	}
	return w
}

// literally takes from the wildcards of LIKE their meaning.
var literally = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
