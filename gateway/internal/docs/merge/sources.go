package merge

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/slippers-api/slippers/gateway/internal/limits"
	"github.com/slippers-api/slippers/gateway/internal/routes"
)

// sources are the folders whose openapi.yaml make the public document, the one with its info first.
var sources = []struct{ name, folder string }{
	{"gateway", "gateway"}, {"auth", "auth-svc"}, {"catalog", "catalog-svc"}, {"order", "order-svc"},
}

// FromTree merges the documents of the services in the repository at root.
func FromTree(root string) ([]byte, error) {
	docs := make([]Document, len(sources))
	for i, s := range sources {
		b, err := os.ReadFile(filepath.Join(root, s.folder, "openapi.yaml")) //nolint:gosec // a developer's own tree
		if err != nil {
			return nil, fmt.Errorf("reading the API of %s: %w", s.name, err)
		}
		docs[i] = Document{Name: s.name, YAML: b}
	}
	return Merge(limited(), docs...)
}

// limited reads from the gateway's own table which operations count against a limit.
func limited() func(method, path string) bool {
	name := func(method, path string) string {
		for _, r := range []string{"{", "}", ":"} { // of parameters, as the document and as Echo write them
			path = strings.ReplaceAll(path, r, "")
		}
		return method + " " + strings.TrimSuffix(path, "/")
	}
	known := map[string]bool{}
	for _, r := range routes.Table {
		known[name(r.Method, r.Path)] = r.Limit != limits.None
	}
	return func(method, path string) bool { return known[name(method, path)] }
}
