package httpserver

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/requestid"
)

// ProblemType is the media type of every answer that is an error (RFC 9457).
const ProblemType = "application/problem+json"

// statuses is the only place where a kind of fault meets HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Malformed:       http.StatusBadRequest,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.Stale:           http.StatusPreconditionFailed,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.Unsupported:     http.StatusUnsupportedMediaType,
	fault.Throttled:       http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
	fault.Garbled:         http.StatusBadGateway,
	fault.Overdue:         http.StatusGatewayTimeout,
}

// KindOf returns the kind that a status of one of our services stands for.
func KindOf(status int) fault.Kind {
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	return fault.Internal
}

// Problem is the body of an error.
type Problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail"`
	Instance string         `json:"instance"` // the request id, to quote to us
	Errors   []fault.Broken `json:"errors,omitempty"`
	Members  map[string]any `json:"-"`
}

// problemFor turns any error into the one that a client may read. An error that is neither a fault nor Echo's own says
// nothing but its status.
func problemFor(err error) Problem {
	if f := fault.Of(err); f != nil {
		p := Problem{
			Type: "/problems/" + f.Code, Title: f.Title, Status: statuses[f.Kind],
			Detail: f.Detail, Errors: f.Broken, Members: f.Members,
		}
		if p.Detail == "" {
			p.Detail = f.Title
		}
		return p
	}
	code := http.StatusInternalServerError
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		code = he.Code // no such route, wrong method
	}
	return Problem{Type: "about:blank", Title: http.StatusText(code), Status: code, Detail: http.StatusText(code)}
}

// MarshalJSON writes the members beside the rest.
func (p Problem) MarshalJSON() ([]byte, error) {
	type plain Problem
	b, err := json.Marshal(plain(p))
	if err != nil || len(p.Members) == 0 {
		return b, err
	}
	more, err := json.Marshal(p.Members)
	if err != nil {
		return nil, err
	}
	return append(append(b[:len(b)-1], ','), more[1:]...), nil
}

// writeProblem is Echo's error handler.
func writeProblem(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	p := problemFor(err)
	p.Instance = c.Response().Header().Get(requestid.Header)
	h := c.Response().Header()
	if f := fault.Of(err); f != nil && f.RetryAfter > 0 {
		SetRetryAfter(h, f.RetryAfter)
	}
	if p.Status == http.StatusUnauthorized {
		h.Set(echo.HeaderWWWAuthenticate, "Bearer")
	}
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Del("ETag")
	h.Set(echo.HeaderContentType, ProblemType)
	c.Response().WriteHeader(p.Status)
	if c.Request().Method != http.MethodHead {
		_ = json.NewEncoder(c.Response()).Encode(p) // a client that has gone needs no answer
	}
}

// SetRetryAfter says in whole seconds, rounded up so that it is never too early, when to come back.
func SetRetryAfter(h http.Header, d time.Duration) {
	h.Set(echo.HeaderRetryAfter, strconv.Itoa(int(math.Ceil(d.Seconds()))))
}

// CodeOf returns the code that a problem's type names, or "".
func CodeOf(problemType string) string {
	code, ok := strings.CutPrefix(problemType, "/problems/")
	if !ok {
		return ""
	}
	return code
}
