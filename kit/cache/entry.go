package cache

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxBody is the most bytes of a copy that is kept.
const maxBody = 1 << 20

// entry is a copy. Nobody changes it: all who hit it read the same value.
type entry struct {
	head

	body  []byte // the value's JSON, for Redis
	value any
}

// head is what goes with a body to Redis.
type head struct {
	Key     string    `json:"key"`
	Shape   string    `json:"shape"`
	Stamps  []string  `json:"stamps"`
	Expires time.Time `json:"expires"`
}

// newEntry returns a copy of v, which has no part in common with it.
func newEntry[V any](h head, v V) (*entry, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding it: %w", err)
	}
	e := &entry{head: h, body: body}
	return e, read[V](e)
}

// of says whether the copy is of these stamps.
func (e *entry) of(stamps []string) bool { return e != nil && slices.Equal(e.Stamps, stamps) }

// weight is about how many bytes of memory the copy takes.
func (e *entry) weight() uint32 {
	const rest = 512                         // what the store itself needs
	n := rest + 2*len(e.Key) + 4*cap(e.body) // numbers and pointers are larger than their JSON
	for _, s := range e.Stamps {
		n += 16 + len(s)
	}
	return uint32(n) //nolint:gosec // bodies are bounded
}

// encode returns the copy as it goes to Redis: a line about it, then the body.
func (e *entry) encode() ([]byte, error) {
	line, err := json.Marshal(e.head)
	if err != nil {
		return nil, fmt.Errorf("encoding a copy: %w", err)
	}
	return slices.Concat(line, []byte("\n"), e.body), nil
}

// parse returns what encode was given, or nil for what is none of ours.
func parse(text string) *entry {
	line, body, ok := bytes.Cut([]byte(text), []byte("\n"))
	var h head
	if !ok || json.Unmarshal(line, &h) != nil {
		return nil
	}
	return &entry{head: h, body: bytes.Clone(body)} // to its size: what weighs is what is held
}

// read makes the value of a copy that nobody else knows yet.
func read[V any](e *entry) error {
	var v V
	if err := json.Unmarshal(e.body, &v); err != nil {
		return fmt.Errorf("reading a copy: %w", err)
	}
	e.value = v
	return nil
}

// slot is the place of a copy in Redis.
func (c *Cache[V]) slot(key string) string {
	return "copy:" + c.name + ":" + strconv.FormatUint(hash(key)%c.slots, 10)
}

func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, s) // a hash takes everything
	return h.Sum64()
}

// shapeOf tells one form of a type from another: while a new release replaces an old one, neither takes the other's copies
// for its own, with fields that are missing.
func shapeOf[V any]() string {
	var b strings.Builder
	writeShape(&b, reflect.TypeFor[V](), map[reflect.Type]bool{})
	return strconv.FormatUint(hash(b.String()), 36)
}

func writeShape(b *strings.Builder, t reflect.Type, seen map[reflect.Type]bool) {
	b.WriteString(t.String())
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		writeShape(b, t.Elem(), seen)
	case reflect.Struct:
		for f := range t.Fields() {
			if f.IsExported() {
				b.WriteString(" " + f.Name + " " + strconv.Quote(string(f.Tag)) + " ")
				writeShape(b, f.Type, seen)
			}
		}
	default: // its name says it
	}
}
