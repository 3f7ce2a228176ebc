// Generate writes the rules and dashboards of package observe into a folder, and takes away dashboards that are no more.
//
//	generate FOLDER
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/slippers-api/slippers/e2e/observe"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(folder string) error {
	files, err := observe.Files()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(folder, "dashboards")); err != nil { //nolint:gosec // the caller's
		return err
	}
	for name, text := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // a folder of the repository
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil { //nolint:gosec // a file of the repository
			return err
		}
	}
	return nil
}
