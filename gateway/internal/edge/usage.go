package edge

import kitmetrics "github.com/slippers-api/slippers/kit/metrics"

// Usage is what the pages in this process are good for, and what memory they take.
type Usage struct {
	Entries  int              `json:"entries"`
	Bytes    uint64           `json:"bytes"`
	MaxBytes uint64           `json:"max_bytes"`
	Pages    map[string]*Used `json:"pages"` // by their names; those that nobody has asked for are missing
}

// Used is the part of one page in it. What is counted began with the process.
type Used struct {
	Hits      int64    `json:"hits"`
	Misses    int64    `json:"misses"`
	Stale     int64    `json:"stale"`
	Coalesced int64    `json:"coalesced"`
	Bypassed  int64    `json:"bypassed"`
	HitRatio  *float64 `json:"hit_ratio"` // with the stale ones, which came from here too; nil before the first request
	Entries   int      `json:"entries"`
	Bytes     uint64   `json:"bytes"`
}

// Usage looks at every page, so it is for people and not for each request.
func (c *Cache) Usage() Usage {
	usage := Usage{Entries: c.local.EstimatedSize(), Bytes: c.local.WeightedSize(), MaxBytes: c.cfg.Bytes, Pages: map[string]*Used{}}
	c.metrics.pages.Range(func(page, of any) bool {
		p, n := page.(*Page), of.(*counts) //nolint:forcetypeassert // nothing else is stored
		u := &Used{
			Hits: kitmetrics.Value(n.hit), Misses: kitmetrics.Value(n.miss), Stale: kitmetrics.Value(n.stale), Coalesced: kitmetrics.Value(n.coalesced), Bypassed: kitmetrics.Value(n.bypass),
		}
		if asked := u.Hits + u.Misses + u.Stale + u.Coalesced + u.Bypassed; asked > 0 {
			u.HitRatio = new(float64(u.Hits+u.Stale) / float64(asked))
		}
		usage.Pages[p.Name] = u
		return true
	})
	for _, e := range c.local.All() {
		if u := usage.Pages[e.page]; u != nil {
			u.Entries++
			u.Bytes += uint64(e.weight())
		}
	}
	return usage
}
