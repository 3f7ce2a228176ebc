package httpapi

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Pictures is where the bytes of images are read from, by key.
type Pictures interface {
	Read(ctx context.Context, key string) (r io.ReadSeekCloser, modified time.Time, err error)
}

// pictureName is all that a file's name may be: no separator, no dot but the one before the kind.
var pictureName = regexp.MustCompile(`^([A-Za-z0-9_-]{1,64})\.(jpg|png|webp|gif)$`)

var contentTypes = map[string]string{
	"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp", "gif": "image/gif",
}

// getPicture serves the bytes of an image. A path names the same bytes for ever, so its name is its tag.
func (a API) getPicture(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	name := pictureName.FindStringSubmatch(c.Param("file"))
	if name == nil {
		return httpserver.ErrNotFound
	}
	r := c.Request()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), patience)
	defer cancel()
	picture, modified, err := a.Pictures.Read(ctx, fmt.Sprintf("slippers/%d/%s", id, name[0]))
	if err != nil {
		return err
	}
	defer picture.Close()

	h := c.Response().Header()
	httpserver.SetETag(c, fmt.Sprintf("%d-%s", id, name[1]))
	h.Set(echo.HeaderCacheControl, "public, max-age=31536000, immutable")
	h.Set(echo.HeaderContentType, contentTypes[name[2]])
	h.Set(echo.HeaderXContentTypeOptions, "nosniff")
	w := &refusals{ResponseWriter: c.Response()}
	http.ServeContent(w, r, "", modified, picture)
	if w.status != 0 {
		return echo.NewHTTPError(w.status)
	}
	return nil
}

// refusals holds back what http.ServeContent says about a range or a precondition that it refuses: errors are problems here.
type refusals struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (w *refusals) WriteHeader(status int) {
	if status >= http.StatusBadRequest {
		w.status = status
		return
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *refusals) Write(b []byte) (int, error) {
	if w.status != 0 {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}
