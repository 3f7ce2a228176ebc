package proxy

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slippers-api/slippers/kit/requestid"
)

// Origin asks a service on behalf of the gateway itself, with nothing of any client's.
type Origin struct {
	base      string
	transport http.RoundTripper
}

// NewOrigin returns the service at base, such as http://catalog-svc:8080.
func NewOrigin(base string, transport http.RoundTripper) (*Origin, error) {
	if u, err := url.Parse(base); err != nil || u.Host == "" {
		return nil, fmt.Errorf("reading the address of a service: %q is not an http URL", base)
	}
	return &Origin{strings.TrimSuffix(base, "/"), again{transport}}, nil
}

// Get asks for a path with its query.
func (o *Origin) Get(ctx context.Context, target, requestID string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.base+target, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	r.Header.Set(requestid.Header, requestID)
	return o.transport.RoundTrip(r)
}
