package merge

import (
	"fmt"
	"os"
	"path/filepath"
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
	return Merge(docs...)
}
