package merge_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/gateway/internal/docs/merge"
)

// limited is what the gateway limits of both documents.
func limited(method, path string) bool { return method == "POST" && path == "/b" }

const first = `
openapi: 3.1.0
info: {title: Shop, version: "1"}
tags: [{name: shop}]
paths:
  /a:
    get:
      operationId: a
      responses: {"200": {$ref: "#/components/responses/Fine"}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
  responses:
    Fine: {description: Fine, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}
    TooManyRequests: {description: Later}
  schemas:
    Thing: {type: string}
    Same: {type: integer, minimum: 1}
`

const second = `
openapi: 3.1.0
info: {title: Another, version: "2"}
security: [{bearer: []}]
tags: [{name: shop}, {name: internal}, {name: more}]
paths:
  /b:
    parameters: [{name: x, in: query, schema: {$ref: "#/components/schemas/Same"}}]
    get:
      operationId: b
      responses: {"200": {$ref: "#/components/responses/Fine"}}
    post:
      operationId: c
      security: [{}]
      responses: {"200": {description: Fine}}
  /internal/x:
    get:
      operationId: x
      security: [{secret: []}]
      responses: {"200": {description: Fine, content: {application/json: {schema: {$ref: "#/components/schemas/Inside"}}}}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}, secret: {type: http, scheme: bearer}}
  responses: {Fine: {description: Fine, content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}}}
  schemas:
    Thing: {type: boolean}
    Same: {minimum: 1, type: integer}
    Inside: {type: string}
`

// Components that differ get their document's name, and so do those that refer to them; what only /internal uses is left out.
const want = `{
  "openapi": "3.1.0",
  "info": {"title": "Shop", "version": "1"},
  "servers": [{"url": "/"}],
  "tags": [{"name": "shop"}, {"name": "more"}],
  "paths": {
    "/a": {"get": {"operationId": "a", "responses": {"200": {"$ref": "#/components/responses/Fine"}}}},
    "/b": {
      "parameters": [{"name": "x", "in": "query", "schema": {"$ref": "#/components/schemas/Same"}}],
      "get": {
        "operationId": "b",
        "responses": {"200": {"$ref": "#/components/responses/OtherFine"}},
        "security": [{"bearer": []}]
      },
      "post": {
        "operationId": "c",
        "security": [{}],
        "responses": {"200": {"description": "Fine"}, "429": {"$ref": "#/components/responses/TooManyRequests"}}
      }
    }
  },
  "components": {
    "responses": {
      "Fine": {"description": "Fine", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}},
      "TooManyRequests": {"description": "Later"},
      "OtherFine": {"description": "Fine", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/OtherThing"}}}}
    },
    "schemas": {"Thing": {"type": "string"}, "Same": {"type": "integer", "minimum": 1}, "OtherThing": {"type": "boolean"}},
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}
  }
}`

func TestMerge(t *testing.T) {
	t.Parallel()
	b, err := merge.Merge(limited, merge.Document{Name: "shop", YAML: []byte(first)}, merge.Document{Name: "other", YAML: []byte(second)})
	if err != nil {
		t.Fatal(err)
	}
	var got, wanted any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("merged into\n%s\nwant\n%s", b, want)
	}
}

func TestDocumentsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ first, second, want string }{
		"the same path":      {first, "paths: {/a: {put: {operationId: z}}}", "/a is in two documents"},
		"the same operation": {first, "paths: {/z: {get: {operationId: a}}}", "operationId a of /a"},
		"nothing":            {first, "", "is empty"},
		"no mapping":         {first, "[]", "is empty"},
		"no YAML":            {first, "a: [", "reading the document of other"},
	} {
		_, err := merge.Merge(limited, merge.Document{Name: "shop", YAML: []byte(tt.first)}, merge.Document{Name: "other", YAML: []byte(tt.second)})
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}
