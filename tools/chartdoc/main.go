// Chartdoc writes values.schema.json and README.md of every chart from the comments in their values.yaml.
//
//	chartdoc CHARTS
//
// A comment "# -- text" describes a value; what has none only groups others, and must not end there. A line "# @schema {...}"
// after it adds to the value's JSON schema. Unknown values are refused everywhere, so that a misspelt one is not ignored.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

const (
	library  = "common"
	umbrella = "slippers"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "chartdoc:", err)
		os.Exit(1)
	}
}

func run(charts string) error {
	shared, err := read(filepath.Join(charts, library, "values.yaml"))
	if err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(charts, "*", "Chart.yaml"))
	if err != nil {
		return err
	}
	for _, file := range found {
		dir := filepath.Dir(file)
		values := shared
		switch filepath.Base(dir) {
		case library:
		case umbrella:
			if values, err = read(filepath.Join(dir, "values.yaml")); err == nil {
				values.Children = append([]*value{shared.child("global")}, values.Children...)
			}
		default:
			var own *value
			if own, err = read(filepath.Join(dir, "values.yaml")); err == nil {
				values = shared.under(own)
			}
		}
		if err == nil {
			err = write(dir, values)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	return nil
}

// chart is what Chart.yaml says, as far as people read it.
type chart struct {
	Name        string `yaml:"name"`
	Description string `yaml:"description"`
}

func write(dir string, values *value) error {
	text, err := os.ReadFile(filepath.Join(dir, "Chart.yaml"))
	if err != nil {
		return err
	}
	var about chart
	if err := yaml.Unmarshal(text, &about); err != nil {
		return err
	}
	schema, err := values.schema()
	if err != nil {
		return err
	}
	schema["$schema"] = "http://json-schema.org/draft-07/schema#"
	if about.Name != library { // Helm hands these to every chart
		properties(schema)[library] = map[string]any{"type": "object"}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(schema); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "values.schema.json"), b.Bytes(), 0o644); err != nil {
		return err
	}
	b.Reset()
	fmt.Fprintf(&b, "# %s\n\n%s.\n\n", about.Name, about.Description)
	b.WriteString("<!-- written by `make generate` from values.yaml -->\n\n| value | default | meaning |\n|---|---|---|\n")
	if err := values.rows(&b, ""); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "README.md"), b.Bytes(), 0o644)
}

func properties(schema map[string]any) map[string]any {
	p, _ := schema["properties"].(map[string]any)
	return p
}
