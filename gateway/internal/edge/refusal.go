package edge

import (
	"fmt"
	"io"
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"
)

// refusal is an answer of the service that says no. It is for who asked first, and for nobody else: it names their request.
type refusal struct {
	status int
	header http.Header
	body   []byte
}

// maxRefusal is the most bytes of one that are read. None of ours is larger.
const maxRefusal = 64 << 10

// refused reads a refusal.
func refused(res *http.Response) error {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxRefusal))
	if err != nil {
		return fmt.Errorf("reading a refusal: %w", err)
	}
	r := &refusal{status: res.StatusCode, header: http.Header{}, body: body}
	for _, name := range []string{echo.HeaderContentType, echo.HeaderCacheControl, echo.HeaderRetryAfter, echo.HeaderWWWAuthenticate} {
		if values := res.Header.Values(name); len(values) > 0 {
			r.header[name] = values
		}
	}
	return r
}

// final says whether the service has no such page. One that is ill may have it still.
func (r *refusal) final() bool { return r != nil && r.status < http.StatusInternalServerError }

// Error is what our log says.
func (r *refusal) Error() string { return fmt.Sprintf("the service answers %d", r.status) }

// write passes the refusal on.
func (r *refusal) write(c echo.Context) error {
	h := c.Response().Header()
	maps.Copy(h, r.header)
	h["Cache-Status"] = statusBypass
	c.Response().WriteHeader(r.status)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, err := c.Response().Write(r.body)
	return err
}
