// Package page holds what every list has in common: the envelope, and the opaque cursor of keyset paging.
//
// A cursor is signed, so that a client can neither read a promise into it nor make the database sort by what it likes.
package page

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/slippers-api/slippers/kit/fault"
)

// DefaultLimit and MaxLimit bound the number of items on a page.
const (
	DefaultLimit = 20
	MaxLimit     = 100
)

// ErrCursor is returned for a cursor that we did not make, or that was made for another sort.
var ErrCursor = fault.New(fault.Malformed, "cursor-invalid", "The cursor is not one of ours, or was made for another sort.")

// Page is the envelope of a list.
type Page[T any] struct {
	Items   []T    `json:"items"`
	Total   int64  `json:"total"` // exact, whatever the page
	Page    int64  `json:"page"`  // counts from 1
	Pages   int64  `json:"pages"`
	HasNext bool   `json:"has_next"`
	HasPrev bool   `json:"has_prev"`
	Sort    string `json:"sort"`

	// NextCursor continues after the last item; nil on the last page.
	NextCursor *string `json:"next_cursor"`
}

// Request says which page of a list is wanted. After, when set, is where it begins, and Skip then only counts.
type Request struct {
	Limit int
	Skip  int64
	Sort  string
	After *Position
}

// Rows is how many rows to read for the page: one more than it shows, for New to see whether another page follows. A total
// cannot tell: since the first page rows have come and gone, before the cursor too.
func (r Request) Rows() int { return r.Limit + 1 }

// Position is where a page ends: the sort key and the id of its last item.
type Position struct {
	Sort string `json:"s"`
	Key  string `json:"k,omitempty"` // "" where the id alone sorts
	ID   int64  `json:"i"`
	Skip int64  `json:"o"` // how many items lie before the next page
}

// New makes the envelope of as many rows as r.Rows said, or fewer if there are no more. position says where one stands in the
// order of the list.
func New[T any](c Cursors, r Request, rows []T, total int64, position func(T) (key string, id int64)) Page[T] {
	items := rows[:min(r.Limit, len(rows))]
	if items == nil {
		items = []T{}
	}
	limit := int64(r.Limit)
	p := Page[T]{
		Items: items, Total: total, Sort: r.Sort,
		Page:    r.Skip/limit + 1,
		Pages:   (total + limit - 1) / limit,
		HasPrev: r.Skip > 0,
		HasNext: len(rows) > r.Limit,
	}
	if p.HasNext {
		key, id := position(items[len(items)-1])
		next := c.Encode(Position{Sort: r.Sort, Key: key, ID: id, Skip: r.Skip + int64(len(items))})
		p.NextCursor = &next
	}
	return p
}

// Cursors signs and checks cursors. All replicas of a service must share its key.
type Cursors struct{ key []byte }

// NewCursors derives the signing key from a secret that all replicas share.
func NewCursors(secret string) (Cursors, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, "slippers list cursors", sha256.Size)
	if err != nil {
		return Cursors{}, fmt.Errorf("deriving the cursor key: %w", err)
	}
	return Cursors{key}, nil
}

const macLen = 16

// Encode returns p as an opaque text.
func (c Cursors) Encode(p Position) string {
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // two strings and two integers always marshal
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(body), body...))
}

// Decode returns what Encode was given. It returns ErrCursor for any other text, and when sort is not the cursor's.
func (c Cursors) Decode(s, sort string) (Position, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < macLen || !hmac.Equal(b[:macLen], c.mac(b[macLen:])) {
		return Position{}, ErrCursor
	}
	var p Position
	if err := json.Unmarshal(b[macLen:], &p); err != nil || p.Sort != sort {
		return Position{}, ErrCursor
	}
	return p, nil
}

func (c Cursors) mac(body []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write(body)
	return h.Sum(nil)[:macLen]
}
