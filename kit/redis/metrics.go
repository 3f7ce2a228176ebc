package redis

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/redis/go-redis/v9"
)

// Observe tells Prometheus of the client's connections.
func Observe(rdb redis.UniversalClient, reg prometheus.Registerer) {
	f := promauto.With(reg)
	counter := func(name, help string, of func(*redis.PoolStats) uint32) {
		f.NewCounterFunc(prometheus.CounterOpts{Name: "redis_pool_" + name, Help: help}, func() float64 { return float64(of(rdb.PoolStats())) })
	}
	gauge := func(name, help string, of func(*redis.PoolStats) uint32) {
		f.NewGaugeFunc(prometheus.GaugeOpts{Name: "redis_pool_" + name, Help: help}, func() float64 { return float64(of(rdb.PoolStats())) })
	}
	counter("hits_total", "Times that a connection to Redis was free.", func(s *redis.PoolStats) uint32 { return s.Hits })
	counter("misses_total", "Times that none was free, so that one had to be opened.", func(s *redis.PoolStats) uint32 { return s.Misses })
	counter("timeouts_total", "Times that none was to be had in time. The pool is too small, or Redis too slow.", func(s *redis.PoolStats) uint32 { return s.Timeouts })
	counter("stale_connections_total", "Connections that were found broken or too old.", func(s *redis.PoolStats) uint32 { return s.StaleConns })
	gauge("connections", "Connections to Redis.", func(s *redis.PoolStats) uint32 { return s.TotalConns })
	gauge("idle_connections", "Connections to Redis that nobody uses now.", func(s *redis.PoolStats) uint32 { return s.IdleConns })
}
