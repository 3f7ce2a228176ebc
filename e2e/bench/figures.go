package bench

// figure is what the original did on one endpoint: latencies in milliseconds, rates in requests a second.
type figure struct {
	p50One               float64
	rate32, p5032        float64
	rate64, p5064, p9964 float64
}

// The original's figures: FastAPI, asyncpg and uvicorn with 2 workers (its best on 2 cores), PostgreSQL 15, the same
// number of rows, its rate limit off, wrk on the same cores, medians of three rounds. They were measured on the same kind
// of machine (2 cores, 24 GiB, Debian 12), not in our runs.
var (
	listCached   = figure{1.4, 704, 39, 1069, 54, 165}
	listGzip     = figure{1.7, 862, 38, 900, 67, 160}
	listUncached = figure{12.2, 156, 218, 150, 402, 797}
	itemCached   = figure{.7, 2488, 17, 2016, 26, 158}
	itemUncached = figure{2.6, 704, 53, 583, 102, 263}
	ordersList   = figure{7.0, 210, 141, 276, 208, 477}
	cart         = figure{4.0, 375, 67, 364, 165, 298}
	fromCart     = figure{15.4, 116, 327, 98, 590, 1151}
	login        = figure{2.1, 638, 64, 810, 77, 224}
)

// figuresSource says in the document where they come from.
const figuresSource = "Right of ours, the original's: measured on the same kind of machine (2 cores, 24 GiB, Debian 12; FastAPI, asyncpg, uvicorn with 2 workers, " +
	"its best; PostgreSQL 15; as many rows; rate limit off; wrk on the same cores; medians of three rounds), but not in this run."
