package cache

import kitmetrics "github.com/slippers-api/slippers/kit/metrics"

// Usage is what the copies in this process are good for, and what memory they take.
type Usage struct {
	Entries  int              `json:"entries"`
	Bytes    uint64           `json:"bytes"`
	MaxBytes uint64           `json:"max_bytes"`
	Caches   map[string]*Used `json:"caches"` // by their names
}

// Used is the part of one cache in it. What is counted began with the process.
type Used struct {
	Hits      int64    `json:"hits"`
	Misses    int64    `json:"misses"`
	Coalesced int64    `json:"coalesced"`
	Bypassed  int64    `json:"bypassed"`
	HitRatio  *float64 `json:"hit_ratio"` // nil before the first lookup
	Entries   int      `json:"entries"`
	Bytes     uint64   `json:"bytes"`
}

// Usage looks at every copy, so it is for people and not for each request.
func (c *Caches) Usage() Usage {
	usage := Usage{
		Entries: c.local.EstimatedSize(), Bytes: c.local.WeightedSize(), MaxBytes: c.local.GetMaximum(), Caches: map[string]*Used{},
	}
	c.metrics.caches.Range(func(name, of any) bool {
		n := of.(counts) //nolint:forcetypeassert // nothing else is stored
		u := &Used{Hits: kitmetrics.Value(n.hit), Misses: kitmetrics.Value(n.miss), Coalesced: kitmetrics.Value(n.coalesced), Bypassed: kitmetrics.Value(n.bypass)}
		if lookups := u.Hits + u.Misses + u.Coalesced + u.Bypassed; lookups > 0 {
			u.HitRatio = new(float64(u.Hits) / float64(lookups))
		}
		usage.Caches[name.(string)] = u //nolint:forcetypeassert // nothing else is stored
		return true
	})
	for at, e := range c.local.All() {
		if u := usage.Caches[at.cache]; u != nil {
			u.Entries++
			u.Bytes += uint64(e.weight())
		}
	}
	return usage
}
