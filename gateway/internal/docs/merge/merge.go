// Package merge makes one API document of those that the services wrote by hand. It is for generating and for tests.
package merge

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Document is one hand-written OpenAPI document.
type Document struct {
	Name string // of the service; distinguishes components that two documents describe differently
	YAML []byte
}

// component names a part of components, which references point to; section is schemas, responses, ...
type component struct{ section, name string }

func (c component) ref() string { return "#/components/" + c.section + "/" + c.name }

// tooMany is the response of the first document that every operation promises which limited names.
const tooMany = "#/components/responses/TooManyRequests"

// Merge returns as JSON the document that has the info of the first one and the public operations of all. Components that
// are written alike become one; of those that are not, the later ones get their document's name in front. The services do
// not know of the gateway's limits: limited says which operations have one.
func Merge(limited func(method, path string) bool, docs ...Document) ([]byte, error) {
	all := merged{limited: limited, paths: mapping(), tags: &yaml.Node{Kind: yaml.SequenceNode}, components: map[component]*yaml.Node{}, operations: map[string]string{}}
	for i, d := range docs {
		var file yaml.Node
		if err := yaml.Unmarshal(d.YAML, &file); err != nil {
			return nil, fmt.Errorf("reading the document of %s: %w", d.Name, err)
		}
		if len(file.Content) == 0 || file.Content[0].Kind != yaml.MappingNode {
			return nil, fmt.Errorf("reading the document of %s: it is empty", d.Name)
		}
		root := file.Content[0]
		if i == 0 {
			all.info = get(root, "info")
		}
		if err := all.add(d.Name, root); err != nil {
			return nil, fmt.Errorf("merging the document of %s: %w", d.Name, err)
		}
	}
	return encode(all.document())
}

// merged is what has been merged so far.
type merged struct {
	limited           func(method, path string) bool
	info, paths, tags *yaml.Node
	components        map[component]*yaml.Node
	order             []component
	operations        map[string]string // id to path
}

func (m *merged) add(name string, root *yaml.Node) error {
	theirs, order := componentsOf(root)
	m.rename(name, root, theirs, order)
	for _, c := range order {
		if _, ok := m.components[c]; !ok {
			m.components[c] = theirs[c]
			m.order = append(m.order, c)
		}
	}
	security := get(root, "security")
	for path, item := range pairs(get(root, "paths")) {
		if strings.HasPrefix(path, "/internal") {
			continue
		}
		if get(m.paths, path) != nil {
			return fmt.Errorf("%s is in two documents", path)
		}
		for method, operation := range pairs(item) {
			id := get(operation, "operationId")
			if id != nil {
				if at, twice := m.operations[id.Value]; twice {
					return fmt.Errorf("%s %s has the operationId %s of %s", method, path, id.Value, at)
				}
				m.operations[id.Value] = path
			}
			if operation.Kind == yaml.MappingNode && get(operation, "security") == nil && security != nil {
				set(operation, "security", security)
			}
			if responses := get(operation, "responses"); responses != nil && m.limited(strings.ToUpper(method), path) && get(responses, "429") == nil {
				refusal := mapping()
				set(refusal, "$ref", text(tooMany))
				set(responses, "429", refusal)
			}
		}
		set(m.paths, path, item)
	}
	if tags := get(root, "tags"); tags != nil {
		m.tags.Content = append(m.tags.Content, slices.DeleteFunc(tags.Content, func(t *yaml.Node) bool {
			return m.tagged(t) || get(t, "name").Value == "internal"
		})...)
	}
	return nil
}

func (m *merged) tagged(tag *yaml.Node) bool {
	return slices.ContainsFunc(m.tags.Content, func(t *yaml.Node) bool { return get(t, "name").Value == get(tag, "name").Value })
}

// rename gives those of a document's components another name that differ from one that is there already, and those that
// refer to them, and so on.
func (m *merged) rename(name string, root *yaml.Node, theirs map[component]*yaml.Node, order []component) {
	renamed := map[string]string{}
	for changed := true; changed; {
		changed = false
		for _, c := range order {
			there, ok := m.components[c]
			if !ok || renamed[c.ref()] != "" || c.section == "securitySchemes" {
				continue
			}
			refersToRenamed := slices.ContainsFunc(references(theirs[c]), func(ref string) bool { return renamed[ref] != "" })
			if refersToRenamed || !equal(there, theirs[c]) {
				renamed[c.ref()] = component{c.section, strings.ToUpper(name[:1]) + name[1:] + c.name}.ref()
				changed = true
			}
		}
	}
	walk(root, func(n *yaml.Node) {
		if ref := get(n, "$ref"); ref != nil && renamed[ref.Value] != "" {
			ref.Value = renamed[ref.Value]
		}
	})
	for i, c := range order {
		if to, ok := strings.CutPrefix(renamed[c.ref()], "#/components/"+c.section+"/"); ok {
			order[i] = component{c.section, to}
			theirs[order[i]] = theirs[c]
		}
	}
}

// document puts everything together, without the components that only internal operations used.
func (m *merged) document() *yaml.Node {
	used := map[string]bool{}
	walk(m.paths, func(n *yaml.Node) {
		for _, alternative := range elements(get(n, "security")) {
			for scheme := range pairs(alternative) {
				used[component{"securitySchemes", scheme}.ref()] = true
			}
		}
	})
	for queue := references(m.paths); len(queue) > 0; {
		ref := queue[0]
		queue = queue[1:]
		if used[ref] {
			continue
		}
		used[ref] = true
		for _, c := range m.order {
			if c.ref() == ref {
				queue = append(queue, references(m.components[c])...)
			}
		}
	}
	sections := map[string]*yaml.Node{}
	for _, c := range m.order {
		if !used[c.ref()] {
			continue
		}
		if sections[c.section] == nil {
			sections[c.section] = mapping()
		}
		set(sections[c.section], c.name, m.components[c])
	}
	components := mapping()
	for _, section := range slices.Sorted(maps.Keys(sections)) {
		set(components, section, sections[section])
	}
	server := mapping()
	set(server, "url", text("/"))
	doc := mapping()
	set(doc, "openapi", text("3.1.0"))
	set(doc, "info", m.info)
	set(doc, "servers", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{server}})
	set(doc, "tags", m.tags)
	set(doc, "paths", m.paths)
	set(doc, "components", components)
	return doc
}

func componentsOf(root *yaml.Node) (map[component]*yaml.Node, []component) {
	all, order := map[component]*yaml.Node{}, []component{}
	for section, members := range pairs(get(root, "components")) {
		for name, n := range pairs(members) {
			c := component{section, name}
			all[c] = n
			order = append(order, c)
		}
	}
	return all, order
}
