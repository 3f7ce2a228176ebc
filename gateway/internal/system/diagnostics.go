package system

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/gateway/internal/edge"
	"github.com/slippers-api/slippers/gateway/internal/proxy"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/redis"
)

// SlowQueries says for each service which statements have cost its database most time.
func (s System) SlowQueries(c echo.Context) error {
	q := httpserver.Query(c)
	limit := q.Int("limit", 20, 1, 100)
	if err := q.Err(); err != nil {
		return err
	}
	return s.sideBySide(c, "/internal/slow-queries?limit="+strconv.FormatInt(limit, 10))
}

// MissingIndexes says for each service which of its tables may lack an index.
func (s System) MissingIndexes(c echo.Context) error {
	return s.sideBySide(c, "/internal/missing-indexes")
}

// Cache says what this process holds, one replica of each service, and Redis.
func (s System) Cache(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), poolPatience)
	defer cancel()
	answer := struct {
		Gateway  edge.Usage     `json:"gateway"`
		Services map[string]any `json:"services"`
		Redis    any            `json:"redis"`
	}{Gateway: s.Pages(), Redis: silent{unavailable}}
	var wg sync.WaitGroup
	wg.Go(func() {
		if u, err := redis.UsageOf(ctx, s.Redis); err == nil {
			answer.Redis = struct {
				Status string `json:"status"`
				redis.Usage
			}{healthy, u}
		}
	})
	answer.Services = s.answers(ctx, "/internal/cache")
	wg.Wait()
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, answer)
}

// sideBySide answers with what the services do.
func (s System) sideBySide(c echo.Context, path string) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	return c.JSON(http.StatusOK, struct {
		Services map[string]any `json:"services"`
	}{s.answers(c.Request().Context(), path)})
}

// answers returns what each service answers, as it is: its own document and its contract test say what that may be.
func (s System) answers(ctx context.Context, path string) map[string]any {
	var wg sync.WaitGroup
	said := make([]any, len(s.Services))
	for i, service := range s.Services {
		wg.Go(func() {
			var answer json.RawMessage
			said[i] = silent{unavailable}
			if service.API.Do(ctx, http.MethodGet, path, nil, &answer, proxy.ErrUnavailable) == nil {
				said[i] = answer
			}
		})
	}
	wg.Wait()
	services := map[string]any{}
	for i, service := range s.Services {
		services[service.Name] = said[i]
	}
	return services
}
