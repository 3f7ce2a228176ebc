package httpserver_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
)

type order struct {
	Name  string        `json:"name"`
	Price *money.Amount `json:"price"`
	Gift  *bool         `json:"gift"`
	Items []struct {
		ID       int64 `json:"id"`
		Quantity int   `json:"quantity"`
	} `json:"items"`
}

func request(t *testing.T, target, contentType, body string) echo.Context {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return echo.New().NewContext(r, httptest.NewRecorder())
}

func TestBodyReadsWhatIsSound(t *testing.T) {
	t.Parallel()
	in, err := httpserver.Body[order](request(t, "/", "application/json; charset=utf-8",
		`{"name":"Ўткир","price":19.9,"gift":null,"items":[{"id":1,"quantity":2}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if in.Name != "Ўткир" || *in.Price != 1990 || in.Gift != nil || len(in.Items) != 1 || in.Items[0].Quantity != 2 {
		t.Errorf("read %+v", in)
	}
}

func TestBodyRefuses(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 20_000)
	tests := map[string]struct {
		body string
		err  error
		at   []string // pointers
	}{
		"no JSON":            {`{`, httpserver.ErrBody, nil},
		"two values":         {`{}{}`, httpserver.ErrBody, nil},
		"bad UTF-8":          {"{\"name\":\"\xff\"}", httpserver.ErrBody, nil},
		"very deep":          {deep, httpserver.ErrBody, nil},
		"too large":          {`{"name":"` + strings.Repeat("x", httpserver.MaxBody) + `"}`, httpserver.ErrTooLarge, nil},
		"an array":           {`[]`, httpserver.ErrFields, []string{""}},
		"null":               {`null`, httpserver.ErrFields, []string{""}},
		"unknown field":      {`{"colour":"x"}`, httpserver.ErrFields, []string{""}},
		"another case":       {`{"Name":"x"}`, httpserver.ErrFields, []string{""}},
		"NUL":                {`{"name":"a\u0000b"}`, httpserver.ErrFields, []string{"/name"}},
		"null for a value":   {`{"name":null}`, httpserver.ErrFields, []string{"/name"}},
		"several wrong":      {`{"name":1,"price":"2","gift":3}`, httpserver.ErrFields, []string{"/name", "/price", "/gift"}},
		"infinite price":     {`{"price":1e400}`, httpserver.ErrFields, []string{"/price"}},
		"deep inside":        {`{"items":[{"id":1},{"id":1.5,"quantity":99999999999999999999}]}`, httpserver.ErrFields, []string{"/items/1/id", "/items/1/quantity"}},
		"an object for list": {`{"items":{}}`, httpserver.ErrFields, []string{"/items"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := httpserver.Body[order](request(t, "/", "application/json", tt.body))
			if !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if got := pointers(err); !slices.Equal(got, tt.at) {
				t.Errorf("named %q, want %q", got, tt.at)
			}
		})
	}
}

func pointers(err error) (at []string) {
	for _, b := range fault.Of(err).Broken {
		at = append(at, b.Pointer)
	}
	return at
}

func TestBodyWantsItsMediaType(t *testing.T) {
	t.Parallel()
	for _, contentType := range []string{"", "text/plain", "application/x-www-form-urlencoded"} {
		if _, err := httpserver.Body[order](request(t, "/", contentType, `{}`)); !errors.Is(err, httpserver.ErrMediaType) {
			t.Errorf("%q: got %v", contentType, err)
		}
	}
	if _, err := httpserver.Body[order](request(t, "/", "", "")); err != nil {
		t.Errorf("no body at all: %v", err)
	}
}

// A client that was slow has sent nothing wrong.
func TestBodyThatDoesNotComeIsNotCalledWrong(t *testing.T) {
	t.Parallel()
	late := io.MultiReader(strings.NewReader(`{"name":`), iotest.ErrReader(os.ErrDeadlineExceeded))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", late)
	_, err := httpserver.Body[order](echo.New().NewContext(r, httptest.NewRecorder()))
	if he, ok := errors.AsType[*echo.HTTPError](err); !ok || he.Code != http.StatusRequestTimeout {
		t.Errorf("got %v", err)
	}
}

func TestQueryRefusesAllAtOnce(t *testing.T) {
	t.Parallel()
	q := httpserver.Query(request(t, "/?limit=0&skip=-1&sort=colour&min=x&search=%00&flag=maybe&twice=1&twice=2&unknown=1", "", ""))
	q.Int("limit", 20, 1, 100)
	q.Int("skip", 0, 0, 10)
	q.Int("twice", 0, 0, 10)
	q.OneOf("sort", "id_desc", "id_asc")
	q.String("search", 10)
	q.Bool("flag")
	httpserver.Parsed(q, "min", money.Parse)
	err := q.Err()
	if !errors.Is(err, httpserver.ErrQuery) || len(fault.Of(err).Broken) != 8 {
		t.Errorf("got %v with %v, want 8 broken rules", err, fault.Of(err).Broken)
	}
}

func TestQueryTakesDefaults(t *testing.T) {
	t.Parallel()
	q := httpserver.Query(request(t, "/?search=+felt+", "", ""))
	if n, s, sort := q.Int("limit", 20, 1, 100), q.String("search", 10), q.OneOf("sort", "a", "b"); n != 20 || s != "felt" || sort != "a" {
		t.Errorf("got %d, %q, %q", n, s, sort)
	}
	if err := q.Err(); err != nil {
		t.Error(err)
	}
}

func TestQueryThatIsDroppedInSilenceIsRefused(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"/?a=1;b=2", "/?search=%zz"} {
		q := httpserver.Query(request(t, target, "", ""))
		q.String("search", 10)
		q.String("a", 10)
		if err := q.Err(); !errors.Is(err, httpserver.ErrQuery) {
			t.Errorf("%s: got %v", target, err)
		}
	}
}

func TestIDReadsOneSpellingOnly(t *testing.T) {
	t.Parallel()
	for spelling, sound := range map[string]bool{
		"1": true, "9223372036854775807": true,
		"9223372036854775808": false, "0": false, "-1": false, "01": false, "+1": false, "1.0": false, "seven": false, "": false,
	} {
		c := request(t, "/", "", "")
		c.SetParamNames("id")
		c.SetParamValues(spelling)
		if _, err := httpserver.ID(c, "id"); (err == nil) != sound {
			t.Errorf("%q: got %v, want sound=%t", spelling, err, sound)
		}
	}
}
