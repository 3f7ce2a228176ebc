package testkit

import (
	"context"
	"time"

	"github.com/slippers-api/slippers/kit/cache"
	"github.com/slippers-api/slippers/kit/diagnostics"
	"github.com/slippers-api/slippers/kit/postgres"
)

// Facts returns what a service might know about itself, for contract tests: asked for one statement, it has no counts of any.
func Facts() diagnostics.Facts {
	since, ratio, scans := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), 0.75, int64(3)
	return diagnostics.Facts{
		Pool: func() postgres.Status { return postgres.Status{State: "healthy"} },
		SlowQueries: func(_ context.Context, limit int) (postgres.SlowQueries, error) {
			if limit == 1 {
				return postgres.SlowQueries{Reason: "There is no extension."}, nil
			}
			return postgres.SlowQueries{Available: true, Since: &since, Queries: []postgres.Statement{
				{Query: "SELECT $1", Calls: 4, TotalMs: 2, MeanMs: 0.5, MaxMs: 1.25, Rows: 4, CacheHitRatio: &ratio}, {Query: "COMMIT"},
			}}, nil
		},
		LargeScans: func(context.Context) (postgres.LargeScans, error) {
			return postgres.LargeScans{Since: &since, MinRowsPerScan: postgres.MinRowsPerScan, Tables: []postgres.ScannedTable{
				{Schema: "shop", Table: "things", SeqScan: 2, SeqTupRead: 9000, RowsPerScan: 4500, IdxScan: &scans, NLiveTup: 4500},
				{Schema: "shop", Table: "heaps", SeqScan: 1, SeqTupRead: 1000, RowsPerScan: 1000, NLiveTup: 1000},
			}}, nil
		},
		Copies: func() cache.Usage {
			return cache.Usage{Entries: 1, Bytes: 900, MaxBytes: 1 << 20, Caches: map[string]*cache.Used{
				"things": {Hits: 3, Misses: 1, HitRatio: &ratio, Entries: 1, Bytes: 900}, "lists": {},
			}}
		},
	}
}
