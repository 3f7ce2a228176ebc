package httpserver_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Whatever size a page has, and whatever was answered before on the connection, it arrives whole and at once: also after
// HEAD, of which nothing but the head is written.
func TestAPageIsWrittenWhole(t *testing.T) {
	t.Parallel()
	e := echo.New()
	httpserver.Get(e, "/:size", func(c echo.Context) error {
		size, err := strconv.Atoi(c.Param("size"))
		if err != nil {
			return err
		}
		c.Response().Header().Set("Content-Length", c.Param("size"))
		return httpserver.WriteWhole(c, bytes.Repeat([]byte("x"), size))
	})
	base := serve(t, e)
	dialled := 0
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		dialled++
		return new(net.Dialer).DialContext(ctx, network, to)
	}}}
	for _, size := range []int{0, 1, 3800, 3900, 4000, 4095, 4096, 4097, 4200, 6144, 8000, 8192, 8193, 20_000, 1_000_000, 5} {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			r, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("%s/%d", base, size), nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatalf("%s of %d: %v", method, size, err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if want := map[string]int{http.MethodHead: 0, http.MethodGet: size}[method]; err != nil || len(b) != want || bytes.Count(b, []byte("x")) != want {
				t.Errorf("%s of %d answers %d bytes, %v", method, size, len(b), err)
			}
		}
	}
	if dialled != 1 {
		t.Errorf("it took %d connections", dialled)
	}
	client.CloseIdleConnections()
}

// What net/http decides holds for a page too: which protocol is spoken, and whether the connection goes on.
func TestAPageEndsAsNetHTTPSays(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return httpserver.WriteWhole(c, []byte("page")) })
	e.GET("/last", func(c echo.Context) error {
		c.Response().Header().Set("Connection", "close")
		return httpserver.WriteWhole(c, []byte("page"))
	})
	base := serve(t, e)
	const usual = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	for name, c := range map[string]struct {
		requests []string
		proto    string
		closes   bool
	}{
		"usual":           {[]string{usual}, "HTTP/1.1", false},
		"many at once":    {[]string{usual, usual, usual}, "HTTP/1.1", false},
		"client is done":  {[]string{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"}, "HTTP/1.1", true},
		"handler is done": {[]string{usual, "GET /last HTTP/1.1\r\nHost: a\r\n\r\n"}, "HTTP/1.1", true},
		"unread body":     {[]string{"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", usual}, "HTTP/1.1", false},
		"unasked body":    {[]string{"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"}, "HTTP/1.1", true},
		"old":             {[]string{"GET / HTTP/1.0\r\n\r\n"}, "HTTP/1.0", true},
		"old, goes on":    {[]string{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"}, "HTTP/1.0", false},
	} {
		conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		_, err = io.WriteString(conn, strings.Join(c.requests, ""))
		r := bufio.NewReader(conn)
		for range c.requests {
			res, readErr := http.ReadResponse(r, nil)
			if err := errors.Join(err, readErr); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			b, err := io.ReadAll(res.Body)
			if string(b) != "page" || err != nil || res.Status != "200 OK" || res.Proto != c.proto {
				t.Errorf("%s: %s %s, %q, %v", name, res.Proto, res.Status, b, err)
			}
		}
		_, _ = io.WriteString(conn, usual)
		if _, err := r.ReadByte(); (err != nil) != c.closes {
			t.Errorf("%s: the connection closes: %v, want %v", name, err != nil, c.closes)
		}
		_ = conn.Close()
	}
}

// serve serves e until the test ends, and returns its URL.
func serve(t *testing.T, e *echo.Echo) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		ended <- httpserver.Run(ctx, httpserver.Config{Addr: address, OpsAddr: "127.0.0.1:0", ReadTimeout: time.Minute, DrainTimeout: time.Second}, e,
			httpserver.NewOps(prometheus.NewRegistry(), nil))
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for {
		if c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address); err == nil { // it listens
			_ = c.Close()
			return "http://" + address
		}
	}
}

// However an answer is written, its head arrives: each value of each header, in lines that no value can break.
func TestTheHeadArrives(t *testing.T) {
	t.Parallel()
	page := bytes.Repeat([]byte("x"), 6000)
	ways := map[string]func(c echo.Context) error{
		"whole":       func(c echo.Context) error { return httpserver.WriteWhole(c, page) },
		"whole-small": func(c echo.Context) error { return httpserver.WriteWhole(c, page[:10]) },
		"usual":       func(c echo.Context) error { _, err := c.Response().Write(page); return err },
		"flushed":     func(c echo.Context) error { c.Response().Flush(); _, err := c.Response().Write(page); return err },
		"head":        func(c echo.Context) error { c.Response().WriteHeader(http.StatusOK); return nil },
		"nothing":     func(echo.Context) error { return nil },
	}
	e := echo.New()
	for name, write := range ways {
		e.GET("/"+name, func(c echo.Context) error {
			h := c.Response().Header()
			h["X-Two"], h["X-Broken"], h["Content-Type"] = []string{"one", "two"}, []string{"a\r\nX-Forged: b"}, []string{"text/plain"}
			return write(c)
		})
	}
	base := serve(t, e)
	for range 2 { // what one answer says is not said by the next
		for name := range ways {
			res, err := http.Get(base + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			for _, unknown := range []string{"Date", "Content-Length"} {
				delete(res.Header, unknown)
			}
			want := http.Header{"X-Two": {"one", "two"}, "X-Broken": {"a  X-Forged: b"}, "Content-Type": {"text/plain"}}
			if diff := cmp.Diff(want, res.Header); err != nil || res.StatusCode != http.StatusOK || diff != "" {
				t.Errorf("%s: %d, %v (-want +got):\n%s", name, res.StatusCode, err, diff)
			}
		}
	}
}
