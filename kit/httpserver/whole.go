package httpserver

import (
	"context"
	"net"
	"sync"

	"github.com/labstack/echo/v4"
)

// buffered is how much of an answer net/http gathers before it writes.
const buffered = 4 << 10

// WriteWhole answers body, with the head that is set, in one system call.
//
// net/http writes the head and the beginning of a body from its buffer, and then the rest: two calls, and two packets that
// wake the client twice. On a page from memory that is a good part of all work.
func WriteWhole(c echo.Context, body []byte) error {
	if conn, ok := c.Request().Context().Value(connKey{}).(*conn); ok && len(body) > buffered {
		conn.hold = true
		defer func() { conn.hold = false }() // nothing may have been written, as of HEAD: the next answer is not to wait
	}
	_, err := c.Response().Write(body)
	return err
}

type connKey struct{}

// listener hands out connections that can hold a write back.
type listener struct{ net.Listener }

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		return &conn{TCPConn: tcp}, err
	}
	return c, err //nolint:wrapcheck // net/http reads it
}

// rememberConn puts the connection where WriteWhole finds it.
func rememberConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// conn is a connection. Only the goroutine that answers writes to it.
type conn struct {
	*net.TCPConn

	hold bool // the next write is the beginning of more
	held *heldBytes
	n    int
}

type heldBytes [buffered]byte

var heldPool = sync.Pool{New: func() any { return new(heldBytes) }}

// Write writes p, and before it what was held back.
func (c *conn) Write(p []byte) (int, error) {
	switch {
	case c.hold && len(p) <= buffered:
		c.hold = false
		c.held, _ = heldPool.Get().(*heldBytes)
		c.n = copy(c.held[:], p)
		return len(p), nil
	case c.held == nil:
		return c.TCPConn.Write(p) //nolint:wrapcheck // net/http reads it
	}
	both := net.Buffers{c.held[:c.n], p}
	n, err := both.WriteTo(c.TCPConn)
	n -= int64(c.n)
	heldPool.Put(c.held)
	c.held = nil
	return int(max(0, n)), err //nolint:wrapcheck // net/http reads it
}
