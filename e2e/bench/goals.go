package bench

import (
	"fmt"
	"strings"
	"time"
)

// numbers are what goals are about, by the goal's key.
type numbers map[string]float64

// goal is a bound for one number of a run on two cores.
type goal struct {
	key     string // suite/...
	what    string
	atLeast bool // else at most
	bound   float64
	unit    string
}

// goals are all bounds. Those of the original's table are its figures (see figures.go) times a factor.
var goals = []goal{
	{"edge/of-bare", "edge hit, the gateway of the bare net/http server", true, .60, "x"},
	{"edge/of-traefik", "edge hit, the gateway of Traefik with its limit in Redis", true, 4, "x"},
	{"edge/of-nginx", "edge hit, the gateway of nginx as a plain proxy", true, 1, "x"},
	{"edge/p99", "edge hit, p99 at a steady load", false, 2, "ms"},

	{"watching/cost", "edge hit, seen of unseen", true, .9, "x"},

	{"original/list-cached/rate", "list, cached, of the original", true, 25, "x"},
	{"original/list-cached/p50", "list, cached, p50 of one client", false, .5, "ms"},
	{"original/list-uncached/rate", "list, uncached, of the original", true, 10, "x"},
	{"original/list-uncached/p50", "list, uncached, p50 of one client", false, 4, "ms"},
	{"original/item-cached/rate", "item, cached, of the original", true, 12, "x"},
	{"original/item-cached/p50", "item, cached, p50 of one client", false, .5, "ms"},
	{"original/item-uncached/rate", "item, uncached, of the original", true, 6, "x"},
	{"original/item-uncached/p50", "item, uncached, p50 of one client", false, 1.5, "ms"},
	{"original/orders/rate", "orders list, of the original", true, 8, "x"},
	{"original/orders/p50", "orders list, p50 of one client", false, 3, "ms"},
	{"original/cart/rate", "cart, of the original", true, 8, "x"},
	{"original/cart/p50", "cart, p50 of one client", false, 2, "ms"},

	{"orders/of-bare", "orders with 32 clients, of a bare transaction", true, .5, "x"},
	{"orders/rate", "orders with 32 clients, a second", true, 500, ""},
	{"orders/p50", "orders, p50 of one client", false, 6, "ms"},

	{"scenario/hits", "hit rate while 5 edits a second run", true, .95, ""},
	{"scenario/purge", "invalidation with 1,000,000 keys", false, 2, "ms"},
	{"scenario/purge-more", "the same, more than with 1,000 keys", false, .5, "ms"},
	{"scenario/memory", "gateway's growth by 100,000 URLs, of its setting", false, 1.2, "x"},
}

func (g goal) String() string {
	sign := "at most"
	if g.atLeast {
		sign = "at least"
	}
	return fmt.Sprintf("%s %g%s", sign, g.bound, g.suffix())
}

func (g goal) suffix() string {
	if g.unit == "" {
		return ""
	}
	return " " + g.unit
}

// verdict says whether a goal was reached.
func (n numbers) verdict(g goal) string {
	got, measured := n[g.key]
	switch {
	case !measured:
		return "not measured"
	case g.atLeast && got >= g.bound, !g.atLeast && got <= g.bound:
		return "pass"
	}
	return "**miss**"
}

// judge says of all goals whose key begins so what they are and whether they were reached. None begins with nothing.
func (n numbers) judge(prefix string) string {
	var texts []string
	for _, g := range goals {
		if prefix != "" && strings.HasPrefix(g.key, prefix) {
			what := g.what[strings.LastIndex(g.what, ", ")+1:]
			texts = append(texts, fmt.Sprintf("%s %s: %s", strings.TrimSpace(what), g, n.verdict(g)))
		}
	}
	return strings.Join(texts, "; ")
}

// table shows all goals of the suites that ran.
func (n numbers) table(ran func(suite string) bool) table {
	t := table{title: "What must be reached", head: []string{"what", "must be", "was", "verdict"}}
	for _, g := range goals {
		suite, _, _ := strings.Cut(g.key, "/")
		if !ran(suite) {
			continue
		}
		was := "-"
		if got, measured := n[g.key]; measured {
			was = fmt.Sprintf("%.3g%s", got, g.suffix())
		}
		t.add(g.what, g.String(), was, n.verdict(g))
	}
	return t
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
