package httpserver

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// WriteWhole answers 200 with body, under the head that is set, in one system call. It is for pages from memory, for which
// net/http does more than the rest of us: it copies the beginning of the body, clones and sorts the head, and writes both in
// two packets that wake the client twice.
//
// So net/http is told that there is no content. It writes a head of its own date and of what becomes of the connection, and
// the connection puts in the status, the other lines, in no order, and the body. A hit takes a third less processor.
func WriteWhole(c echo.Context, body []byte) error {
	w := c.Response()
	if w.Header()["Content-Length"] == nil {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	if c.Request().Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	a, ok := w.Writer.(*answer)
	if !ok {
		_, err := w.Write(body)
		return err
	}
	a.whole, a.body = true, body
	w.WriteHeader(http.StatusOK)
	w.Size = int64(len(body))
	return nil
}

type connKey struct{}

// listener hands out connections that can write an answer whole.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &conn{TCPConn: tcp}, err
	}
	return c, err //nolint:wrapcheck // net/http reads it
}

// rememberConn puts the connection where answers find it.
func rememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// conn is a connection. Only the goroutine that answers writes to it.
type conn struct {
	*net.TCPConn

	head []byte // of a whole answer, which becomes what net/http writes next
	body []byte // of the same

	parts [2][]byte // both of them
	out   net.Buffers
}

const (
	protocol   = "HTTP/1.1"
	statusLine = protocol + " 200 OK\r\n"
)

// Write writes p. If that is for a whole answer, it is the head of one without content, and completes ours.
func (c *conn) Write(p []byte) (int, error) {
	if len(c.head) == 0 {
		return c.TCPConn.Write(p) //nolint:wrapcheck // net/http reads it
	}
	c.head = append(c.head, p[bytes.IndexByte(p, '\n')+1:]...)
	copy(c.head[:len(protocol)], p) // the client's may be older
	c.parts = [2][]byte{c.head, c.body}
	c.out = c.parts[:]
	_, err := c.out.WriteTo(c.TCPConn)
	c.head, c.body, c.parts = c.head[:0], nil, [2][]byte{}
	if err != nil {
		return 0, err //nolint:wrapcheck // net/http reads it
	}
	return len(p), nil
}

// add adds a line for each value, unless one needs net/http's cleaning.
func (c *conn) add(name string, values []string) bool {
	for _, v := range values {
		if strings.IndexByte(v, '\r') >= 0 || strings.IndexByte(v, '\n') >= 0 { // much cheaper than ContainsAny
			return false
		}
	}
	for _, v := range values {
		c.head = append(append(append(append(c.head, name...), ": "...), v...), "\r\n"...)
	}
	return true
}
