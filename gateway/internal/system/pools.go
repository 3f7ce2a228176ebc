package system

import (
	"context"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/gateway/internal/proxy"
)

// pool is how full the connection pool of a service is, as its /internal/db-pool says, or the sum of all.
type pool struct {
	PoolSize    int64   `json:"pool_size"`
	CheckedIn   int64   `json:"checked_in_connections"`
	CheckedOut  int64   `json:"checked_out_connections"`
	Overflow    int64   `json:"overflow"`
	Total       int64   `json:"total_connections"`
	MaxOverflow int64   `json:"max_overflow"`
	PoolTimeout float64 `json:"pool_timeout"`
	Status      string  `json:"status"`
}

// silent stands for a service that did not answer.
type silent struct {
	Status string `json:"status"`
}

// Pools sums up how full the services' pools are. One that has nothing left to give, or does not answer, is a warning.
func (s System) Pools(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), poolPatience)
	defer cancel()

	var wg sync.WaitGroup
	pools := make([]*pool, len(s.Services))
	for i, service := range s.Services {
		wg.Go(func() {
			var p pool
			if service.API.Do(ctx, http.MethodGet, "/internal/db-pool", nil, &p, proxy.ErrUnavailable) == nil {
				pools[i] = &p
			}
		})
	}
	wg.Wait()

	sum := pool{Status: healthy}
	services := map[string]any{}
	for i, p := range pools {
		if p == nil {
			services[s.Services[i].Name], sum.Status = silent{unavailable}, warning
			continue
		}
		services[s.Services[i].Name] = p
		sum.add(*p)
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, struct {
		pool
		Services map[string]any `json:"services"`
	}{sum, services})
}

// add counts p in. A patience is not a number of connections: the longest holds.
func (sum *pool) add(p pool) {
	sum.PoolSize += p.PoolSize
	sum.CheckedIn += p.CheckedIn
	sum.CheckedOut += p.CheckedOut
	sum.Overflow += p.Overflow
	sum.Total += p.Total
	sum.MaxOverflow += p.MaxOverflow
	sum.PoolTimeout = max(sum.PoolTimeout, p.PoolTimeout)
	if p.Status != healthy {
		sum.Status = warning
	}
}
