// Package catalog is what the shop has: slippers in categories, their images, and the stock that orders take from.
//
// It holds the rules. It knows neither SQL nor HTTP.
package catalog

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrStale is returned for a change of something that is not any more as the client last read it.
var ErrStale = fault.New(fault.Stale, "precondition-failed", "It was changed since you read it.")

// Expected are the revisions of a thing that a change may start from. nil allows any.
type Expected []string

// Check returns ErrStale unless a change may start from revision.
func (e Expected) Check(revision string) error {
	if e != nil && !slices.Contains(e, revision) {
		return ErrStale
	}
	return nil
}

// typed returns what a person typed without the space around it.
func typed(s *string) *string {
	if s == nil {
		return nil
	}
	return new(strings.TrimSpace(*s))
}

func within(s string, least, most int) bool {
	n := utf8.RuneCountInString(s)
	return n >= least && n <= most
}

// set changes field to what was asked for, if anything was.
func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}
