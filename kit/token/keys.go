package token

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/slippers-api/slippers/kit/fault"
)

// ErrKeys is returned while no token can be checked, because auth-svc has not been reached yet.
var ErrKeys = fault.New(fault.Unavailable, "token-keys-unavailable", "Tokens cannot be checked at the moment.").After(time.Second)

const (
	fetchTimeout = 2 * time.Second
	keysMaxBytes = 1 << 20
	renewal      = 5 * time.Minute
	firstRetry   = time.Second
	// Tokens with invented key ids must not make us ask more often than this.
	unknownKeyPause = 2 * time.Second
)

// published is the key set at a URL, as it was fetched last.
type published struct {
	url     string
	client  *http.Client
	log     *slog.Logger
	set     atomic.Pointer[keyfunc.Keyfunc] // nil until the first success
	flight  singleflight.Group
	unknown *rate.Limiter
	renewed func() // is told of each new set
}

func newPublished(address string, log *slog.Logger) (*published, error) {
	if u, err := url.Parse(address); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("reading JWKS_URL: not an HTTP URL")
	}
	return &published{
		url: address, client: &http.Client{Timeout: fetchTimeout}, log: log,
		unknown: rate.NewLimiter(rate.Every(unknownKeyPause), 1), renewed: func() {},
	}, nil
}

// find returns the key that t names. One that is new here is fetched, once for all who wait for it. It implements
// jwt.Keyfunc.
func (p *published) find(t *jwt.Token) (any, error) {
	if key, err := p.known(t); err == nil {
		return key, nil
	}
	_, _, _ = p.flight.Do("", func() (any, error) {
		if _, err := p.known(t); err != nil && p.unknown.Allow() {
			p.renew(context.Background()) // for all who wait: it does not end with the first of them
		}
		return nil, nil
	})
	return p.known(t)
}

func (p *published) known(t *jwt.Token) (any, error) {
	set := p.set.Load()
	if set == nil {
		return nil, ErrKeys
	}
	return (*set).Keyfunc(t)
}

// keep renews the set until ctx ends: soon while there is none, then now and again.
func (p *published) keep(ctx context.Context) {
	for {
		wait := renewal
		if p.set.Load() == nil {
			wait = firstRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
			p.renew(ctx)
		}
	}
}

// renew fetches the set. What cannot be fetched stays as it was.
func (p *published) renew(ctx context.Context) {
	set, err := p.fetch(ctx)
	if err != nil {
		p.log.WarnContext(ctx, "fetching token keys", "err", err)
		return
	}
	p.set.Store(&set)
	p.renewed()
}

func (p *published) fetch(ctx context.Context) (keyfunc.Keyfunc, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("asking: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking: %s", answer.Status)
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, keysMaxBytes))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	set, err := keyfunc.NewJWKSetJSON(b)
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	return set, nil
}
