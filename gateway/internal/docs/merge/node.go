package merge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"

	"go.yaml.in/yaml/v4"
)

// The documents are handled as YAML nodes, so that the order in which people wrote them is kept.

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// pairs yields the members of a mapping; anything else has none.
func pairs(n *yaml.Node) iter.Seq2[string, *yaml.Node] {
	return func(yield func(string, *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for i := 0; i < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value, n.Content[i+1]) {
				return
			}
		}
	}
}

// elements returns the items of a sequence; anything else has none.
func elements(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

// get returns a member of a mapping, or nil.
func get(n *yaml.Node, key string) *yaml.Node {
	for k, v := range pairs(n) {
		if k == key {
			return v
		}
	}
	return nil
}

func set(n *yaml.Node, key string, value *yaml.Node) { n.Content = append(n.Content, text(key), value) }

func walk(n *yaml.Node, visit func(*yaml.Node)) {
	visit(n)
	for _, child := range n.Content {
		walk(child, visit)
	}
}

// references returns what n refers to.
func references(n *yaml.Node) []string {
	var all []string
	walk(n, func(n *yaml.Node) {
		if ref := get(n, "$ref"); ref != nil {
			all = append(all, ref.Value)
		}
	})
	return all
}

// equal says whether two nodes mean the same. Descriptions in another order of members do.
func equal(a, b *yaml.Node) bool {
	var x, y any
	if a.Decode(&x) != nil || b.Decode(&y) != nil {
		return false
	}
	xs, errX := json.Marshal(x)
	ys, errY := json.Marshal(y)
	return errX == nil && errY == nil && bytes.Equal(xs, ys)
}

// encode writes n as indented JSON.
func encode(n *yaml.Node) ([]byte, error) {
	var b, indented bytes.Buffer
	if err := write(&b, n); err != nil {
		return nil, err
	}
	if err := json.Indent(&indented, b.Bytes(), "", "  "); err != nil {
		return nil, fmt.Errorf("indenting the merged document: %w", err)
	}
	indented.WriteByte('\n')
	return indented.Bytes(), nil
}

func write(b *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		b.WriteByte('{')
		for i := 0; i < len(n.Content); i += 2 {
			if i > 0 {
				b.WriteByte(',')
			}
			key, err := json.Marshal(n.Content[i].Value) // status codes are keys too, and keys are strings
			if err != nil {
				return err
			}
			b.Write(key)
			b.WriteByte(':')
			if err := write(b, n.Content[i+1]); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case yaml.SequenceNode:
		b.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := write(b, item); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case yaml.AliasNode:
		return write(b, n.Alias)
	default:
		var v any
		if err := n.Decode(&v); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		scalar, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		b.Write(scalar)
	}
	return nil
}
