package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// value is one value of a chart, or a group of them.
type value struct {
	Name     string
	Meaning  string // of a value; a group has none
	Rules    map[string]any
	Default  any
	Children []*value
}

func read(path string) (*value, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	root := &value{}
	if err := root.fill(doc.Content[0]); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return root, nil
}

func (v *value) fill(node *yaml.Node) error {
	if err := node.Decode(&v.Default); err != nil {
		return err
	}
	if v.Meaning != "" || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(node.Content); i += 2 {
		child := &value{Name: node.Content[i].Value}
		if err := child.describe(node.Content[i].HeadComment); err != nil {
			return fmt.Errorf("%s: %w", child.Name, err)
		}
		if err := child.fill(node.Content[i+1]); err != nil {
			return fmt.Errorf("%s: %w", child.Name, err)
		}
		v.Children = append(v.Children, child)
	}
	return nil
}

// describe reads the comment above a value. What stands before "--" is about the file.
func (v *value) describe(comment string) error {
	_, comment, ok := strings.Cut(comment, "# -- ")
	if !ok {
		return nil
	}
	text, rules, ok := strings.Cut(comment, "# @schema ")
	v.Meaning = strings.Join(strings.Fields(strings.ReplaceAll(text, "\n# ", " ")), " ")
	if !ok {
		return nil
	}
	return json.Unmarshal([]byte(rules), &v.Rules)
}

func (v *value) child(name string) *value {
	for _, c := range v.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// under returns v with what another file says over it: what is said about a value holds for it wherever it is set.
func (v *value) under(own *value) *value {
	out := *v
	if v.Meaning != "" || len(v.Children) == 0 {
		out.Default = merged(v.Default, own.Default)
		if own.Meaning != "" {
			out.Meaning, out.Rules = own.Meaning, own.Rules
		}
		return &out
	}
	out.Children = nil
	for _, c := range v.Children {
		if other := own.child(c.Name); other != nil {
			c = c.under(other)
		}
		out.Children = append(out.Children, c)
	}
	for _, c := range own.Children {
		if v.child(c.Name) == nil {
			out.Children = append(out.Children, c)
		}
	}
	return &out
}

// merged is how Helm puts one default over another: maps together, all else in place.
func merged(under, over any) any {
	a, isMap := under.(map[string]any)
	b, both := over.(map[string]any)
	if !isMap || !both {
		return over
	}
	out := maps.Clone(a)
	for k, x := range b {
		out[k] = x
		if old, twice := a[k]; twice {
			out[k] = merged(old, x)
		}
	}
	return out
}

var errUndescribed = errors.New("has no description")

func (v *value) schema() (map[string]any, error) {
	if v.Meaning == "" {
		props := map[string]any{}
		for _, c := range v.Children {
			s, err := c.schema()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name, err)
			}
			props[c.Name] = s
		}
		if len(props) == 0 {
			return nil, errUndescribed
		}
		return map[string]any{"type": "object", "properties": props, "additionalProperties": false}, nil
	}
	s := map[string]any{"description": v.Meaning, "type": typeOf(v.Default)}
	maps.Copy(s, v.Rules)
	return s, nil
}

func typeOf(byDefault any) string {
	switch byDefault.(type) {
	case bool:
		return "boolean"
	case int:
		return "integer"
	case float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return "string"
	}
}

func (v *value) rows(b *bytes.Buffer, prefix string) error {
	for _, c := range v.Children {
		name := prefix + c.Name
		if c.Meaning == "" {
			if err := c.rows(b, name+"."); err != nil {
				return err
			}
			continue
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(c.Default); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(b, "| `%s` | `%s` | %s |\n", name, strings.ReplaceAll(strings.TrimSpace(text.String()), "|", `\|`), strings.ReplaceAll(c.Meaning, "|", `\|`))
	}
	return nil
}
