// Package proxy passes requests on to the services, and their answers back as they come.
//
// It neither decides who may ask nor keeps anything: see packages routes and session.
package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpclient"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/requestid"
)

// What a client reads when there is no answer of a service.
var (
	ErrCutOff      = fault.New(fault.Malformed, "body-cut-off", "The body ended early, or its chunks are not what HTTP asks.")
	ErrUnavailable = fault.New(fault.Unavailable, "service-unavailable", "This part of the shop is closed for a moment.").After(time.Second)
	ErrBroken      = fault.New(fault.Garbled, "service-broken", "This part of the shop gave no sensible answer.").After(time.Second)
	ErrTimeout     = fault.New(fault.Overdue, "service-timeout", "This part of the shop took too long.").After(time.Second)
)

// ours are the headers that the gateway sets on every answer: a service's own must not stand beside them.
var ours = []string{
	"X-Request-Id", "X-Process-Time", "X-Uptime", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy",
	"X-Compress-Hint", "Server", "X-Powered-By",
	"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
}

// NewTransport returns the connections to the services, for all upstreams to share.
func NewTransport() *http.Transport {
	return &http.Transport{
		DialContext:            httpclient.Dial,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    256,
		MaxConnsPerHost:        512, // more than this wait for one, until their deadline
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true, // the gateway compresses, once
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// To returns a handler that passes requests on to the service at base, such as http://catalog-svc:8080.
func To(base string, transport http.RoundTripper, log *slog.Logger) (echo.HandlerFunc, error) {
	target, err := url.Parse(base)
	if err != nil || target.Host == "" || (target.Scheme != "http" && target.Scheme != "https") {
		return nil, fmt.Errorf("reading the address of a service: %q is not an http URL", base)
	}
	p := &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { rewrite(pr, target) },
		Transport:      again{transport},
		ModifyResponse: clean,
		FlushInterval:  flushAfter,
		BufferPool:     &buffers{},
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			if e, ok := r.Context().Value(key{}).(*exchange); ok {
				e.failed = e.faultFor(r.Context(), err)
			}
		},
	}
	return func(c echo.Context) error {
		ctx, cancel := context.WithCancelCause(c.Request().Context())
		defer cancel(nil)
		e := &exchange{ReadCloser: c.Request().Body, cancel: cancel}
		r := c.Request().WithContext(context.WithValue(ctx, key{}, e))
		r.Body = e
		p.ServeHTTP(c.Response(), r)
		return e.failed
	}, nil
}

// key is where a request's context carries its exchange.
type key struct{}

// exchange is the body of a request on its way, and what became of it. A failure is returned, so that it is answered and
// logged like any other.
type exchange struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
	failed error

	mu     sync.Mutex // held while the client is read from
	unread error      // why that ended early, which is no fault of the service
}

// Read implements io.Reader.
func (e *exchange) Read(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := e.ReadCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, http.ErrBodyReadAfterClose) {
		e.unread = err
		e.cancel(context.Canceled) // as if the client had left: nobody waits for the service any more
	}
	return n, err
}

// Err returns why the client's body could not be read to its end, or nil. It waits for a read that has not returned.
func (e *exchange) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.unread
}

// rewrite sends the request to target as the client wrote it. The X-Forwarded headers are those of package front, which
// has replaced the client's.
func rewrite(pr *httputil.ProxyRequest, target *url.URL) {
	pr.SetURL(target)
	pr.Out.URL.RawQuery = pr.In.URL.RawQuery // what cannot be parsed is for the service to refuse
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", requestid.Header} {
		pr.Out.Header[name] = pr.In.Header[name] // also where the client lists them in Connection, to be dropped
	}
	for _, name := range []string{"Accept-Encoding", "Upgrade", "Connection", "Expect"} {
		pr.Out.Header.Del(name)
	}
}

// flushAfter is how long a piece of an answer may wait for more of it.
const flushAfter = 100 * time.Millisecond

// clean takes out of an answer what the gateway says itself.
func clean(res *http.Response) error {
	if res.ContentLength < 0 {
		res.ContentLength = 0 // else each piece is flushed alone, the first one before it is known to be worth compressing
	}
	for _, name := range ours {
		res.Header.Del(name)
	}
	vary := res.Header.Values("Vary")
	res.Header.Del("Vary")
	for name := range strings.SplitSeq(strings.Join(vary, ","), ",") {
		if name = strings.TrimSpace(name); name != "" && !strings.EqualFold(name, "Accept-Encoding") {
			res.Header.Add("Vary", name)
		}
	}
	return nil
}

// faultFor says what the client may read when there is no answer: err is what the call of the service ended with, and ctx is its
// context.
func (e *exchange) faultFor(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, context.DeadlineExceeded):
		return ErrTimeout.Because(err)
	case cause != nil: // by its own client, whose last read may not have returned
		return e.ofClient(err)
	case httpclient.NotReached(err):
		return ErrUnavailable.Because(err)
	}
	return ErrBroken.Because(err)
}

// ofClient says what it may read when its own body has ended the call with err, or when it has left.
func (e *exchange) ofClient(err error) error {
	unread := e.Err()
	if _, ok := errors.AsType[*http.MaxBytesError](unread); ok {
		return httpserver.ErrTooLarge
	}
	if errors.Is(unread, os.ErrDeadlineExceeded) {
		return echo.NewHTTPError(http.StatusRequestTimeout).SetInternal(unread)
	}
	if unread != nil {
		return ErrCutOff.Because(unread)
	}
	return ErrBroken.Because(err)
}

// again asks once more where that is harmless: for GET and HEAD, when a connection broke and there is time left.
type again struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (a again) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := a.RoundTripper.RoundTrip(r)
	if err == nil || httpclient.NotReached(err) || r.Context().Err() != nil || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		return res, err
	}
	return a.RoundTripper.RoundTrip(r)
}

// buffers lends the memory that bodies are copied through.
type buffers struct{ pool sync.Pool }

const bufferSize = 32 << 10

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if p, ok := b.pool.Get().(*[bufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, bufferSize)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put((*[bufferSize]byte)(p)) }
