package testkit

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/labstack/echo/v4"
)

// Contract is an OpenAPI document that an API under test is held against.
type Contract struct {
	doc    *openapi3.T
	router routers.Router
	mu     sync.Mutex
	called map[string]bool
}

// NewContract reads the document at path. When the test ends, it fails for each operation that was never called.
func NewContract(t *testing.T, path string) *Contract {
	t.Helper()
	b, err := os.ReadFile(path) //nolint:gosec // the test names its own document
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatalf("loading %s: %v", path, err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatalf("validating %s: %v", path, err)
	}
	doc.Servers = nil // any host will do
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	c := &Contract{doc: doc, router: router, called: map[string]bool{}}
	t.Cleanup(func() {
		for _, op := range c.operations() {
			if !c.called[op] {
				t.Errorf("%s: no test calls %s", path, op)
			}
		}
	})
	return c
}

func (c *Contract) operations() []string {
	var all []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

// SameRoutes fails the test unless e serves exactly the operations of the document. HEAD goes with GET.
func (c *Contract) SameRoutes(t *testing.T, e *echo.Echo) {
	t.Helper()
	var served []string
	for _, r := range e.Routes() {
		if r.Method != http.MethodHead && !strings.HasPrefix(r.Method, "echo_") {
			served = append(served, r.Method+" "+documented(r.Path))
		}
	}
	for _, op := range c.operations() {
		method, path, _ := strings.Cut(op, " ")
		if !slices.Contains(served, method+" "+strings.TrimSuffix(path, "/")) && !slices.Contains(served, op) {
			t.Errorf("%s is documented and not served", op)
		}
	}
	for _, op := range served {
		if ops := c.operations(); !slices.Contains(ops, op) && !slices.Contains(ops, op+"/") {
			t.Errorf("%s is served and not documented", op)
		}
	}
}

// documented turns Echo's spelling of a path into OpenAPI's.
func documented(path string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
		}
		if part == "*" {
			parts[i] = "{path}"
		}
	}
	return strings.Join(parts, "/")
}

// Check returns next with every exchange held against the document: a request that was accepted must be allowed, and
// every answer must be promised.
func (c *Contract) Check(t *testing.T, next http.Handler) http.Handler {
	t.Helper()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		sent := r.Clone(context.WithoutCancel(r.Context()))
		sent.Body = io.NopCloser(bytes.NewReader(body))

		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		c.check(t, sent, rec)

		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

func (c *Contract) check(t *testing.T, r *http.Request, rec *httptest.ResponseRecorder) {
	t.Helper()
	name := r.Method + " " + r.URL.Path
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet
	}
	route, params, err := c.router.FindRoute(r)
	if err != nil && strings.HasSuffix(r.URL.Path, "/") {
		r.URL.Path = strings.TrimSuffix(r.URL.Path, "/")
		route, params, err = c.router.FindRoute(r)
	} else if err != nil {
		r.URL.Path += "/"
		route, params, err = c.router.FindRoute(r)
	}
	if err != nil {
		if rec.Code < http.StatusBadRequest {
			t.Errorf("%s answers %d and is not documented", name, rec.Code)
		}
		return
	}
	c.mu.Lock()
	c.called[route.Method+" "+route.Path] = true
	c.mu.Unlock()

	in := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, IncludeResponseStatus: true,
		RejectWhenRequestBodyNotSpecified: true,
	}}
	if rec.Code < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			t.Errorf("%s was accepted with %d, and the document forbids it: %v", name, rec.Code, err)
		}
	}
	if strings.HasPrefix(name, http.MethodHead) {
		return // there is no body to hold against anything
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: rec.Code, Header: rec.Header(),
		Body: io.NopCloser(bytes.NewReader(rec.Body.Bytes())), Options: in.Options,
	})
	if err != nil {
		t.Errorf("%s answered %d, which the document does not promise: %v\n%s", name, rec.Code, err, rec.Body)
	}
}
