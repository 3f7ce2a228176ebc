package journey_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// wire is a connection on which bytes are written that no HTTP client would.
type wire struct {
	*net.TCPConn
	in *bufio.Reader
}

func (s *store) dial(t *testing.T, port int) wire {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return wire{c.(*net.TCPConn), bufio.NewReader(c)}
}

// say writes, as far as the other side reads.
func (w wire) say(text string) wire {
	_, _ = io.WriteString(w, text) // who has refused already may have hung up
	return w
}

// hear reads one answer.
func (w wire) hear(t *testing.T) answer {
	t.Helper()
	res, err := http.ReadResponse(w.in, nil)
	if err != nil {
		t.Fatalf("reading an answer: %v", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("reading an answer: %v", err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

const (
	registering = "POST /auth/register HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n"
	person      = `{"name":"Aziza","surname":"Karimova","phone_number":"+998930000001","password":"long enough","confirm_password":"long enough"}`
)

// What is not HTTP is refused too. Where it is HTTP enough for a problem, there is one.
func TestBrokenFramesAreRefused(t *testing.T) {
	t.Parallel()
	const patience = time.Second
	s := open(t, "HTTP_READ_TIMEOUT="+patience.String())
	admin := s.admin(t)
	before := s.digests(t)
	chunked := registering + "Transfer-Encoding: chunked\r\n\r\n"
	tests := map[string]struct {
		sent     string
		hangUp   bool // after what was sent
		statuses []int
		problem  bool
	}{
		"headers too large":          {registering + "X: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", false, []int{400, 431}, false},
		"too many headers":           {registering + strings.Repeat("X: x\r\n", 10_000) + "\r\n", false, []int{400, 431}, false},
		"a path too long":            {"GET /" + strings.Repeat("x", 40<<10) + " HTTP/1.1\r\nHost: shop\r\n\r\n", false, []int{400, 414, 431}, false},
		"no HTTP":                    {"nonsense\r\n\r\n", false, []int{400}, false},
		"TLS":                        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", false, []int{400}, false},
		"no host":                    {"GET / HTTP/1.1\r\n\r\n", false, []int{400}, false},
		"two hosts":                  {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", false, []int{400}, false},
		"NUL in a path":              {"GET /\x00 HTTP/1.1\r\nHost: shop\r\n\r\n", false, []int{400}, false},
		"NUL in a header":            {"GET / HTTP/1.1\r\nHost: shop\r\nX: \x00\r\n\r\n", false, []int{400}, false},
		"a space before the colon":   {"GET / HTTP/1.1\r\nHost: shop\r\nX : x\r\n\r\n", false, []int{400}, false},
		"two lengths":                {registering + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", false, []int{400}, false},
		"a length below zero":        {registering + "Content-Length: -1\r\n\r\n", false, []int{400}, false},
		"a length too large":         {registering + "Content-Length: 99999999999999999999\r\n\r\n", false, []int{400}, false},
		"a large length":             {registering + "Content-Length: 9223372036854775807\r\n\r\n", false, []int{413}, true},
		"a cut-off body":             {registering + "Content-Length: 1000\r\n\r\n" + person, true, []int{400}, true},
		"a body that does not come":  {registering + "Content-Length: 1000\r\n\r\n" + person, false, []int{408}, true},
		"no body at all":             {registering + "Content-Length: 10\r\n\r\n", false, []int{408}, true},
		"a chunk of no size":         {chunked + "zz\r\n" + person + "\r\n0\r\n\r\n", false, []int{400}, true},
		"a size below zero":          {chunked + "-1\r\n" + person + "\r\n0\r\n\r\n", false, []int{400}, true},
		"a size too large":           {chunked + "ffffffffffffffffff\r\n" + person + "\r\n0\r\n\r\n", false, []int{400}, true},
		"a chunk longer than said":   {chunked + "1\r\n" + person + "\r\n0\r\n\r\n", false, []int{400}, true},
		"a chunk shorter than said":  {chunked + "fff\r\n" + person + "\r\n0\r\n\r\n", true, []int{400}, true},
		"no last chunk":              {chunked + fmt.Sprintf("%x\r\n%s\r\n", len(person), person), true, []int{400}, true},
		"the last chunk never comes": {chunked + fmt.Sprintf("%x\r\n%s\r\n", len(person), person), false, []int{408}, true},
		"chunks without end":         {chunked + strings.Repeat("400\r\n"+strings.Repeat(" ", 1024)+"\r\n", 80), false, []int{413}, true},
	}
	t.Run("all", func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w := s.dial(t, s.Ports.Gateway.API).say(tt.sent)
				if tt.hangUp {
					if err := w.CloseWrite(); err != nil {
						t.Fatal(err)
					}
				}
				a := w.hear(t)
				known := false
				for _, status := range tt.statuses {
					known = known || a.status == status
				}
				if !known {
					t.Errorf("answers %d %s, want one of %v", a.status, a.body, tt.statuses)
				}
				if tt.problem {
					a.problem(t, name)
				}
			})
		}
		t.Run("headers that do not come", func(t *testing.T) {
			t.Parallel()
			if b, err := io.ReadAll(s.dial(t, s.Ports.Gateway.API).say(registering).in); err != nil || strings.Contains(string(b), " 2") {
				t.Errorf("the server neither answers nor hangs up: %q, %v", b, err)
			}
		})
	})
	for table, digest := range s.digests(t) {
		if digest != before[table] {
			t.Errorf("broken frames changed %s", table)
		}
	}
	admin.must(t, "GET /users/", "") // the shop is still open
	w := s.dial(t, s.Ports.Gateway.API).say(registering + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(person), person))
	if a := w.hear(t); a.status != 201 { // what the cases are made of is sound
		t.Errorf("the same in a sound frame = %d %s", a.status, a.body)
	}
}
