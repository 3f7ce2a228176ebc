// Configdoc writes the configuration table of the README from the structs that the programs read their environment into.
//
//	configdoc ROOT
//
// It replaces what stands between the two marker lines, and fails when one variable is declared twice for one program:
// then nobody could say which default holds.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
)

const (
	begin = "<!-- configuration: written by `make generate` -->"
	end   = "<!-- end of configuration -->"
)

var programs = []string{"gateway", "catalog-svc", "order-svc", "auth-svc"}

// variable is one field of a config struct.
type variable struct {
	name, byDefault, meaning, pkg string
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "configdoc:", err)
		os.Exit(1)
	}
}

func run(root string) error {
	readers := map[variable][]string{}
	for _, program := range programs {
		seen := map[string]string{}
		for _, pkg := range packagesOf(root, program) {
			vars, err := variablesIn(root, pkg)
			if err != nil {
				return err
			}
			for _, v := range vars {
				if other, twice := seen[v.name]; twice {
					return fmt.Errorf("%s reads %s twice: %s and %s", program, v.name, other, v.pkg)
				}
				seen[v.name] = v.pkg
				readers[v] = append(readers[v], strings.TrimSuffix(program, "-svc"))
			}
		}
	}
	return write(filepath.Join(root, "README.md"), table(readers))
}

// packagesOf returns the folders of a program's own packages, and of those of kit that it imports.
func packagesOf(root, program string) []string {
	found := map[string]bool{}
	_ = filepath.WalkDir(filepath.Join(root, program), func(path string, _ fs.DirEntry, _ error) error {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, _ := filepath.Rel(root, filepath.Dir(path))
		found[rel] = true
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, i := range f.Imports {
			if _, pkg, ours := strings.Cut(strings.Trim(i.Path.Value, `"`), "slippers/kit/"); ours {
				found["kit/"+pkg] = true
			}
		}
		return nil
	})
	return slices.Sorted(maps.Keys(found))
}

func variablesIn(root, pkg string) ([]variable, error) {
	files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
	if err != nil {
		return nil, err
	}
	var vars []variable
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.StructType); ok {
				vars = append(vars, fieldsOf(s, pkg)...)
			}
			return true
		})
	}
	return vars, nil
}

func fieldsOf(s *ast.StructType, pkg string) (vars []variable) {
	doc := ""
	for _, field := range s.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
		name, options, _ := strings.Cut(tag.Get("env"), ",")
		if name == "" {
			continue
		}
		if field.Doc != nil { // several fields may stand under one comment
			doc = strings.Join(strings.Fields(field.Doc.Text()), " ")
		}
		v := variable{name: name, byDefault: tag.Get("envDefault"), meaning: doc, pkg: pkg}
		if strings.Contains(options, "required") {
			v.byDefault = "*required*"
		} else if v.byDefault != "" {
			v.byDefault = "`" + v.byDefault + "`"
		}
		vars = append(vars, v)
	}
	return vars
}

func table(readers map[variable][]string) []byte {
	var b bytes.Buffer
	b.WriteString("| variable | default | read by | meaning |\n|---|---|---|---|\n")
	vars := slices.SortedFunc(maps.Keys(readers), func(a, b variable) int {
		return strings.Compare(a.name+a.pkg, b.name+b.pkg)
	})
	for _, v := range vars {
		by := strings.Join(readers[v], ", ")
		if len(readers[v]) == len(programs) {
			by = "all"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", v.name, v.byDefault, by, strings.ReplaceAll(v.meaning, "|", `\|`))
	}
	return b.Bytes()
}

func write(path string, table []byte) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := bytes.Cut(text, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !ok || !closed {
		return errors.New("README.md has no marker lines for the table")
	}
	out := slices.Concat(before, []byte(begin+"\n\n"), table, []byte("\n"+end), after)
	return os.WriteFile(path, out, 0o644)
}
