// Package requestid carries the id of a request through a context, from the first hop to the last log line.
package requestid

import (
	"context"
	"crypto/rand"
)

// Header is the name that the id travels under.
const Header = "X-Request-Id"

const maxLen = 64

type key struct{}

// New returns a fresh id of 26 characters.
func New() string { return rand.Text() }

// With returns ctx carrying id.
func With(ctx context.Context, id string) context.Context { return context.WithValue(ctx, key{}, id) }

// From returns the id that ctx carries, or "".
func From(ctx context.Context) string {
	id, _ := ctx.Value(key{}).(string)
	return id
}

// Sound says whether an id from outside may be kept: short, and nothing that could break a log line or a header.
func Sound(id string) bool {
	if id == "" || len(id) > maxLen {
		return false
	}
	for _, c := range []byte(id) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
