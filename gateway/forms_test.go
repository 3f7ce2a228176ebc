package main

import (
	"compress/gzip"
	"io"
	"strconv"
	"strings"
	"testing"
)

func TestFormsAndConditions(t *testing.T) {
	t.Parallel()
	c := &catalogue{}
	s := open(t, c.serve, withRedis(t))
	path, _ := item()
	plain := s.ask(t, "GET "+path, nil).body
	for accept, want := range map[string]string{
		"": "", "gzip": "gzip", "gzip, deflate, br, zstd": "zstd", "zstd;q=0.5, gzip": "gzip", "gzip;q=0": "", "*": "zstd", "identity": "",
		"gzip;q=0, *;q=0.1": "zstd", "GZIP": "gzip", "gzip;q=nonsense": "",
		"zstd;q=0, *": "gzip", "*, zstd;q=0": "gzip", "*;q=0": "", "*;q=0, gzip;q=0.1": "gzip", "zstd;Q=0, gzip": "gzip", "gzip; Q=0.1, zstd;q=0.01": "gzip",
	} {
		got := s.ask(t, "GET "+path, nil, "Accept-Encoding", accept)
		tag := `"v0"`
		if want != "" {
			tag = `"v0-` + want + `"`
		}
		if got.header.Get("Content-Encoding") != want || got.header.Get("ETag") != tag || got.header.Get("Content-Length") != strconv.Itoa(len(got.body)) {
			t.Errorf("%q: %v, want %q", accept, got.header, want)
		}
		if want == "gzip" {
			r, err := gzip.NewReader(strings.NewReader(got.body))
			if err != nil {
				t.Fatal(err)
			}
			if b, err := io.ReadAll(r); err != nil || string(b) != plain {
				t.Errorf("it unpacks to %.40s, %v", b, err)
			}
		}
		for known, status := range map[string]int{tag: 304, `"other", ` + tag: 304, `W/` + tag: 304, "*": 304, `"v00"`: 200, `"v"`: 200, `"v0-gzi"`: 200} {
			again := s.ask(t, "GET "+path, nil, "Accept-Encoding", accept, "If-None-Match", known)
			if again.status != status || status == 304 && (again.body != "" || again.header.Get("ETag") != tag) {
				t.Errorf("%q with If-None-Match %s: %d %v", accept, known, again.status, again.header)
			}
		}
		if head := s.ask(t, "HEAD "+path, nil, "Accept-Encoding", accept); head.body != "" || head.header.Get("Content-Length") != got.header.Get("Content-Length") {
			t.Errorf("HEAD: %v %s", head.header, head.body)
		}
	}
	if c.calls.Load() != 1 {
		t.Errorf("%d calls for one page", c.calls.Load())
	}
}

// An empty cursor is for the service to refuse: who sends it would read the first page for ever.
func TestAnEmptyCursorIsNotTheFirstPage(t *testing.T) {
	t.Parallel()
	s := open(t, (&catalogue{}).serve, withRedis(t))
	for _, path := range []string{"/slippers?cursor=", "/categories?cursor=&limit=5"} {
		got := s.ask(t, "GET "+path, nil)
		if !strings.Contains(got.body, `"page":"`+path+`"`) || got.header.Get("Cache-Status") != "slippers; fwd=bypass" {
			t.Errorf("%s: %s %.80s", path, got.header.Get("Cache-Status"), got.body)
		}
	}
}
