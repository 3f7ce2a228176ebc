// Package limit is what those share who say how often somebody may do something: how policies are written, whom an address
// stands for, and how a process counts by itself while Redis, where kit/batch counts, is away.
//
// It decides nothing: which policies there are and what a refusal looks like is up to its users.
package limit

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-redis/redis_rate/v10"
)

// PerTime allows n in the time d: all of them may come at once, and then one comes back at a time.
func PerTime(n int, d time.Duration) redis_rate.Limit {
	return redis_rate.Limit{Rate: n, Burst: n, Period: d}
}

// Parse reads "default=100/60s,login=5/300s". The classes are those of defaults; what is not named keeps its default.
func Parse[Policies ~map[Class]redis_rate.Limit, Class ~string](text []byte, defaults Policies) (Policies, error) {
	all := maps.Clone(defaults)
	for pair := range strings.SplitSeq(string(text), ",") {
		class, limit, _ := strings.Cut(strings.TrimSpace(pair), "=")
		count, period, _ := strings.Cut(limit, "/")
		n, err := strconv.Atoi(count)
		d, durationErr := time.ParseDuration(period)
		_, known := defaults[Class(class)]
		if err != nil || durationErr != nil || n < 1 || n > 1_000_000_000 || d < time.Second || !known {
			return nil, fmt.Errorf("%q is not class=requests/period, with a class of %v", pair, slices.Sorted(maps.Keys(defaults)))
		}
		all[Class(class)] = PerTime(n, d)
	}
	return all, nil
}

// Address says for whom an address stands. An IPv6 customer has a /64, and is one.
func Address(address string) string {
	ip, err := netip.ParseAddr(address)
	switch {
	case err != nil:
		return "address:unknown"
	case ip.Is4():
		return "address:" + address
	case ip.Is4In6():
		return "address:" + ip.Unmap().String()
	}
	network, _ := ip.WithZone("").Prefix(64) // which every IPv6 address has
	return "network:" + network.Addr().String()
}
