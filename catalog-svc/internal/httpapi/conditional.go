package httpapi

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
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
	httpserver.SetETag(c, revision)
	h.Set(echo.HeaderCacheControl, "public, max-age=0, must-revalidate")
	h.Set(echo.HeaderVary, echo.HeaderAcceptEncoding)
	if httpserver.IfNoneMatch(c, revision) {
		return c.NoContent(http.StatusNotModified)
	}
	return c.JSONBlob(http.StatusOK, b)
}

// changed answers a write with what is there now.
func changed(c echo.Context, status int, revision string, body any) error {
	httpserver.SetETag(c, revision)
	return private(c, status, body)
}
