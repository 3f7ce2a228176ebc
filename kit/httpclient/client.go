// Package httpclient makes the calls between our services: a deadline, the request id, the internal credential, and a
// problem turned back into the fault that it was.
//
// It is not for calling strangers: their errors mean something else.
package httpclient

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/slippers-api/slippers/kit/failpoint"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/requestid"
)

const (
	maxAnswer = 4 << 20
	maxIdle   = 64
)

// Client calls one other service.
type Client struct {
	base, secret string
	timeout      time.Duration
	http         *http.Client
}

// New returns a client of the service at base, such as http://catalog-svc:8080. timeout bounds one call with its retry.
// watch is what goes around its connections: Calls.To.
func New(base, secret string, timeout time.Duration, watch ...func(http.RoundTripper) http.RoundTripper) *Client {
	transport := failpoint.Transport(&http.Transport{
		DialContext:         Dial,
		MaxIdleConnsPerHost: maxIdle, MaxIdleConns: maxIdle, IdleConnTimeout: time.Minute,
	})
	for _, w := range watch {
		transport = w(transport)
	}
	return &Client{base: base, secret: secret, timeout: timeout, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do sends in as JSON (nil sends nothing) and reads the answer into out (nil discards it). The method must be harmless
// to repeat: a call that was sent and got no answer is made once more.
//
// It returns the other service's fault with its code, detail and members, or unavailable when there was no answer.
func (c *Client) Do(ctx context.Context, method, path string, in, out any, unavailable *fault.Fault) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()

	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return fmt.Errorf("encoding the call of %s: %w", path, err)
		}
	}
	res, err := c.send(ctx, method, path, body)
	if err != nil && ctx.Err() == nil && !NotReached(err) {
		res, err = c.send(ctx, method, path, body)
	}
	if err != nil {
		return unavailable.Because(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch {
	case err != nil:
		return unavailable.Because(fmt.Errorf("reading the answer of %s: %w", path, err))
	case res.StatusCode >= http.StatusInternalServerError:
		return unavailable.Because(fmt.Errorf("%s answered %d", path, res.StatusCode))
	case res.StatusCode >= http.StatusBadRequest:
		return faultOf(res.StatusCode, path, answer)
	case out == nil:
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil { // cut off, or of somebody else
		return unavailable.Because(fmt.Errorf("reading the answer of %s: %w", path, err))
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.secret)
	req.Header.Set(requestid.Header, requestid.From(ctx))
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.http.Do(req)
}

// faultOf returns the fault that the other service answered with.
func faultOf(status int, path string, body []byte) error {
	var p httpserver.Problem
	members := map[string]any{}
	exact := json.NewDecoder(bytes.NewReader(body))
	exact.UseNumber() // as a float, a large id would be another one
	if err := errors.Join(json.Unmarshal(body, &p), exact.Decode(&members)); err != nil || httpserver.CodeOf(p.Type) == "" {
		return fmt.Errorf("%s answered %d without a problem of ours", path, status)
	}
	for _, standard := range []string{"type", "title", "status", "detail", "instance", "errors"} {
		delete(members, standard)
	}
	f := fault.New(httpserver.KindOf(status), httpserver.CodeOf(p.Type), p.Title).WithDetail(p.Detail).WithBroken(p.Errors...)
	f.Members = members
	return f
}
