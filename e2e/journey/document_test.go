package journey_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// object is a JSON object of the API document.
type object = map[string]any

// document is the API as the running gateway describes it.
type document struct{ root object }

// operation is one method of one path.
type operation struct {
	method, path string // the path with {names} in it
	params       []object
	body         object // the schema of its body, nil where it has none
	media        string
	promised     object // the answers, by status
	secured      bool   // it needs a token
}

// operations reads the document of a store.
func (s *store) operations(t *testing.T) (document, []operation) {
	t.Helper()
	var d document
	decoder := json.NewDecoder(strings.NewReader(visitor{store: s}.must(t, "GET /openapi.json", "").body))
	decoder.UseNumber()
	if err := decoder.Decode(&d.root); err != nil {
		t.Fatal(err)
	}
	var all []operation
	paths := d.at(d.root, "paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := d.at(paths, path)
		for _, method := range []string{"get", "post", "put", "patch", "delete"} {
			if op := d.at(item, method); op != nil {
				all = append(all, d.operation(t, strings.ToUpper(method), path, op, list(item["parameters"])))
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("the document has no operation")
	}
	return d, all
}

func (d document) operation(t *testing.T, method, path string, op object, shared []any) operation {
	t.Helper()
	o := operation{method: method, path: path, promised: d.at(op, "responses")}
	for _, p := range append(shared, list(op["parameters"])...) {
		o.params = append(o.params, d.resolve(p))
	}
	for i, way := range list(op["security"]) {
		o.secured = len(d.resolve(way)) > 0 && (i == 0 || o.secured)
	}
	content := d.at(d.at(op, "requestBody"), "content")
	for o.media = range content {
		o.body = d.resolve(d.at(content, o.media)["schema"])
	}
	if _, fields := o.body["properties"]; len(content) > 1 || len(content) == 1 && !fields {
		t.Errorf("%s %s: no bad body can be made, teach this test how", method, path)
	}
	return o
}

// promises says whether the operation may answer with status.
func (o operation) promises(status int) bool { return o.promised[fmt.Sprint(status)] != nil }

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

// at returns the member of o with what it refers to, or nil.
func (d document) at(o object, name string) object { return d.resolve(o[name]) }

// resolve follows references, and takes the first choice of several.
func (d document) resolve(v any) object {
	o, _ := v.(object)
	if ref, ok := o["$ref"].(string); ok {
		at := d.root
		for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
			at, _ = at[name].(object)
		}
		return d.resolve(at)
	}
	for _, choice := range []string{"anyOf", "oneOf"} {
		if all := list(o[choice]); len(all) > 0 {
			first := maps.Clone(d.resolve(all[0]))
			first["nullable"] = slices.ContainsFunc(all, func(v any) bool { return typeOf(d.resolve(v)) == "null" })
			return first
		}
	}
	return o
}

func typeOf(schema object) string {
	for _, one := range append(list(schema["type"]), schema["type"]) {
		if name, ok := one.(string); ok {
			return name
		}
	}
	return ""
}

func nullable(schema object) bool {
	return schema["nullable"] == true || slices.Contains(list(schema["type"]), any("null"))
}

// beyond returns the bound of the schema that is called name, moved by step, or "".
func beyond(schema object, name string, step int64) string {
	n, ok := new(big.Int).SetString(fmt.Sprint(schema[name]), 10)
	if !ok {
		return ""
	}
	return n.Add(n, big.NewInt(step)).String()
}

// length returns the bound of the schema that is called name, or absent.
func length(schema object, name string, absent int) int {
	if _, err := fmt.Sscan(fmt.Sprint(schema[name]), &absent); err != nil {
		return absent
	}
	return absent
}

// sample returns JSON of the schema. known has values for some names.
func (d document) sample(schema object, name string, known map[string]string) string {
	if v, ok := known[name]; ok {
		return v
	}
	if allowed := list(schema["enum"]); len(allowed) > 0 {
		return fmt.Sprintf("%q", allowed[0])
	}
	switch typeOf(schema) {
	case "object":
		return d.object(schema, known, "", "")
	case "array":
		return "[" + d.sample(d.at(schema, "items"), "", known) + "]"
	case "integer", "number":
		return "1"
	case "boolean":
		return "true"
	default:
		return `"long enough"`
	}
}

// object returns the least that the schema asks for, but with value for the property other; where that is "", without it.
func (d document) object(schema object, known map[string]string, other, value string) string {
	var members []string
	properties := d.at(schema, "properties")
	for _, v := range list(schema["required"]) {
		if name, _ := v.(string); name != other {
			members = append(members, fmt.Sprintf("%q:%s", name, d.sample(d.at(properties, name), name, known)))
		}
	}
	if value != "" {
		members = append(members, fmt.Sprintf("%q:%s", other, value))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// wrong is JSON that a schema does not allow, and where in it the fault is.
type wrong struct {
	json, pointer string
	loose         bool // a rule of the operation may come first
}

const stranger = "utterly_unknown"

// wrongs returns what the schema does not allow.
func (d document) wrongs(schema object, known map[string]string) []wrong {
	var out []wrong
	add := func(texts ...string) {
		for _, text := range texts {
			if text != "" {
				out = append(out, wrong{json: text})
			}
		}
	}
	kind := typeOf(schema)
	mistyped := map[string]string{
		"object": `{"x":{}}`, "array": `[[]]`, "string": `"x"`, "integer": `7`, "number": `7.25`, "boolean": `true`,
	}
	for other, text := range mistyped {
		if other != kind && (kind != "number" || other != "integer") {
			add(text)
		}
	}
	if !nullable(schema) {
		add("null")
	}
	switch kind {
	case "object":
		out = append(out, d.wrongMembers(schema, known)...)
	case "array":
		items := d.at(schema, "items")
		for _, w := range d.wrongs(items, known) {
			out = append(out, wrong{"[" + w.json + "]", "/0" + w.pointer, w.loose})
		}
		if length(schema, "minItems", 0) > 0 {
			add("[]")
		}
		if most := length(schema, "maxItems", 0); most > 0 {
			add("[" + strings.Repeat(d.sample(items, "", known)+",", most) + d.sample(items, "", known) + "]")
		}
	case "integer":
		add("1.5", "1e400", "99999999999999999999", "-99999999999999999999", beyond(schema, "minimum", -1), beyond(schema, "maximum", 1))
		if schema["format"] == "int64" && schema["maximum"] == nil {
			out = append(out, wrong{"9223372036854775807", "", true}) // an id that could be
		}
	case "number": // all of them are money
		add("1.005", "1e400", "-1e400", "99999999999999999999", beyond(schema, "exclusiveMinimum", 0), beyond(schema, "minimum", -1), beyond(schema, "maximum", 1))
	case "string":
		add(`"a\u0000b"`)
		if schema["enum"] != nil {
			add(`"`+stranger+`"`, `""`)
		}
		out = append(out, wrong{`"` + strings.Repeat("x", 5000) + `"`, "", true})
	}
	return out
}

func (d document) wrongMembers(schema object, known map[string]string) []wrong {
	out := []wrong{{d.object(schema, known, stranger, "1"), "", false}}
	properties := d.at(schema, "properties")
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		for _, w := range d.wrongs(d.at(properties, name), known) {
			out = append(out, wrong{d.object(schema, known, name, w.json), "/" + name + w.pointer, w.loose})
		}
	}
	for _, v := range list(schema["required"]) {
		name := fmt.Sprint(v)
		out = append(out, wrong{d.object(schema, known, name, ""), "/" + name, true})
	}
	return out
}
