package httpapi

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 255
)

// errKey is returned for a header that is no key.
var errKey = fault.New(fault.Invalid, "idempotency-key-invalid", "The Idempotency-Key must be 1 to 255 visible ASCII characters.")

// idempotencyKey returns the key of a request with the fingerprint of its method, path, query and body, or nil when it
// carries none. The body can be read again.
func idempotencyKey(c echo.Context) (*order.Key, error) {
	r := c.Request()
	sent, ok := r.Header[keyHeader]
	if !ok {
		return nil, nil //nolint:nilnil // no key is an answer here
	}
	if len(sent) != 1 {
		return nil, errKey
	}
	key, ok := parseKey(strings.TrimSpace(sent[0]))
	if !ok {
		return nil, errKey
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, httpserver.MaxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, httpserver.ErrTooLarge
	}
	if err != nil {
		return nil, httpserver.ErrBody.Because(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))

	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.Path, r.URL.RawQuery} { // none of them has a line break
		h.Write([]byte(part + "\n"))
	}
	h.Write(body)
	return &order.Key{Value: key, Fingerprint: h.Sum(nil)}, nil
}

// parseKey reads a key, bare or as a quoted string (RFC 8941).
func parseKey(s string) (string, bool) {
	if strings.HasPrefix(s, `"`) {
		var ok bool
		if s, ok = unquoted(s[1:]); !ok {
			return "", false
		}
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	return s, s != "" && len(s) <= maxKey
}

// unquoted reads up to the closing quote, which must come last.
func unquoted(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
