package docs_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/slippers-api/slippers/gateway/internal/docs/merge"
)

func merged(t *testing.T) []byte {
	t.Helper()
	b, err := merge.FromTree(root)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What the binary carries is what people wrote. When this fails, run `make generate`.
func TestWhatIsEmbeddedIsCurrent(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(root + "/docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"openapi.json": merged(t), "errors.md": page} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run go generate in gateway", name)
		}
	}
}

func TestMergingIsDeterministic(t *testing.T) {
	t.Parallel()
	first := merged(t)
	for range 5 {
		if !bytes.Equal(merged(t), first) {
			t.Fatal("the same documents were merged in two ways")
		}
	}
}

func TestTheDocumentIsSound(t *testing.T) {
	t.Parallel()
	document := merged(t)
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1.") {
		t.Errorf("OpenAPI %s, want 3.1", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, o := range item.Operations() {
			if o.OperationID == "" || ids[o.OperationID] || o.Summary == "" || len(o.Tags) != 1 {
				t.Errorf("%s %s: id %q, summary %q, tags %v", method, path, o.OperationID, o.Summary, o.Tags)
			}
			ids[o.OperationID] = true
		}
	}
}

// Outsiders learn nothing of what is inside.
func TestTheDocumentIsPublic(t *testing.T) {
	t.Parallel()
	var document struct {
		Paths map[string]any `json:"paths"`
		Tags  []struct {
			Name string `json:"name"`
		} `json:"tags"`
		Components struct {
			Schemas         map[string]any `json:"schemas"`
			SecuritySchemes map[string]any `json:"securitySchemes"`
		} `json:"components"`
	}
	text := merged(t)
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	for path := range document.Paths {
		if strings.HasPrefix(path, "/internal") {
			t.Errorf("%s is in the document", path)
		}
	}
	for _, tag := range document.Tags {
		if tag.Name == "internal" {
			t.Error("there is a tag for what is internal")
		}
	}
	if len(document.Components.SecuritySchemes) != 1 || document.Components.SecuritySchemes["bearer"] == nil {
		t.Errorf("security schemes: %v", document.Components.SecuritySchemes)
	}
	if bytes.Contains(text, []byte("/internal/")) {
		t.Error("the document speaks of /internal/")
	}
}
