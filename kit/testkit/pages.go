package testkit

import (
	"context"
	"testing"

	"github.com/slippers-api/slippers/kit/page"
)

// Pages reads a list by cursors to its end, as a client does, and returns the ids that it has seen. It calls between with each
// page before it asks for the next.
func Pages[T any](t testing.TB, r page.Request, list func(context.Context, page.Request) ([]T, int64, error),
	position func(T) (string, int64), between func([]T),
) (seen []int64) {
	t.Helper()
	cursors, err := page.NewCursors("a secret")
	if err != nil {
		t.Fatal(err)
	}
	for {
		rows, total, err := list(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		p := page.New(cursors, r, rows, total, position)
		for _, item := range p.Items {
			_, id := position(item)
			seen = append(seen, id)
		}
		if p.NextCursor == nil {
			return seen
		}
		between(p.Items)
		after, err := cursors.Decode(*p.NextCursor, r.Sort)
		if err != nil {
			t.Fatal(err)
		}
		r.After, r.Skip = &after, after.Skip
	}
}
