package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// plain returns the body as it was before it was compressed.
func (a answer) plain(t *testing.T) string {
	t.Helper()
	var r io.Reader = strings.NewReader(a.body)
	switch a.header.Get("Content-Encoding") {
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	case "zstd":
		z, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestCompression(t *testing.T) {
	t.Parallel()
	// Answers are as large as the id says, and of the type that the query says.
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.PathValue("id"))
		w.Header().Set("Content-Type", r.URL.Query().Get("type"))
		if r.URL.Query().Has("unknown") {
			w.Header().Set("Transfer-Encoding", "chunked") // so its length is not told
		}
		_, _ = io.WriteString(w, strings.Repeat("x", size))
	})
	mux := http.NewServeMux()
	mux.Handle("/slippers/{id}", s.service)
	s.service = mux.ServeHTTP

	const json, problem = "application/json", httpserver.ProblemType
	tests := map[string]struct {
		accept, kind string
		size         int
		query        string
		encoding     string
		vary, hint   bool
	}{
		"gzip":                     {"gzip", json, 1001, "", "gzip", true, true},
		"gzip, length not told":    {"gzip", json, 1001, "&unknown", "gzip", true, true},
		"zstd":                     {"zstd", json, 5000, "", "zstd", true, true},
		"the better of two":        {"gzip, deflate, br, zstd", json, 5000, "", "zstd", true, true},
		"the one preferred":        {"gzip;q=1, zstd;q=0.5", json, 5000, "", "gzip", true, true},
		"anything":                 {"*", json, 5000, "", "", true, true},
		"none is accepted":         {"", json, 5000, "", "", true, true},
		"gzip is refused":          {"gzip;q=0", json, 5000, "", "", true, true},
		"gzip is refused, zstd no": {"gzip;q=0, zstd", json, 5000, "", "zstd", true, true},
		"another":                  {"br", json, 5000, "", "", true, true},
		"small":                    {"gzip", json, 1000, "", "", true, false},
		"small, length not told":   {"gzip", json, 1000, "&unknown", "", true, false},
		"empty":                    {"gzip", json, 0, "", "", true, false},
		"a problem":                {"gzip", problem, 2000, "", "gzip", true, true},
		"a picture":                {"gzip", "image/png", 5000, "", "", false, false},
		"a stream of events":       {"gzip", "text/event-stream", 5000, "", "", false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.ask(t, "GET /slippers/"+strconv.Itoa(tt.size)+"?type="+url.QueryEscape(tt.kind)+tt.query, nil, "Accept-Encoding", tt.accept)
			if got.header.Get("Content-Encoding") != tt.encoding || got.plain(t) != strings.Repeat("x", tt.size) {
				t.Errorf("encoding %q, want %q; %d bytes", got.header.Get("Content-Encoding"), tt.encoding, len(got.body))
			}
			if vary := strings.Join(got.header.Values("Vary"), "|"); (vary == "Accept-Encoding") != tt.vary || (vary == "") == tt.vary {
				t.Errorf("Vary: %q", vary)
			}
			if hint := got.header.Get("X-Compress-Hint"); (hint == "true") != tt.hint {
				t.Errorf("X-Compress-Hint: %q", hint)
			}
		})
	}
}

// Two forms of one answer have two tags, and both are good for asking again and for changing what was read.
func TestTagsOfCompressedAnswers(t *testing.T) {
	t.Parallel()
	var ifMatch string
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		ifMatch = r.Header.Get("If-Match")
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"v1"`)
		if strings.Contains(r.Header.Get("If-None-Match"), `"v1"`) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("x", 5000))
	})
	for accept, want := range map[string]string{"": `"v1"`, "gzip": `"v1-gzip"`, "zstd": `"v1-zstd"`} {
		got := s.ask(t, "GET /slippers", nil, "Accept-Encoding", accept)
		if got.header.Get("ETag") != want {
			t.Errorf("%q: ETag %s, want %s", accept, got.header.Get("ETag"), want)
		}
		for _, known := range []string{want, `"v0", W/` + want} {
			again := s.ask(t, "GET /slippers", nil, "Accept-Encoding", accept, "If-None-Match", known)
			if again.status != http.StatusNotModified || again.header.Get("ETag") != want || again.body != "" {
				t.Errorf("%q: If-None-Match %s: %d, ETag %s", accept, known, again.status, again.header.Get("ETag"))
			}
		}
		s.ask(t, "PUT /slippers/7", nil, "If-Match", want, "Authorization", s.token(t, goesOn, true, 0))
		if ifMatch != `"v1"` {
			t.Errorf("If-Match %s became %s", want, ifMatch)
		}
	}
}

// Part of a picture is asked of the service, and goes through as it comes.
func TestPartsOfPictures(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "bytes=2-3" {
			t.Errorf("Range: %q", r.Header.Get("Range"))
		}
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Content-Range", "bytes 2-3/10")
		w.Header().Set("Accept-Ranges", "bytes")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "cd")
	})
	got := s.ask(t, "GET /static/slippers/7/a.png", nil, "Range", "bytes=2-3", "Accept-Encoding", "gzip")
	if got.status != http.StatusPartialContent || got.body != "cd" || got.header.Get("Content-Range") != "bytes 2-3/10" ||
		got.header.Get("Accept-Ranges") != "bytes" {
		t.Errorf("%d %q %v", got.status, got.body, got.header)
	}
}

// HEAD says what GET would, without a body.
func TestHead(t *testing.T) {
	t.Parallel()
	s := open(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", "5000")
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, strings.Repeat("x", 5000))
		}
	})
	for _, path := range []string{"/slippers", "/openapi.json", "/", "/health", "/docs", "/nowhere", "/cart"} {
		get, head := s.ask(t, "GET "+path, nil), s.ask(t, "HEAD "+path, nil)
		if head.status != get.status || head.body != "" {
			t.Errorf("HEAD %s: %d %q, GET has %d", path, head.status, head.body, get.status)
		}
		for _, name := range []string{"ETag", "Content-Type", "Vary", "Cache-Control", "WWW-Authenticate"} {
			if head.header.Get(name) != get.header.Get(name) {
				t.Errorf("HEAD %s: %s: %q, GET has %q", path, name, head.header.Get(name), get.header.Get(name))
			}
		}
	}
}
