package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3filter"

	"github.com/slippers-api/slippers/gateway/internal/routes"
	"github.com/slippers-api/slippers/kit/testkit"
)

func fine(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.RequestURI())
}

// operation is a documented operation, as much of it as this test reads.
type operation struct {
	Security []map[string]any `json:"security"`
}

// allows says whether the operation is promised to exactly those who have access. Users and admins look alike in OpenAPI.
func (o operation) allows(access routes.Access) bool {
	nobody := len(o.Security) == 0 || slices.ContainsFunc(o.Security, func(s map[string]any) bool { return len(s) == 0 })
	bearer := slices.ContainsFunc(o.Security, func(s map[string]any) bool { return s["bearer"] != nil })
	return nobody == (access <= routes.Guest) && bearer == (access >= routes.Optional)
}

var pathParameter = regexp.MustCompile(`\{[a-z_]+\}|:[a-z_]+`)

// written makes one spelling of Echo's and OpenAPI's.
func written(method, path string) string {
	if path != "/" {
		path = strings.TrimSuffix(path, "/")
	}
	return strings.ToUpper(method) + " " + pathParameter.ReplaceAllString(path, "{}")
}

// The document promises what the gateway serves, to whom it serves it, and nothing else.
func TestRoutesAreTheDocument(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("internal/docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	var document struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(b, &document); err != nil {
		t.Fatal(err)
	}
	promised := map[string]operation{}
	for path, item := range document.Paths {
		for method, raw := range item {
			var o operation
			if method != "parameters" && method != "summary" && method != "description" {
				if err := json.Unmarshal(raw, &o); err != nil {
					t.Fatal(err)
				}
				promised[written(method, path)] = o
			}
		}
	}
	access := map[string]routes.Access{}
	for _, r := range routes.Table {
		access[written(r.Method, r.Path)] = r.Access
	}
	served := map[string]bool{}
	for _, r := range open(t, fine).router.Routes() {
		if r.Method != http.MethodHead && !strings.HasPrefix(r.Method, "echo_") {
			served[written(r.Method, r.Path)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(promised)) {
		if !served[name] {
			t.Errorf("%s is documented and not served", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(served)) {
		o, ok := promised[name]
		if !ok {
			t.Errorf("%s is served and not documented", name)
		} else if !o.allows(access[name]) {
			t.Errorf("%s is for %v by the document, and not so by the table", name, o.Security)
		}
	}
}

// A trailing slash changes nothing and is not passed on, and the query goes on as it came, also one that is not sound.
func TestRequestsAreSentOnAsTheyAre(t *testing.T) {
	t.Parallel()
	s := open(t, fine)
	for request, want := range map[string]string{
		"GET /slippers":                    "GET /slippers",
		"GET /slippers/":                   "GET /slippers",
		"GET /slippers/?limit=1&search=a":  "GET /slippers?limit=1&search=a",
		"GET /slippers?search=%zz&a;b":     "GET /slippers?search=%zz&a;b",
		"GET /slippers/7/":                 "GET /slippers/7",
		"GET /slippers/a%2Fb":              "GET /slippers/a%2Fb",
		"GET /static/slippers/7/a.jpg":     "GET /static/slippers/7/a.jpg",
		"POST /auth/login/":                "POST /auth/login",
		"GET /.well-known/jwks.json":       "GET /.well-known/jwks.json",
		"GET /slippers/a%2Fb/":             "GET /slippers/a%2Fb",
		"GET /slippers/a%2F":               "GET /slippers/a%2F",
		"GET /slippers/..%2Finternal%2F":   "GET /slippers/..%2Finternal%2F",
		"GET /slippers/%D1%88?min_price=1": "GET /slippers/%D1%88?min_price=1",
	} {
		if got := s.ask(t, request, nil); got.status != http.StatusOK || got.body != want {
			t.Errorf("%s became %d %q, want %q", request, got.status, got.body, want)
		}
	}
	if got := s.ask(t, "HEAD /slippers/7", nil); got.status != http.StatusOK || got.body != "" {
		t.Errorf("HEAD: %d %q", got.status, got.body)
	}
}

func TestWhatIsNotInTheTableIsNotServed(t *testing.T) {
	t.Parallel()
	s := open(t, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s %s was passed on", r.Method, r.URL) })
	for _, path := range []string{
		"/internal/db-pool", "/internal/sessions/x", "/nowhere", "//internal/db-pool", "/static/", "/static/../internal/db-pool",
		"/slippers/../internal/db-pool", "/slippers//", "/%69nternal/db-pool", "/slippers/7/nothing", "/readyz", "/metrics", "/docs/assets/LICENSE", "/internal%2Fdb-pool",
	} {
		got := s.ask(t, "GET "+path, nil, "Authorization", "Bearer "+secret)
		if got.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for request, allow := range map[string]string{
		"GET /payments/octo/create": "POST", "HEAD /payments/octo/refund/": "POST", "GET /payments/octo/nothing": "", "DELETE /categories/7/warm": "",
	} {
		want := http.StatusNotFound
		if allow != "" {
			want = http.StatusMethodNotAllowed
		}
		if got := s.ask(t, request, nil); got.status != want || got.header.Get("Allow") != allow {
			t.Errorf("%s: %d, and %q is allowed; want %d and %q", request, got.status, got.header.Get("Allow"), want, allow)
		}
	}
	got := s.ask(t, "PATCH /slippers/7", nil)
	got.is(t, http.StatusMethodNotAllowed, "")
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if !strings.Contains(got.header.Get("Allow"), method) {
			t.Errorf("Allow: %q lacks %s", got.header.Get("Allow"), method)
		}
	}
}

// What the gateway answers itself is as its own openapi.yaml says.
func TestOwnAnswersKeepTheDocument(t *testing.T) {
	t.Parallel()
	pool := `{"pool_size":50,"checked_in_connections":3,"checked_out_connections":2,"overflow":0,` +
		`"total_connections":5,"max_overflow":100,"pool_timeout":10,"status":"healthy"}`
	inside := map[string]string{
		"/internal/db-pool":               pool,
		"/internal/slow-queries?limit=20": `{"available":true,"queries":[{"query":"COMMIT","calls":2,"total_ms":3,"mean_ms":1.5,"max_ms":2,"rows":0,"cache_hit_ratio":null}]}`,
		"/internal/slow-queries?limit=1":  `{"available":false,"reason":"The database has no extension."}`,
		"/internal/missing-indexes":       `{"since":null,"min_rows_per_scan":1000,"tables":[]}`,
		"/internal/cache":                 `{"entries":0,"bytes":0,"max_bytes":9,"caches":{}}`,
	}
	well := func(w http.ResponseWriter, r *http.Request) {
		if body := inside[r.URL.RequestURI()]; body != "" {
			if r.Header.Get("Authorization") != "Bearer "+secret {
				t.Errorf("asked for %s with %q", r.URL, r.Header.Get("Authorization"))
			}
			_, _ = io.WriteString(w, body)
		}
	}
	ill := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

	tests := map[string]struct {
		services http.HandlerFunc
		request  string
		body     string
		session  string
		status   int
		contains string
	}{
		"root":             {well, "GET /", "", "", 200, `"status":"operational"`},
		"root, asked more": {well, "GET /?x=1", "", "", 422, "query-invalid"},
		"health, more":     {well, "GET /health?x=1", "", "", 422, "query-invalid"},
		"pools, more":      {well, "GET /admin/db-pool-status?x=1", "", goesOn, 422, "query-invalid"},
		"health":           {well, "GET /health", "", "", 200, `"status":"degraded"`}, // there is no Redis
		"health, closed":   {ill, "GET /health", "", "", 503, `"database":"unhealthy"`},
		"pools":            {well, "GET /admin/db-pool-status", "", goesOn, 200, `"total_connections":15,"max_overflow":300,"pool_timeout":10,"status":"healthy","services":{`},
		"pools, silent":    {ill, "GET /admin/db-pool-status", "", goesOn, 200, `"status":"warning","services":{"auth":{"status":"unavailable"}`},
		"pools, nobody":    {well, "GET /admin/db-pool-status", "", "", 401, "token-missing"},
		"pools, untold":    {well, "GET /admin/db-pool-status", "", "untold", 503, "session-unknown"},

		"slow queries":            {well, "GET /admin/slow-queries", "", goesOn, 200, `"order":{"available":true,"queries":[{"query":"COMMIT"`},
		"slow queries, uncounted": {well, "GET /admin/slow-queries?limit=1", "", goesOn, 200, `"catalog":{"available":false,"reason":"The database has no extension."}`},
		"slow queries, silent":    {ill, "GET /admin/slow-queries?limit=100", "", goesOn, 200, `{"services":{"auth":{"status":"unavailable"},"catalog":{"status":"unavailable"}`},
		"slow queries, too many":  {well, "GET /admin/slow-queries?limit=101", "", goesOn, 422, `"parameter":"limit"`},
		"slow queries, none":      {well, "GET /admin/slow-queries?limit=0", "", goesOn, 422, `"parameter":"limit"`},
		"slow queries, more":      {well, "GET /admin/slow-queries?limit=1&x=1", "", goesOn, 422, "query-invalid"},
		"slow queries, nobody":    {well, "GET /admin/slow-queries", "", "", 401, "token-missing"},
		"missing indexes":         {well, "GET /admin/missing-indexes", "", goesOn, 200, `"auth":{"since":null,"min_rows_per_scan":1000,"tables":[]}`},
		"missing indexes, silent": {ill, "GET /admin/missing-indexes", "", goesOn, 200, `"order":{"status":"unavailable"}`},
		"missing indexes, more":   {well, "GET /admin/missing-indexes?limit=1", "", goesOn, 422, "query-invalid"},
		"missing indexes, nobody": {well, "GET /admin/missing-indexes", "", "", 401, "token-missing"},
		"cache":                   {well, "GET /admin/cache", "", goesOn, 200, `"catalog":{"entries":0,"bytes":0,"max_bytes":9,"caches":{}}`},
		"cache, without Redis":    {well, "GET /admin/cache", "", goesOn, 200, `"redis":{"status":"unavailable"}`},
		"cache, silent":           {ill, "GET /admin/cache", "", goesOn, 200, `"auth":{"status":"unavailable"}`},
		"cache, more":             {well, "GET /admin/cache?x=1", "", goesOn, 422, "query-invalid"},
		"cache, nobody":           {well, "GET /admin/cache", "", "", 401, "token-missing"},

		"purge":            {well, "POST /admin/cache/invalidate", `{"pattern":"slippers:*"}`, goesOn, 503, "cache-unavailable"}, // there is no Redis
		"docs":             {well, "GET /docs", "", "", 200, "swagger-ui-bundle.js"},
		"redoc":            {well, "GET /redoc", "", "", 200, "redoc.standalone.js"},
		"openapi":          {well, "GET /openapi.json", "", "", 200, `"openapi": "3.1.0"`},
		"asset":            {well, "GET /docs/assets/docs.css", "", "", 200, "body {"},
		"asset, unknown":   {well, "GET /docs/assets/docs.go", "", "", 404, "not-found"},
		"favicon":          {well, "GET /favicon.ico", "", "", 200, "PNG"},
		"problem":          {well, "GET /problems/token-missing", "", "", 200, "## token-missing"},
		"problem, unknown": {well, "GET /problems/no-such-code", "", "", 404, "not-found"},
	}
	for _, media := range []string{"text/html", "text/css", "text/javascript", "text/markdown"} {
		openapi3filter.RegisterBodyDecoder(media, openapi3filter.PlainBodyDecoder)
	}
	contract := testkit.NewContract(t, "openapi.yaml")
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := open(t, tt.services)
			s.Handler = contract.Check(t, s.Handler)
			var header []string
			if tt.session != "" {
				header = []string{"Authorization", s.token(t, tt.session, true, 0), "Content-Type", "application/json"}
			}
			got := s.askDirectly(t, tt.request, tt.body, header...)
			if got.status != tt.status || !strings.Contains(got.body, tt.contains) {
				t.Errorf("%s = %d %.300s\nwant %d with %s", tt.request, got.status, got.body, tt.status, tt.contains)
			}
			if strings.Contains(tt.request, "/admin/") && got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s: Cache-Control is %q", tt.request, got.header.Get("Cache-Control"))
			}
		})
	}
	t.Run("cache, with Redis", func(t *testing.T) {
		s := open(t, well, withRedis(t))
		s.ask(t, "GET /slippers", nil)
		s.Handler = contract.Check(t, s.Handler)
		got := s.askDirectly(t, "GET /admin/cache", "", "Authorization", s.token(t, goesOn, true, 0))
		if got.status != http.StatusOK || !strings.Contains(got.body, `"redis":{"status":"healthy"`) || !strings.Contains(got.body, `"pages":{"slippers":{"hits":`) {
			t.Errorf("%d %s", got.status, got.body)
		}
	})
}
