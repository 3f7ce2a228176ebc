// Package stores compares the libraries that could keep the gateway's pages in its memory:
//
//	GOWORK=off go -C tools test ./stores -bench . -benchtime 2000000x -count 3
package stores

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/maypok86/otter/v2"
)

const (
	pages    = 100_000
	page     = 20_000    // bytes
	capacity = 128 << 20 // of 6,700 pages
)

type store interface {
	get(key string) bool
	set(key string, body []byte)
}

type inOtter struct{ *otter.Cache[string, []byte] }

func (s inOtter) get(key string) bool         { _, ok := s.GetIfPresent(key); return ok }
func (s inOtter) set(key string, body []byte) { s.Set(key, body) }

type inRistretto struct {
	*ristretto.Cache[string, []byte]
}

func (s inRistretto) get(key string) bool         { _, ok := s.Get(key); return ok }
func (s inRistretto) set(key string, body []byte) { s.Set(key, body, int64(len(body))) }

func each(b *testing.B, run func(b *testing.B, s store, keys []string)) {
	keys := make([]string, pages)
	for i := range keys {
		keys[i] = "slippers?limit=20&min_price=" + strconv.Itoa(i)
	}
	b.Run("otter", func(b *testing.B) {
		run(b, inOtter{otter.Must(&otter.Options[string, []byte]{
			MaximumWeight: capacity, Weigher: func(_ string, body []byte) uint32 { return uint32(len(body)) },
		})}, keys)
	})
	b.Run("ristretto", func(b *testing.B) {
		c, err := ristretto.NewCache(&ristretto.Config[string, []byte]{NumCounters: 10 * capacity / page, MaxCost: capacity, BufferItems: 64})
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		run(b, inRistretto{c}, keys)
	})
}

// BenchmarkGet looks up what is there, from all processors.
func BenchmarkGet(b *testing.B) {
	each(b, func(b *testing.B, s store, keys []string) {
		keys = keys[:1000]
		for _, k := range keys {
			s.set(k, make([]byte, page))
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			z := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 1, uint64(len(keys)-1))
			for pb.Next() {
				s.get(keys[z.Uint64()])
			}
		})
	})
}

// BenchmarkFill looks up more than there is room for, and stores what is missing. Visible is the part of it that is there
// when the next one asks; who does not find it loads it once more.
func BenchmarkFill(b *testing.B) {
	each(b, func(b *testing.B, s store, keys []string) {
		z := rand.NewZipf(rand.New(rand.NewPCG(1, 1)), 1.1, 1, pages-1)
		var hits, visible float64
		for range b.N {
			k := keys[z.Uint64()]
			if s.get(k) {
				hits++
				continue
			}
			if s.set(k, make([]byte, page)); s.get(k) {
				visible++
			}
		}
		b.ReportMetric(hits/float64(b.N), "hits/op")
		b.ReportMetric(visible/max(1, float64(b.N)-hits), "visible/miss")
	})
}
