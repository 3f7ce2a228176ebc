package edge

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// What Cache-Status (RFC 9211) says. The values are shared, as those of an entry are.
var (
	statusHit         = []string{"slippers; hit"}
	statusExpired     = []string{"slippers; hit; detail=expired"}
	statusDegraded    = []string{"slippers; hit; detail=degraded"}
	statusMiss        = []string{"slippers; fwd=miss; stored"}
	statusStale       = []string{"slippers; fwd=stale; stored"}           // there was one, of before a change
	statusMissJoined  = []string{"slippers; fwd=miss; stored; collapsed"} // another request's load answered it
	statusStaleJoined = []string{"slippers; fwd=stale; stored; collapsed"}

	statusBypass    = []string{"slippers; fwd=bypass"}
	statusUncertain = []string{"slippers; fwd=bypass; detail=degraded"}

	compressHint = []string{"true"}
)

// ages spares most answers the formatting of theirs.
var ages = func() (a [1024][]string) {
	for i := range a {
		a[i] = []string{strconv.Itoa(i)}
	}
	return a
}()

func age(e *entry, now time.Time) []string {
	s := max(0, int(now.Sub(e.Read)/time.Second))
	if s < len(ages) {
		return ages[s]
	}
	return []string{strconv.Itoa(s)}
}

// write answers with e in the form that the client likes best.
func (e *entry) write(c echo.Context, status []string, now time.Time) error {
	r, w := c.Request(), c.Response()
	f := &e.forms[accepted(r.Header["Accept-Encoding"], e)]
	h := w.Header()
	h["Etag"], h["Cache-Control"], h["Age"], h["Cache-Status"] = f.etag, e.cacheControl, age(e, now), status
	if said, ok := h["Vary"]; ok { // by CORS
		h["Vary"] = append(said, e.vary...)
	} else {
		h["Vary"] = e.vary
	}
	if known, ok := r.Header["If-None-Match"]; ok && matches(known, e.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h["Content-Type"], h["Content-Length"] = e.contentType, f.length
	if f.encoding != nil {
		h["Content-Encoding"] = f.encoding
	}
	if len(e.body) >= minCompressed {
		h["X-Compress-Hint"] = compressHint
	}
	return httpserver.WriteWhole(c, f.body)
}

// matches says whether If-None-Match names the page, in whichever form: all of them say the same.
func matches(known []string, etag string) bool {
	bare := strings.TrimSuffix(etag, `"`)
	for _, values := range known {
		if strings.TrimSpace(values) == "*" {
			return true
		}
		for {
			at := strings.Index(values, bare)
			if at < 0 {
				break
			}
			values = values[at+len(bare):]
			for _, name := range formNames {
				if name != "" {
					name = "-" + name
				}
				if strings.HasPrefix(values, name+`"`) {
					return true
				}
			}
		}
	}
	return false
}

// accepted returns the best form of e that Accept-Encoding allows. An encoding that is not named is not used unless an
// asterisk stands for it, and one with q=0 is refused.
func accepted(header []string, e *entry) int {
	var q [plainForm]float64
	var named [plainForm]bool
	others := 0.0
	for _, values := range header {
		for value := range strings.SplitSeq(values, ",") {
			name, params, _ := strings.Cut(value, ";")
			name = strings.TrimSpace(name)
			if name == "*" {
				others = quality(params)
			}
			for i := range q {
				if strings.EqualFold(name, formNames[i]) {
					q[i], named[i] = quality(params), true
				}
			}
		}
	}
	best, bestQ := plainForm, 0.0
	for i := range q {
		if !named[i] {
			q[i] = others
		}
		if e.forms[i].body != nil && q[i] > bestQ {
			best, bestQ = i, q[i]
		}
	}
	return best
}

func quality(params string) float64 {
	for p := range strings.SplitSeq(params, ";") {
		if name, v, ok := strings.Cut(strings.TrimSpace(p), "="); ok && strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(v, 64)
			if err != nil || q < 0 || q > 1 {
				return 0
			}
			return q
		}
	}
	return 1
}
