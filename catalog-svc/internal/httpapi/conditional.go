package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
)

// fresh answers a GET that anybody may keep a copy of, if they ask each time whether it is still good. Whether it is says
// revision, or the body itself where that is "".
func fresh(c echo.Context, revision string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding an answer: %w", err)
	}
	if revision == "" {
		sum := sha256.Sum256(b)
		revision = base64.RawURLEncoding.EncodeToString(sum[:12])
	}
	h := c.Response().Header()
	h.Set("ETag", quoted(revision))
	h.Set(echo.HeaderCacheControl, "public, max-age=0, must-revalidate")
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if known := tags(c.Request().Header.Values("If-None-Match")); known.any || known.has(revision) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.JSONBlob(http.StatusOK, b)
}

// changed answers a write with what is there now.
func changed(c echo.Context, status int, revision string, body any) error {
	c.Response().Header().Set("ETag", quoted(revision))
	return private(c, status, body)
}

func quoted(revision string) string { return `"` + revision + `"` }

// expected returns the revisions that If-Match allows a change to start from. A weak tag never matches there (RFC 9110).
func expected(c echo.Context) catalog.Expected {
	values := c.Request().Header.Values("If-Match")
	t := tags(values)
	if len(values) == 0 || t.any {
		return nil
	}
	allowed := catalog.Expected{}
	for _, tag := range t.list {
		if !tag.weak {
			allowed = append(allowed, tag.value)
		}
	}
	return allowed
}

// entityTags is what If-Match and If-None-Match carry.
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

// has compares weakly, as If-None-Match does.
func (t entityTags) has(revision string) bool {
	for _, tag := range t.list {
		if tag.value == revision {
			return true
		}
	}
	return false
}
