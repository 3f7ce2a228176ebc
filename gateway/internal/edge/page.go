// Package edge keeps the catalogue's pages where they are read: encoded and compressed, in this process and in Redis.
//
// A copy counts only while the stamps of its tags are those from before it was read, and the caller asks for them anew for
// every request (kit/stamp, kit/batch). So once a write has been answered nobody who asks later sees what was before it.
// Only what is the same for everybody is kept: the key is made of nothing but the route's own parameters, and the service
// is asked without the client's headers.
package edge

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slippers-api/slippers/kit/money"
)

// Page says what may be kept of a route.
type Page struct {
	// Name is the page's in metrics.
	Name string

	// Path is the route's, in which Echo's :id is the only thing that varies.
	Path string

	// Tags are what the page must not outlive a change of. An asterisk stands for the id.
	Tags []string

	// TTL is after how long the page is read anew though nothing says that it has changed.
	TTL time.Duration

	// Params are the query parameters, in the order of their names. A request with any other is none of the cache's.
	Params []Param
}

// Param is a query parameter: what it is when it is not sent ("" leaves it out), and how all spellings of one value become
// the same. A value that canonical does not know is for the service to refuse.
type Param struct {
	Name      string
	Default   string
	canonical func(string) (string, bool)
}

// Whole is an integer from least to most.
func Whole(name, byDefault string, least, most int64) Param {
	return Param{name, byDefault, func(s string) (string, bool) {
		n, err := strconv.ParseInt(s, 10, 64)
		return strconv.FormatInt(n, 10), err == nil && n >= least && n <= most
	}}
}

// ID is an optional id; zero is none.
func ID(name string) Param { return Whole(name, "", 0, math.MaxInt64) }

// Flag is true or false, however it is written.
func Flag(name, byDefault string) Param {
	return Param{name, byDefault, func(s string) (string, bool) {
		switch strings.ToLower(s) {
		case "true", "1":
			return "true", true
		case "false", "0":
			return "false", true
		}
		return "", false
	}}
}

// OneOf is one of a few words, the first when it is not sent.
func OneOf(name string, words ...string) Param {
	return Param{name, words[0], func(s string) (string, bool) { return s, slices.Contains(words, s) }}
}

// Text is what people type, of at most most characters. Empty is as if it were not sent.
func Text(name string, most int) Param {
	return Param{name, "", func(s string) (string, bool) {
		s = strings.TrimSpace(s)
		return s, utf8.ValidString(s) && utf8.RuneCountInString(s) <= most && !strings.ContainsRune(s, 0)
	}}
}

// Cursor is what a list has said, of at most most characters. Empty is none of them: who sends that means something else than
// the first page, and must hear it.
func Cursor(name string, most int) Param {
	return Param{name, "", func(s string) (string, bool) { return s, s != "" && len(s) <= most }}
}

// Amount is an optional amount of money.
func Amount(name string) Param {
	return Param{name, "", func(s string) (string, bool) {
		a, err := money.Parse(s)
		return a.String(), err == nil
	}}
}

// mostParams is the most that a page may have.
const mostParams = 12

// key returns what the service is to be asked, path and query, and the tags; false for what is not for the cache.
func (p *Page) key(id, query string) (key string, tags []string, ok bool) {
	var values [mostParams]string
	var sent [mostParams]bool
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		i := slices.IndexFunc(p.Params, func(q Param) bool { return q.Name == name })
		if i < 0 || sent[i] || strings.Contains(pair, ";") {
			return "", nil, false
		}
		value, err := url.QueryUnescape(value)
		if err != nil {
			return "", nil, false
		}
		if values[i], ok = p.Params[i].canonical(value); !ok {
			return "", nil, false
		}
		sent[i] = true
	}
	tags, ok = p.tags(id)
	if !ok {
		return "", nil, false
	}
	b := make([]byte, 0, 256) // of the stack; what is returned, and kept, is of its own size
	before, after, _ := strings.Cut(p.Path, ":id")
	b = append(append(append(b, before...), id...), after...)
	separator := byte('?')
	for i := range p.Params {
		value := values[i]
		if !sent[i] {
			value = p.Params[i].Default
		}
		if value == "" {
			continue
		}
		b = append(append(append(b, separator), p.Params[i].Name...), '=')
		b = append(b, url.QueryEscape(value)...)
		separator = '&'
	}
	return string(b), tags, true
}

// tags returns the tags of the page for an id, which must be spelled as we spell it: each page has one address. A route
// without an id has none.
func (p *Page) tags(id string) (tags []string, ok bool) {
	if id == "" {
		return p.Tags, true
	}
	if n, err := strconv.ParseInt(id, 10, 64); err != nil || n <= 0 || id[0] == '0' || id[0] == '+' {
		return nil, false
	}
	tags = make([]string, len(p.Tags))
	for i, t := range p.Tags {
		if prefix, varies := strings.CutSuffix(t, "*"); varies {
			t = prefix + id
		}
		tags[i] = t
	}
	return tags, true
}
