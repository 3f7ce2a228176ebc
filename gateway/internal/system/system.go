// Package system answers what is asked about the system itself: what it is, whether it is well, how full its pools are.
package system

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/kit/httpclient"
)

const (
	healthPatience = 500 * time.Millisecond
	poolPatience   = time.Second
	healthy        = "healthy"
	degraded       = "degraded"
	unhealthy      = "unhealthy"
	warning        = "warning"
	unavailable    = "unavailable"
)

// Service is one of the services, as this package asks it.
type Service struct {
	Name   string
	OpsURL string             // where its probes are
	API    *httpclient.Client // where its /internal is
}

// System is what these handlers need.
type System struct {
	Version  string
	Services []Service
	Redis    redis.UniversalClient
	Probes   *http.Client
	Pages    func() edge.Usage
}

// Root says what this is.
func (s System) Root(c echo.Context) error {
	return c.JSON(http.StatusOK, struct {
		Message string `json:"message"`
		Version string `json:"version"`
		Docs    string `json:"docs"`
		Status  string `json:"status"`
	}{"Slippers API", s.Version, "/docs", "operational"})
}

// Health says whether the shop is open: it asks every service whether it is ready, and Redis whether it is there.
// Without Redis everything still works, slower.
func (s System) Health(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), healthPatience)
	defer cancel()

	var wg sync.WaitGroup
	ready := make([]bool, len(s.Services))
	for i, service := range s.Services {
		wg.Go(func() { ready[i] = s.ready(ctx, service.OpsURL+"/readyz") })
	}
	cache := healthy
	if s.Redis.Ping(ctx).Err() != nil {
		cache = unhealthy
	}
	wg.Wait()

	status, code, database := healthy, http.StatusOK, healthy
	if cache != healthy {
		status = degraded
	}
	for _, is := range ready {
		if !is {
			status, code, database = unhealthy, http.StatusServiceUnavailable, unhealthy
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(code, struct {
		Status    string    `json:"status"`
		Timestamp time.Time `json:"timestamp"`
		Version   string    `json:"version"`
		Database  string    `json:"database"`
		Cache     string    `json:"cache"`
	}{status, time.Now().UTC().Truncate(time.Second), s.Version, database, cache})
}

func (s System) ready(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := s.Probes.Do(r)
	if err != nil {
		return false
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, 4<<10) // read, so that the connection can be used again
	return res.StatusCode == http.StatusOK
}
