package httpclient

import (
	"context"
	"errors"
	"net"
	"time"
)

// Dial connects to one of our services: in half a millisecond as a rule, and after a second at most.
//
// Behind the address of a Kubernetes Service each try may reach another Pod, and one whose node has just died answers nobody until
// Kubernetes knows. So a try is given up soon, and made again.
var Dial = tries{Dialer: net.Dialer{Timeout: 250 * time.Millisecond, KeepAlive: 15 * time.Second}, most: 4}.DialContext

// tries are those of one connection.
type tries struct {
	net.Dialer

	most int
}

// DialContext is that of a net.Dialer, tried again.
func (t tries) DialContext(ctx context.Context, network, address string) (c net.Conn, err error) {
	for range t.most {
		if c, err = t.Dialer.DialContext(ctx, network, address); err == nil || ctx.Err() != nil {
			break
		}
	}
	return c, err //nolint:wrapcheck // net/http wraps it
}

// NotReached says whether err means that there was no connection, so that nothing was sent. Dial has tried often enough then.
func NotReached(err error) bool {
	e, ok := errors.AsType[*net.OpError](err)
	return ok && e.Op == "dial"
}
