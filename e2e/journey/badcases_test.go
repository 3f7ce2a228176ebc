package journey_test

import (
	"fmt"
	"slices"
	"strings"
)

const (
	jsonType = "application/json"
	formType = "multipart/form-data"
)

// badParts returns what is not in a path where the schema belongs.
func badParts(schema object) []string {
	bad := []string{"%00", "%ff", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e", "%20", "'", strings.Repeat("9", 3000)}
	if typeOf(schema) == "integer" {
		bad = append(bad, "0", "-1", "x", "01", "1.5", "1e3", "+1", "9223372036854775808")
	}
	return bad
}

// badQueries returns queries in which the parameter is not what its schema says.
func badQueries(name string, schema object) []string {
	sound := "1"
	bad := []string{"%ff", "%00"}
	switch typeOf(schema) {
	case "boolean":
		bad = append(bad, "maybe", "", "2", "null")
	case "integer":
		bad = append(bad, "x", "", "1.5", "1e1", "9223372036854775808", "-9223372036854775809", beyond(schema, "minimum", -1))
		if beyond(schema, "maximum", 1) != "" {
			bad = append(bad, beyond(schema, "maximum", 1))
		}
	case "number":
		bad = append(bad, "x", "", "NaN", "Inf", "1e400", "1.001", "99999999999999999999")
	default:
		if most := length(schema, "maxLength", 0); most > 0 {
			bad = append(bad, strings.Repeat("x", most+1))
		}
		if allowed := list(schema["enum"]); len(allowed) > 0 {
			sound = fmt.Sprint(allowed[0])
			bad = append(bad, stranger, "")
		}
	}
	out := []string{name + "=" + sound + "&" + name + "=" + sound, strings.ToUpper(name) + "=" + sound, name + "[]=" + sound}
	for _, value := range bad {
		out = append(out, name+"="+value)
	}
	return out
}

// badHeaders returns values that the operation must refuse in the header.
func badHeaders(o operation, name string, schema object) []string {
	var bad []string
	if most := length(schema, "maxLength", 0); most > 0 {
		bad = append(bad, "", "two words", "\xff", strings.Repeat("x", most+1))
	}
	if name == "If-Match" && o.promises(412) {
		bad = append(bad, `"never"`, "nonsense", "W/")
	}
	if name == "Range" && o.promises(416) {
		bad = append(bad, "bytes=99999999-", "bytes=x-y", "pears=1-2")
	}
	return bad
}

// bodies returns bodies that the operation must refuse. One that promises nothing about media types reads none.
func (o operation) bodies(doc document, path, sound string, known map[string]string) []attempt {
	var out []attempt
	add := func(status int, body string, headers ...string) {
		if o.media == formType && len(headers) == 0 {
			headers = []string{"Content-Type: " + formType + "; boundary=x"}
		}
		out = append(out, attempt{method: o.method, path: path, body: body, headers: headers, status: status})
	}
	switch {
	case !o.promises(415):
		return nil
	case o.media == formType:
		o.forms(doc, add)
		return out
	}
	for _, text := range []string{"{", `{"`, `{"x":`, "}", "{}{}", "\x00", "nonsense", "{\"x\":\"\xff\"}", "\xef\xbb\xbf{}", `{"x":NaN}`, `{'x':1}`, "{\"x\":\"\n\"}"} {
		add(400, text)
	}
	if len(sound) > 2 {
		add(400, sound[:len(sound)-1])
		add(400, sound+"]")
	}
	add(400, strings.Repeat("[", 30_000))
	add(413, `{"x":"`+strings.Repeat("x", 100_000)+`"}`)
	for _, media := range []string{"text/plain", "", "application/x-www-form-urlencoded", "application/jsonx", formType + "; boundary=x"} {
		add(415, `{"x":1}`, "Content-Type: "+media)
	}
	schema := o.body
	if schema == nil {
		schema = object{"type": "object"} // nothing is expected, so everything is too much
	}
	for _, w := range doc.wrongs(schema, known) {
		status, pointer := 422, w.pointer
		if pointer == "" {
			pointer = "-"
		}
		if w.loose {
			status, pointer = 0, "-"
		}
		out = append(out, attempt{method: o.method, path: path, body: w.json, status: status, pointer: pointer})
	}
	return out
}

// forms adds uploads that must be refused.
func (o operation) forms(doc document, add func(status int, body string, headers ...string)) {
	add(415, `{}`, "Content-Type: "+jsonType)
	add(415, `x`, "Content-Type: text/plain")
	add(415, `x`, "Content-Type: "+formType) // without a boundary
	for _, body := range []string{"", "nonsense", "--x\r\n", "--x\r\nContent-Disposition: form-data; name=\"images\"\r\n\r\ncut o", "--x\r\n\xff\x00: y\r\n\r\n\r\n--x--"} {
		add(0, body)
	}
	part := func(field, file string) string {
		return "--x\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"../../a.png\"\r\nContent-Type: image/png\r\n\r\n" + file + "\r\n"
	}
	add(422, "--x--\r\n")
	add(422, part(stranger, "x")+"--x--\r\n")
	for field, schema := range doc.at(o.body, "properties") {
		add(422, part(field, "")+"--x--\r\n")
		add(422, part(field, "a text, whatever its name says")+"--x--\r\n")
		add(422, part(field, "\x89PNG\r\n\x1a\nand then nothing")+"--x--\r\n")
		most := length(doc.resolve(schema), "maxItems", 10)
		add(422, strings.Join(slices.Repeat([]string{part(field, "x")}, most+1), "")+"--x--\r\n")
	}
}
