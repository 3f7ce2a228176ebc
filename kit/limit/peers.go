package limit

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"time"
)

const (
	askEvery    = 5 * time.Second
	askPatience = 2 * time.Second

	// quiet is how often in a row nobody may answer before it is logged: a process that begins is not known to DNS at once.
	quiet = 12
)

// Peers are the processes that share a policy.
type Peers struct {
	// Name leads to the addresses of all of them, this one included: a headless Service of Kubernetes. Empty is nowhere.
	Name string

	// Dial connects to a server of DNS. Nil is net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Follow asks DNS every few seconds, until ctx ends, how many processes there are, and divides by that many from then on. While
// it does not answer, the last number holds; the first one, and the most, is NewOwn's.
func (o *Own) Follow(ctx context.Context, p Peers, log *slog.Logger) {
	if p.Name == "" {
		return
	}
	// Strict, because otherwise it would go on with the next search domain when the right one fails, and might find a stranger.
	dns := &net.Resolver{PreferGo: true, StrictErrors: true, Dial: p.Dial}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	for failed := 0; ; {
		switch n, err := count(ctx, dns, p.Name); {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failed++; failed == quiet {
				log.WarnContext(ctx, "not known how many share the limits", "err", err)
			}
		default:
			failed = 0
			o.divide(n)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// count returns to how many processes the name leads.
func count(ctx context.Context, dns *net.Resolver, name string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	found, err := dns.LookupNetIP(ctx, "ip", name)
	if err != nil {
		return 0, fmt.Errorf("counting peers: %w", err)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return 0, fmt.Errorf("reading the addresses of this machine: %w", err)
	}
	here, byVersion := false, map[bool]int{} // of IP: a process may have an address of each
	for _, ip := range found {
		ip = ip.Unmap()
		byVersion[ip.Is4()]++
		here = here || slices.ContainsFunc(own, func(a net.Addr) bool {
			prefix, err := netip.ParsePrefix(a.String())
			return err == nil && prefix.Addr() == ip
		})
	}
	if !here { // it is older than this process, or about others: too few would let too much through
		return 0, fmt.Errorf("counting peers: %s leads to %v, and not here", name, found)
	}
	return max(byVersion[true], byVersion[false]), nil
}
