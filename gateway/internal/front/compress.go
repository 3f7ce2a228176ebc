package front

import (
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
)

// minCompressed is from how many bytes on an answer is worth compressing.
const minCompressed = 1001

// Compress compresses answers (zstd or gzip) for clients that accept it, problems too. A compressed answer has an ETag of
// its own; the handlers behind it see only those that they made themselves.
func Compress() (echo.MiddlewareFunc, error) {
	wrap, err := gzhttp.NewWrapper(
		gzhttp.MinSize(minCompressed), gzhttp.ContentTypeFilter(compressible), gzhttp.SuffixETag("-gzip"), gzhttp.SetContentType(false),
	)
	if err != nil {
		return nil, fmt.Errorf("setting up compression: %w", err)
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r, w := c.Request(), c.Response()
			known := strings.Join(r.Header.Values("If-None-Match"), ",")
			for _, name := range []string{"If-Match", "If-None-Match"} {
				for i, v := range r.Header[name] {
					r.Header[name][i] = suffixed.ReplaceAllString(v, `"`)
				}
			}
			plain := w.Writer
			h := &hinter{ResponseWriter: plain, known: known}
			var err error
			wrap(http.HandlerFunc(func(compressed http.ResponseWriter, _ *http.Request) {
				w.Writer = compressed
				if err = next(c); err != nil {
					c.Error(err) // now, while it can be compressed
				}
			})).ServeHTTP(h, r)
			h.release()
			w.Writer = plain
			return err
		}
	}, nil
}

// suffixed matches the end of an ETag that compression has changed.
var suffixed = regexp.MustCompile(`-(gzip|zstd)"`)

// compressible says whether answers of a media type get smaller. Images have been compressed already.
func compressible(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (strings.HasPrefix(media, "text/") && media != "text/event-stream" ||
		strings.HasSuffix(media, "json") || strings.HasSuffix(media, "javascript"))
}

// hinter stands below compression and says in X-Compress-Hint whether an answer is, or could be, compressed. To know that
// it holds the head of an answer of unknown length back until there is more than can be small.
type hinter struct {
	http.ResponseWriter
	known    string // If-None-Match as the client sent it
	status   int    // not yet written, unless sent
	held     []byte
	released bool
}

// WriteHeader implements http.ResponseWriter.
func (h *hinter) WriteHeader(status int) {
	if status < http.StatusOK || h.released {
		h.ResponseWriter.WriteHeader(status)
		return
	}
	h.status = status
	header := h.Header()
	length, err := strconv.Atoi(header.Get("Content-Length"))
	switch {
	case status == http.StatusNotModified:
		h.restoreETag()
		h.release()
	case !compressible(header.Get("Content-Type")):
		header["Vary"] = slices.DeleteFunc(header["Vary"], func(v string) bool { return v == "Accept-Encoding" })
		h.release()
	case header.Get("Content-Encoding") != "":
		h.hint()
		h.release()
	case err == nil:
		if length >= minCompressed {
			h.hint()
		}
		h.release()
	}
}

// Write implements http.ResponseWriter.
func (h *hinter) Write(b []byte) (int, error) {
	if h.status == 0 {
		h.WriteHeader(http.StatusOK)
	}
	if !h.released {
		if len(h.held)+len(b) < minCompressed {
			h.held = append(h.held, b...)
			return len(b), nil
		}
		h.hint()
		h.release()
	}
	return h.ResponseWriter.Write(b)
}

// Flush implements http.Flusher: a stream is not held back.
func (h *hinter) Flush() {
	h.release()
	if f, ok := h.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap is for http.ResponseController.
func (h *hinter) Unwrap() http.ResponseWriter { return h.ResponseWriter }

func (h *hinter) hint() { h.Header().Set("X-Compress-Hint", "true") }

// restoreETag gives a 304 the ETag of the form that the client has, which is the one it asked about.
func (h *hinter) restoreETag() {
	for _, form := range []string{"-gzip", "-zstd"} {
		tag, ok := strings.CutSuffix(h.Header().Get("ETag"), `"`)
		if tag += form + `"`; ok && strings.Contains(h.known, tag) {
			h.Header().Set("ETag", tag)
			return
		}
	}
}

// release sends what was held back.
func (h *hinter) release() {
	if h.released || h.status == 0 {
		return
	}
	h.released = true
	h.ResponseWriter.WriteHeader(h.status)
	if len(h.held) > 0 {
		_, _ = h.ResponseWriter.Write(h.held) // a client that has gone needs no answer
	}
}
