// Package catalog is what the shop has: slippers in categories, their images, and the stock that orders take from.
//
// It holds the rules. It knows neither SQL nor HTTP.
package catalog

import (
	"strings"
	"unicode/utf8"
)

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
