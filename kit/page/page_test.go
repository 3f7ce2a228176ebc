package page_test

import (
	"errors"
	"testing"

	"github.com/slippers-api/slippers/kit/page"
)

func cursors(t *testing.T, secret string) page.Cursors {
	t.Helper()
	c, err := page.NewCursors(secret)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCursorComesBackAsItWent(t *testing.T) {
	t.Parallel()
	c := cursors(t, "one")
	want := page.Position{Sort: "name_asc", Key: "тапочки", ID: 42, Skip: 20}
	got, err := c.Decode(c.Encode(want), "name_asc")
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestCursorIsRefused(t *testing.T) {
	t.Parallel()
	c := cursors(t, "one")
	ours := c.Encode(page.Position{Sort: "id_desc", ID: 42})
	flipped := []byte(ours)
	flipped[len(flipped)-3] ^= 1
	tests := map[string]struct{ cursor, sort string }{
		"tampered":          {string(flipped), "id_desc"},
		"of another sort":   {ours, "id_asc"},
		"of another secret": {cursors(t, "two").Encode(page.Position{Sort: "id_desc"}), "id_desc"},
		"empty":             {"", "id_desc"},
		"not base64":        {"%%%", "id_desc"},
		"longer":            {ours + "AAAA", "id_desc"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := c.Decode(tt.cursor, tt.sort); !errors.Is(err, page.ErrCursor) {
				t.Errorf("got %+v, %v, want %v", p, err, page.ErrCursor)
			}
		})
	}
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	position := func(n int) (string, int64) { return "", int64(n) }
	tests := map[string]struct {
		request          page.Request
		rows             []int
		total            int64
		items            int
		page, pages      int64
		hasNext, hasPrev bool
	}{
		"first of three":           {page.Request{Limit: 2}, []int{1, 2, 3}, 5, 2, 1, 3, true, false},
		"middle":                   {page.Request{Limit: 2, Skip: 2}, []int{3, 4, 5}, 5, 2, 2, 3, true, true},
		"last":                     {page.Request{Limit: 2, Skip: 4}, []int{5}, 5, 1, 3, 3, false, true},
		"last and full":            {page.Request{Limit: 2, Skip: 2}, []int{3, 4}, 4, 2, 2, 2, false, true},
		"past the end":             {page.Request{Limit: 2, Skip: 10}, nil, 5, 0, 6, 3, false, true},
		"after the first row went": {page.Request{Limit: 2, Skip: 2}, []int{3, 4, 5}, 4, 2, 2, 2, true, true},
		"before a row that came":   {page.Request{Limit: 2, Skip: 4}, []int{5}, 6, 1, 3, 3, false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := page.New(cursors(t, "one"), tt.request, tt.rows, tt.total, position)
			if p.Page != tt.page || p.Pages != tt.pages || p.HasNext != tt.hasNext || p.HasPrev != tt.hasPrev {
				t.Errorf("got %+v, want %+v", p, tt)
			}
			if (p.NextCursor != nil) != tt.hasNext || p.Items == nil || len(p.Items) != tt.items || p.Total != tt.total {
				t.Errorf("cursor %v, items %v, total %d", p.NextCursor, p.Items, p.Total)
			}
		})
	}
}
