// Package environ reads a program's configuration from its environment, once, when it starts.
//
// Any variable NAME may stand in a file, which NAME_FILE names: that is how Kubernetes and Docker hand over secrets, and
// then no list of processes, no dump and no child has them.
package environ

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/caarlos0/env/v11"
)

const inFile = "_FILE"

// Read fills the struct from the environment. Its error names all that is wrong with files, or else all
// that is wrong with values.
func Read[T any]() (T, error) {
	var cfg T
	fields, err := env.GetFieldParams(&cfg)
	if err != nil {
		return cfg, err
	}
	vars := env.ToMap(os.Environ())
	var wrong []error
	for _, f := range fields {
		path, given := vars[f.Key+inFile]
		if !given {
			continue
		}
		if _, both := vars[f.Key]; both {
			wrong = append(wrong, fmt.Errorf("both %s and %s%s are set", f.Key, f.Key, inFile))
			continue
		}
		content, err := os.ReadFile(path) //nolint:gosec // whoever starts the program chooses the file
		if err != nil {
			wrong = append(wrong, fmt.Errorf("reading %s%s: %w", f.Key, inFile, err))
		}
		vars[f.Key] = strings.TrimRight(string(content), "\r\n")
	}
	if len(wrong) > 0 {
		return cfg, errors.Join(wrong...)
	}
	return env.ParseAsWithOptions[T](env.Options{Environment: vars})
}
