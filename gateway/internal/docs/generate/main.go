// Generate writes what package docs embeds: the merged API document, and a copy of docs/errors.md.
//
//	generate ROOT
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/slippers-api/slippers/gateway/internal/docs/merge"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate ROOT, in the folder of package docs")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	document, err := merge.FromTree(root)
	if err != nil {
		return err
	}
	page, err := os.ReadFile(filepath.Join(root, "docs", "errors.md")) //nolint:gosec // a developer's own tree
	if err != nil {
		return fmt.Errorf("reading the page of errors: %w", err)
	}
	for name, content := range map[string][]byte{"openapi.json": document, "errors.md": page} {
		if err := os.WriteFile(name, content, 0o644); err != nil { //nolint:gosec // a source file like any other
			return fmt.Errorf("writing %s: %w", name, err)
		}
	}
	return nil
}
