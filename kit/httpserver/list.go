package httpserver

import (
	"math"

	"github.com/slippers-api/slippers/kit/page"
)

// Page reads skip, limit and cursor, which every list understands. sort is the list's order, already read.
func (q *Params) Page(cursors page.Cursors, sort string, defaultLimit int64) page.Request {
	r := page.Request{
		Sort:  sort,
		Limit: int(q.Int("limit", defaultLimit, 1, page.MaxLimit)),
		Skip:  q.Int("skip", 0, 0, math.MaxInt32),
	}
	if s, ok := q.get("cursor"); ok {
		after, err := cursors.Decode(s, sort)
		if err != nil {
			q.failed = err
			return r
		}
		if _, both := q.values["skip"]; both {
			q.wrong("skip", "must not be sent with a cursor")
		}
		r.After, r.Skip = &after, after.Skip
	}
	return r
}
