package bench

import (
	"strconv"

	"github.com/slippers-api/slippers/e2e/seed"
)

// settings start every service of the store that is measured, beside what shop gives it.
var settings = []string{
	collect,                                 // as the chart starts them
	"DB_POOL_SIZE=16", "DB_MAX_OVERFLOW=16", // more connections than these only queue on a few cores
	"ACCESS_TOKEN_TTL=2h",                             // longer than any run
	"RATE_LIMITS=default=1000000/1s,login=1000000/1s", // the limits must count, not refuse
	"ATTEMPT_LIMITS=login=1000000/1s,account=1000000/1s",
	"CACHE_BYTES=" + strconv.Itoa(cacheBytes),
}

// collect is what the collector of garbage is told, in the store and in the bare servers beside it.
const collect = "GOGC=400"

// cacheBytes is what the gateway may keep in its own memory.
const cacheBytes = 128 << 20

// size is the store that is measured, as large as the one that the original's figures are of.
var size = seed.Options{Slippers: 10_000, Orders: 50_000, Users: 5_000, Seed: 1}

const (
	pagePath    = "/slippers/?limit=20" // the list of the original's table
	edgePath    = "/slippers/?limit=7"  // what every contender of the edge answers: as many bytes as the page that its goals come from
	clients     = 64                    // of the edge, and as many customers of the store
	steadyRate  = 2_000                 // requests a second where latency is measured under a steady load
	cartLines   = 3                     // slippers in the cart of each customer
	cartPath    = "/cart"
	ordersPath  = "/orders/?limit=20"
	placingPath = "/orders/from-cart?clear_cart=false"
	loginPath   = "/auth/login"
	purgePath   = "/admin/cache/invalidate"
)
