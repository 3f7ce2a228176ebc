package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/gateway/internal/docs"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
)

const root = "../../.."

// modules are where faults are declared.
var modules = []string{"kit", "auth-svc", "catalog-svc", "gateway", "order-svc"}

// kinds are the kinds of package fault as the source names them.
var kinds = map[string]fault.Kind{
	"Internal": fault.Internal, "Malformed": fault.Malformed, "Invalid": fault.Invalid,
	"Unauthenticated": fault.Unauthenticated, "Forbidden": fault.Forbidden, "NotFound": fault.NotFound,
	"Conflict": fault.Conflict, "Stale": fault.Stale, "TooLarge": fault.TooLarge, "Unsupported": fault.Unsupported,
	"Throttled": fault.Throttled, "Unavailable": fault.Unavailable, "Garbled": fault.Garbled, "Overdue": fault.Overdue,
}

// declared is a fault as the source declares it.
type declared struct {
	at   token.Position
	kind string
	wait bool // it says when to come back
}

// declarations returns every fault.New of the modules, by code.
func declarations(t *testing.T) map[string][]declared {
	t.Helper()
	all, files := map[string][]declared{}, token.NewFileSet()
	for _, module := range modules {
		err := filepath.WalkDir(filepath.Join(root, module), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			waits := map[ast.Node]bool{}
			ast.Inspect(file, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					waits[receiver(call, "After")] = true
					if d, code := declaration(call); code != "" {
						d.at, d.wait = files.Position(call.Pos()), waits[call]
						all[code] = append(all[code], d)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// receiver returns what the method is called on, or nil when call is another.
func receiver(call *ast.CallExpr, method string) ast.Node {
	if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == method {
		return f.X
	}
	return nil
}

// declaration reads fault.New(fault.Kind, "code", ...). One without a literal code makes again what another service declared.
func declaration(call *ast.CallExpr) (d declared, code string) {
	of, ok := receiver(call, "New").(*ast.Ident)
	if !ok || of.Name != "fault" || len(call.Args) != 3 {
		return d, ""
	}
	kind, isKind := call.Args[0].(*ast.SelectorExpr)
	literal, isLiteral := call.Args[1].(*ast.BasicLit)
	if !isKind || !isLiteral {
		return d, ""
	}
	code, err := strconv.Unquote(literal.Value)
	if err != nil {
		return d, ""
	}
	return declared{kind: kind.Sel.Name}, code
}

var statusLine = regexp.MustCompile(`^## [a-z-]+\n\nStatus (\d{3})(, with .Retry-After.)?\. [A-Z](?s:.+?)\n\n[A-Z](?s:.+)\n$`)

// docs/errors.md says of every code of ours, and of no other, with which status it comes, when, and what to do.
func TestEveryCodeHasItsPage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(root + "/docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, source := docs.Problems(string(text)), declarations(t)
	if len(source) < 30 {
		t.Fatalf("found only %d codes in the source", len(source))
	}
	if n := strings.Count("\n"+string(text), "\n## "); n != len(pages) {
		t.Errorf("%d sections for %d codes", n, len(pages))
	}
	for _, code := range slices.Sorted(maps.Keys(pages)) {
		if strings.Contains(pages[code], "\n# ") {
			t.Errorf("the page of %s runs into the next group", code)
		}
		if source[code] == nil {
			t.Errorf("docs/errors.md explains %s, which nothing declares", code)
		}
	}
	for _, code := range slices.Sorted(maps.Keys(source)) {
		page := statusLine.FindStringSubmatch(pages[code])
		if page == nil {
			t.Errorf("%s: %s is not explained in docs/errors.md, or not in the form of the others", source[code][0].at, code)
			continue
		}
		status, _ := strconv.Atoi(page[1])
		for _, d := range source[code] {
			kind, known := kinds[d.kind]
			if !known || httpserver.KindOf(status) != kind {
				t.Errorf("%s: %s is %s, and docs/errors.md says %d", d.at, code, d.kind, status)
			}
			if d.wait && page[2] == "" {
				t.Errorf("%s: %s comes with Retry-After, and docs/errors.md does not say so", d.at, code)
			}
		}
	}
}
