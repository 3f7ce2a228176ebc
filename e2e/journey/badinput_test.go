package journey_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// attempt is a request that must be refused.
type attempt struct {
	method, path, body string
	headers            []string
	anonymous          bool

	// status is what it must be answered with; 0 is any refusal that the operation promises.
	status  int
	pointer string // where a 422 must say that the fault is; "-" is anywhere
}

// Whatever a stranger sends to whatever the document lists, the answer is a problem of theirs, one that the document
// promises, and nothing is stored.
func TestNonsenseIsRefusedAndLeavesNothing(t *testing.T) {
	t.Parallel()
	s := open(t)
	admin, user := s.admin(t), s.guest(t)
	known := s.furnish(t, admin, user)
	doc, operations := s.operations(t)

	before := s.digests(t)
	for _, o := range operations {
		t.Run(o.method+strings.ReplaceAll(o.path, "/", "·"), func(t *testing.T) {
			caller := visitor{store: s}
			switch {
			case o.promises(403):
				caller = admin
			case o.secured:
				caller = user
			}
			attempts := o.attempts(doc, operations, known)
			if len(attempts) == 0 {
				t.Error("no bad request can be made of it, teach this test how")
			}
			for _, a := range attempts {
				a.refused(t, o, caller)
			}
			after := s.digests(t)
			for table, digest := range after {
				if digest != before[table] {
					t.Errorf("a refused request changed %s", table)
				}
			}
			before = after
		})
	}
	for _, path := range []string{"/nothing", "/internal/db-pool", "/internal/slippers?ids=1", "/%00", "/%ff", "/static", "/static/slippers/1", "/../docs"} {
		attempt{method: "GET", path: path, status: 404}.refused(t, operation{promised: object{"404": object{}}}, admin)
	}
}

// furnish puts something on every shelf, and returns how to name it: the value of each parameter by the path up to it,
// and of each field of a body by its name.
func (s *store) furnish(t *testing.T, admin, user visitor) map[string]string {
	t.Helper()
	category := admin.must(t, "POST /categories/", `{"name":"Home"}`).text(t, "id")
	slipper := admin.slipper(t, "Felt slipper", "129000.50", 5)
	image := admin.upload(t, slipper, http201, picture(t, 1))
	cart := user.must(t, "POST /cart/items", `{"slipper_id":`+slipper+`}`)
	order := user.must(t, "POST /orders/", `{"items":[{"slipper_id":`+slipper+`,"quantity":1}]}`).text(t, "id")
	path := image.text(t, "items.0.image_path")
	return map[string]string{
		"slipper_id": slipper, "/users/{id}": user.id, "/categories/{id}": category, "/slippers/{id}": slipper,
		"/slippers/{id}/images/{image_id}": image.text(t, "items.0.id"), "/static/slippers/{id}": slipper,
		"/static/slippers/{id}/{file}": path[strings.LastIndexByte(path, '/')+1:],
		"/cart/items/{id}":             cart.text(t, "items.0.id"), "/orders/{id}": order, "/docs/assets/{file}": "docs.css", "/problems/{code}": "not-found",
	}
}

// attempts returns what must be refused of the operation.
func (o operation) attempts(doc document, all []operation, known map[string]string) []attempt {
	path, sound := o.at(known, "", ""), ""
	if o.media == jsonType {
		sound = doc.sample(o.body, "", known)
	}
	out := o.methods(all, path)
	if o.secured {
		out = append(out, attempt{method: o.method, path: path, body: sound, anonymous: true, status: 401},
			attempt{method: o.method, path: path, body: sound, headers: []string{"Authorization: Bearer x.y.z"}, status: 401})
	}
	for _, p := range o.params {
		schema, name := doc.at(p, "schema"), fmt.Sprint(p["name"])
		switch p["in"] {
		case "path":
			for _, bad := range badParts(schema) {
				out = append(out, attempt{method: o.method, path: o.at(known, name, bad), body: sound, status: 404})
			}
			if typeOf(schema) == "integer" { // one that could be
				out = append(out, attempt{method: o.method, path: o.at(known, name, "9223372036854775807"), body: sound})
			}
		case "query":
			for _, bad := range badQueries(name, schema) {
				out = append(out, attempt{method: o.method, path: path + "?" + bad, body: sound})
			}
		case "header":
			for _, bad := range badHeaders(o, name, schema) {
				out = append(out, attempt{method: o.method, path: path, body: sound, headers: []string{name + ": " + bad}})
			}
		}
	}
	if o.promises(422) {
		for _, bad := range []string{stranger + "=1", stranger + "=1&" + stranger + "=2", "a=%zz", "a;b", stranger, "=", strings.Repeat("x", 9000) + "=1"} {
			out = append(out, attempt{method: o.method, path: path + "?" + bad, body: sound, status: 422, pointer: "-"})
		}
	}
	return append(out, o.bodies(doc, path, sound, known)...)
}

// at returns the path with what is known for its parameters, but with value for the one called other.
func (o operation) at(known map[string]string, other, value string) string {
	path := o.path
	for {
		from, to := strings.IndexByte(path, '{'), strings.IndexByte(path, '}')
		if from < 0 {
			return path
		}
		template := o.path[:strings.Index(o.path, path[from:to+1])+to-from+1]
		is, ok := known[template]
		switch {
		case path[from+1:to] == other:
			is = value
		case !ok:
			is = "1"
		}
		path = path[:from] + is + path[to+1:]
	}
}

// methods returns what nobody offers at the path.
func (o operation) methods(all []operation, path string) []attempt {
	var out []attempt
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} {
		offered := slices.ContainsFunc(all, func(other operation) bool { return other.method == method && other.serves(path) })
		if !offered {
			out = append(out, attempt{method: method, path: path, status: 405})
		}
	}
	return out
}

// serves says whether the path is one of the operation's.
func (o operation) serves(path string) bool {
	template, parts := strings.Split(strings.Trim(o.path, "/"), "/"), strings.Split(strings.Trim(path, "/"), "/")
	return slices.EqualFunc(template, parts, func(a, b string) bool { return a == b || strings.HasPrefix(a, "{") })
}

// refused sends the attempt and holds the answer against what every refusal must be.
func (a attempt) refused(t *testing.T, o operation, by visitor) {
	t.Helper()
	if a.anonymous {
		by.token = ""
	}
	got := by.call(t, a.method+" "+a.path, a.body, a.headers...)
	what := short(a.method+" "+a.path) + " " + short(a.body) + " " + short(strings.Join(a.headers, " "))
	promised := got.status == 405 || o.promises(got.status)
	if got.status < 400 || got.status > 499 || !promised || a.status != 0 && got.status != a.status {
		t.Errorf("%s = %d %s\nwant a refusal that is promised, %d", what, got.status, short(got.body), a.status)
		return
	}
	got.problem(t, what)
	if strings.Contains(got.body, stranger) {
		t.Errorf("%s is echoed: %s", what, short(got.body))
	}
	if allow := got.header.Get("Allow"); got.status == 405 && !strings.Contains(allow, o.method) {
		t.Errorf("%s allows %q", what, allow)
	}
	if got.status == 422 && a.pointer != "-" && a.pointer != "" && !strings.Contains(got.body, fmt.Sprintf(`"pointer":%q`, a.pointer)) ||
		got.status == 422 && a.pointer != "" && !strings.Contains(got.body, `"errors":[{`) {
		t.Errorf("%s = %s\nwant a word about %s", what, short(got.body), a.pointer)
	}
}

// problem holds an answer to be one, whole (RFC 9457).
func (a answer) problem(t *testing.T, what string) {
	t.Helper()
	var p struct {
		Type, Title, Detail, Instance string
		Status                        int
	}
	err := json.Unmarshal([]byte(a.body), &p)
	if err != nil || a.header.Get("Content-Type") != "application/problem+json" || p.Status != a.status || p.Type == "" || p.Title == "" ||
		p.Detail == "" || p.Instance == "" || p.Instance != a.header.Get("X-Request-Id") {
		t.Errorf("%s = %d %s %s, which is no whole problem (%v)", what, a.status, a.header.Get("Content-Type"), short(a.body), err)
	}
}

func short(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%.300q... (%d bytes)", s, len(s))
	}
	return fmt.Sprintf("%.300q", s)
}

// digests returns one of every table of the store.
func (s *store) digests(t *testing.T) map[string]string {
	t.Helper()
	rows, err := s.db.Query(t.Context(), `SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
		WHERE table_schema IN ('catalog', 'auth', 'orders') AND table_name NOT IN ('river_leader', 'river_queue')`) // these change by themselves
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 10 {
		t.Fatalf("the tables are %v (%v)", tables, err)
	}
	digests := map[string]string{}
	for _, table := range tables {
		var digest string
		query := `SELECT coalesce(md5(string_agg(x::text, E'\n' ORDER BY x::text)), '') FROM ` + table + ` x`
		if strings.HasSuffix(table, ".invalidations") { // whose rows are marked and deleted by and by: how many there were
			query = `SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('` + table + `', 'id')), 0)::text`
		}
		if strings.HasSuffix(table, ".river_job") { // routines begin by themselves
			query += ` WHERE kind <> 'routine'`
		}
		err := s.db.QueryRow(t.Context(), query).Scan(&digest)
		if err != nil {
			t.Fatal(err)
		}
		digests[table] = digest
	}
	return digests
}
