package httpserver

import (
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/revision"
)

// SetETag names the revision that an answer is of, as its strong tag.
func SetETag(c echo.Context, current string) { c.Response().Header().Set("ETag", `"`+current+`"`) }

// IfMatch returns the revisions that the client lets a change start from; nil is any. A weak tag never matches there
// (RFC 9110).
func IfMatch(c echo.Context) revision.Expected {
	values := c.Request().Header.Values("If-Match")
	t := tags(values)
	if len(values) == 0 || t.any {
		return nil
	}
	allowed := revision.Expected{}
	for _, tag := range t.list {
		if !tag.weak {
			allowed = append(allowed, tag.value)
		}
	}
	return allowed
}

// IfNoneMatch says whether the client has the current revision already. It compares weakly (RFC 9110).
func IfNoneMatch(c echo.Context, current string) bool {
	t := tags(c.Request().Header.Values("If-None-Match"))
	return t.any || slices.ContainsFunc(t.list, func(tag entityTag) bool { return tag.value == current })
}

// entityTags is what both carry.
type entityTags struct {
	any  bool // *
	list []entityTag
}

type entityTag struct {
	value string
	weak  bool
}

var entityTagForm = regexp.MustCompile(`(W/)?"([\x21\x23-\x7e\x80-\xff]*)"`)

func tags(values []string) entityTags {
	header := strings.Join(values, ",")
	t := entityTags{any: strings.TrimSpace(header) == "*"}
	for _, m := range entityTagForm.FindAllStringSubmatch(header, -1) {
		t.list = append(t.list, entityTag{value: m[2], weak: m[1] != ""})
	}
	return t
}
