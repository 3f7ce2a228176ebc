package postgres

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// number is one number of a pool.
type number struct {
	name, help string
	kind       prometheus.ValueType
	of         func(*pgxpool.Stat, Config) float64
}

// numbers are all that a pool tells, by the words of the original where it had one.
var numbers = []number{
	{"size", "pool_size: connections that a process keeps in normal times.", prometheus.GaugeValue, func(_ *pgxpool.Stat, c Config) float64 { return float64(c.PoolSize) }},
	{"max_overflow", "max_overflow: how many more it may open under load.", prometheus.GaugeValue, func(_ *pgxpool.Stat, c Config) float64 { return float64(c.MaxOverflow) }},
	{"max_connections", "The most connections that there may be: size and max_overflow together.", prometheus.GaugeValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.MaxConns()) }},
	{"connections", "total_connections: all that are open or being opened.", prometheus.GaugeValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.TotalConns()) }},
	{"checked_out_connections", "checked_out_connections: those at work. As many as max_connections: requests wait for one.", prometheus.GaugeValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.AcquiredConns()) }},
	{"checked_in_connections", "checked_in_connections: those that are open and idle.", prometheus.GaugeValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.IdleConns()) }},
	{"constructing_connections", "Connections that are being opened. More than a moment: PostgreSQL is slow to let us in.", prometheus.GaugeValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.ConstructingConns()) }},
	{"overflow_connections", "overflow: connections above size.", prometheus.GaugeValue, func(s *pgxpool.Stat, c Config) float64 { return float64(max(0, s.TotalConns()-c.PoolSize)) }},
	{"acquires_total", "Times that a connection was taken out.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.AcquireCount()) }},
	{"acquire_seconds_total", "Time that taking them out has cost.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return s.AcquireDuration().Seconds() }},
	{"empty_acquires_total", "Times that none was idle, so that one had to be opened or waited for.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.EmptyAcquireCount()) }},
	{"empty_acquire_wait_seconds_total", "Time that those have waited.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return s.EmptyAcquireWaitTime().Seconds() }},
	{"canceled_acquires_total", "Times that somebody gave up waiting: a deadline, or a client that went.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.CanceledAcquireCount()) }},
	{"new_connections_total", "Connections that were opened. A steady rise means that they do not last.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.NewConnsCount()) }},
	{"lifetime_closes_total", "Connections that were closed for their age (pool_recycle).", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.MaxLifetimeDestroyCount()) }},
	{"idle_closes_total", "Connections that were closed because nobody had used them.", prometheus.CounterValue, func(s *pgxpool.Stat, _ Config) float64 { return float64(s.MaxIdleDestroyCount()) }},
}

// collector tells Prometheus of a pool, all numbers from one look at it.
type collector struct {
	db    *pgxpool.Pool
	cfg   Config
	descs []*prometheus.Desc
}

// Collector returns what tells Prometheus of the pool that cfg opened.
func Collector(db *pgxpool.Pool, cfg Config) prometheus.Collector {
	c := &collector{db: db, cfg: cfg}
	for _, n := range numbers {
		c.descs = append(c.descs, prometheus.NewDesc("db_pool_"+n.name, n.help, nil, nil))
	}
	return c
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descs {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	s := c.db.Stat()
	for i, n := range numbers {
		to <- prometheus.MustNewConstMetric(c.descs[i], n.kind, n.of(s, c.cfg))
	}
}
