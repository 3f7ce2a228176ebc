package httpserver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
)

// The ways a request can be unreadable, whatever it is about.
var (
	ErrBody      = fault.New(fault.Malformed, "body-unreadable", "The body is not JSON in UTF-8.")
	ErrFields    = fault.New(fault.Invalid, "body-invalid", "The body has fields that are unknown or of the wrong type.")
	ErrQuery     = fault.New(fault.Invalid, "query-invalid", "A query parameter is unknown or out of range.")
	ErrTooLarge  = fault.New(fault.TooLarge, "body-too-large", "The body is larger than this may be.")
	ErrMediaType = fault.New(fault.Unsupported, "media-type-unsupported", "Send application/json.")
	ErrNotFound  = fault.New(fault.NotFound, "not-found", "There is no such thing.")
)

// MaxBody is the most bytes that a JSON body may have.
const MaxBody = 64 << 10

// Body reads the JSON object that a request carries, strictly: no unknown field, no wrong type, no duplicate meaning of
// a name in another case, valid UTF-8 without NUL. It reports all offending fields at once. An absent body is {}.
//
// It returns ErrBody, ErrFields, ErrTooLarge or ErrMediaType, and Echo's 408 for a body that did not come in time.
func Body[T any](c echo.Context) (T, error) {
	var in T
	b, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return in, ErrTooLarge
	}
	if errors.Is(err, os.ErrDeadlineExceeded) { // the server's own, for reading
		return in, echo.NewHTTPError(http.StatusRequestTimeout).SetInternal(err)
	}
	if err != nil {
		return in, ErrBody.Because(err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		b = []byte("{}")
	} else if !isJSON(c.Request().Header.Get(echo.HeaderContentType)) {
		return in, ErrMediaType
	}
	if !utf8.Valid(b) || !json.Valid(b) {
		return in, ErrBody
	}
	var broken []fault.Broken
	decode(b, reflect.ValueOf(&in).Elem(), "", &broken)
	if len(broken) > 0 {
		return in, ErrFields.WithBroken(broken...)
	}
	return in, nil
}

// decode reads valid JSON into v, field by field, so that each one that does not fit is named.
func decode(b []byte, v reflect.Value, pointer string, broken *[]fault.Broken) {
	wrong := func(detail string) { *broken = append(*broken, fault.Broken{Pointer: pointer, Detail: detail}) }
	_, own := reflect.TypeAssert[json.Unmarshaler](v.Addr())
	null := string(bytes.TrimSpace(b)) == "null"
	switch {
	case v.Kind() == reflect.Pointer && null:
		return // as if it were absent
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		decode(b, v.Elem(), pointer, broken)
	case null:
		wrong("must not be null")
	case v.Kind() == reflect.Struct && !own:
		decodeObject(b, v, pointer, broken)
	case v.Kind() == reflect.Slice && !own:
		var items []json.RawMessage
		if json.Unmarshal(b, &items) != nil {
			wrong("must be an array")
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			decode(item, v.Index(i), pointer+"/"+strconv.Itoa(i), broken)
		}
	default:
		if err := json.Unmarshal(b, v.Addr().Interface()); err != nil {
			wrong(expectation(v, err, own))
		} else if v.Kind() == reflect.String && strings.ContainsRune(v.String(), 0) {
			wrong("must not contain NUL")
		}
	}
}

func decodeObject(b []byte, v reflect.Value, pointer string, broken *[]fault.Broken) {
	var members map[string]json.RawMessage
	if json.Unmarshal(b, &members) != nil {
		*broken = append(*broken, fault.Broken{Pointer: pointer, Detail: "must be an object"})
		return
	}
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
		if raw, ok := members[name]; ok {
			decode(raw, v.Field(i), pointer+"/"+name, broken)
			delete(members, name)
		}
	}
	for range members { // unknown names are not echoed: they may be anything
		*broken = append(*broken, fault.Broken{Pointer: pointer, Detail: "has an unknown field"})
	}
}

func expectation(v reflect.Value, err error, own bool) string {
	if own {
		return err.Error() // the type's own sentence about its format
	}
	switch v.Kind() {
	case reflect.String:
		return "must be a string"
	case reflect.Bool:
		return "must be true or false"
	case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
		return "must be an integer in range"
	default:
		return "has the wrong type"
	}
}

// ID returns the path parameter name as an id. Nonsense names nothing, so it is ErrNotFound.
func ID(c echo.Context, name string) (int64, error) {
	id, err := strconv.ParseInt(c.Param(name), 10, 64)
	if err != nil || id <= 0 || strconv.FormatInt(id, 10) != c.Param(name) {
		return 0, ErrNotFound
	}
	return id, nil
}

// Params reads query parameters and collects what is wrong with them; Err then tells all at once.
type Params struct {
	values map[string][]string
	known  []string
	broken []fault.Broken
	failed error // worse than a broken rule: not readable at all
}

// Query returns the query parameters of a request. A query that cannot be parsed has none, and fails in Err.
func Query(c echo.Context) *Params {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	q := &Params{values: values}
	if err != nil { // net/url goes on without what it cannot read
		q.wrong("", "must be percent-encoded pairs")
	}
	return q
}

func (q *Params) wrong(name, detail string) {
	q.broken = append(q.broken, fault.Broken{Parameter: name, Detail: detail})
}

// get returns the one value of name, and whether it was sent.
func (q *Params) get(name string) (string, bool) {
	q.known = append(q.known, name)
	values, ok := q.values[name]
	switch {
	case !ok:
		return "", false
	case len(values) > 1:
		q.wrong(name, "must be given once")
		return "", false
	}
	return values[0], true
}

// Int returns the integer parameter name, or absent when it was not sent.
func (q *Params) Int(name string, absent, least, most int64) int64 {
	s, ok := q.get(name)
	if !ok {
		return absent
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < least || n > most {
		q.wrong(name, "must be an integer from "+strconv.FormatInt(least, 10)+" to "+strconv.FormatInt(most, 10))
		return absent
	}
	return n
}

// Bool returns the parameter name, or nil when it was not sent. It reads true, false, 1 and 0.
func (q *Params) Bool(name string) *bool {
	s, ok := q.get(name)
	if !ok {
		return nil
	}
	switch strings.ToLower(s) {
	case "true", "1":
		return new(true)
	case "false", "0":
		return new(false)
	}
	q.wrong(name, "must be true or false")
	return nil
}

// String returns the parameter name, trimmed, of at most most characters; "" when it was not sent.
func (q *Params) String(name string, most int) string {
	s, _ := q.get(name)
	s = strings.TrimSpace(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsRune(s, 0):
		q.wrong(name, "must be UTF-8 without NUL")
		return ""
	case utf8.RuneCountInString(s) > most:
		q.wrong(name, "must have at most "+strconv.Itoa(most)+" characters")
		return ""
	}
	return s
}

// OneOf returns the parameter name, which must be one of allowed; the first of them when it was not sent.
func (q *Params) OneOf(name string, allowed ...string) string {
	s, ok := q.get(name)
	if !ok {
		return allowed[0]
	}
	if !slices.Contains(allowed, s) {
		q.wrong(name, "must be one of "+strings.Join(allowed, ", "))
		return allowed[0]
	}
	return s
}

// Parsed returns what parse makes of the parameter name, or nil when it was not sent. parse's error is for clients.
func Parsed[T any](q *Params, name string, parse func(string) (T, error)) *T {
	s, ok := q.get(name)
	if !ok {
		return nil
	}
	v, err := parse(s)
	if err != nil {
		q.wrong(name, err.Error())
		return nil
	}
	return &v
}

// Err returns ErrQuery with every parameter that is unknown or was found wrong, page.ErrCursor, or nil. Call it last.
func (q *Params) Err() error {
	if q.failed != nil {
		return q.failed
	}
	for name := range q.values {
		if !slices.Contains(q.known, name) {
			q.wrong("", "has an unknown parameter")
		}
	}
	if len(q.broken) == 0 {
		return nil
	}
	return ErrQuery.WithBroken(q.broken...)
}

// Extend gives the connection of w that time to bring the request, and some seconds more to take the answer: for a route with
// large bodies, since the server's own deadlines are meant for small ones.
func Extend(w http.ResponseWriter, d time.Duration) error {
	const answering = 5 * time.Second
	conn, end := http.NewResponseController(w), time.Now().Add(d)
	err := errors.Join(conn.SetReadDeadline(end), conn.SetWriteDeadline(end.Add(answering)))
	if err != nil && !errors.Is(err, http.ErrNotSupported) { // there is no connection in some tests
		return fmt.Errorf("extending the connection's deadlines: %w", err)
	}
	return nil
}
