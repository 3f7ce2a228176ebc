// Package octosim behaves like the merchant API of OCTO, good and bad: create, read, hold, refund, call back, and fail
// in every way that a client of it must survive. A person can pay on its page, and a test can steer it, by the methods
// of Server or over HTTP at /control.
//
// It keeps everything in memory, and whoever reaches it may steer it: it is for developers and tests only.
// Where OCTO's answers are not documented, the comments say that ours are invented.
package octosim

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/slippers-api/slippers/kit/money"
)

// Config is what may differ between two simulated shops. What is zero takes the default that its tag names.
type Config struct {
	// ShopID, Secret and UniqueKey are what OCTO gives a merchant: who calls, and with what callbacks are signed.
	ShopID    int64  `env:"OCTOSIM_SHOP_ID" envDefault:"1"`
	Secret    string `env:"OCTOSIM_SECRET,required,notEmpty" json:"-"`
	UniqueKey string `env:"OCTOSIM_UNIQUE_KEY,required,notEmpty" json:"-"`

	// BaseURL begins the pay URLs. Empty takes the host that the merchant called.
	BaseURL string `env:"OCTOSIM_BASE_URL"`

	// USDRate is how many UZS make 1 USD, the least that can be refunded.
	USDRate int64 `env:"OCTOSIM_USD_RATE" envDefault:"13000"`

	// RemainderFloor also refuses a refund after which less than 1 USD, but something, would be left.
	RemainderFloor bool `env:"OCTOSIM_REMAINDER_FLOOR" envDefault:"false"`

	// ReadInterval is how soon one payment may be read again, else error 11. Below zero it is never too soon.
	ReadInterval time.Duration `env:"OCTOSIM_READ_INTERVAL" envDefault:"1s"`

	// TopLevel answers in the old shape, without data.
	TopLevel bool `env:"OCTOSIM_TOP_LEVEL" envDefault:"false"`

	// CallbackRetries are the pauses after callbacks that were not acknowledged. Empty, but not nil, means one attempt.
	CallbackRetries []time.Duration `env:"OCTOSIM_CALLBACK_RETRIES" envDefault:"1m,5m"`

	// LateAfter is when the money comes of a payer who chose to pay late.
	LateAfter time.Duration `env:"OCTOSIM_LATE_AFTER" envDefault:"10m"`

	// HoldTTL is how long held money waits for its capture.
	HoldTTL time.Duration `env:"OCTOSIM_HOLD_TTL" envDefault:"30m"`

	// Log gets one line for each call and each callback. Nil drops them.
	Log *slog.Logger `env:"-" json:"-"`
}

func (c Config) withDefaults() Config {
	orDefault(&c.ShopID, 1)
	orDefault(&c.USDRate, 13_000)
	orDefault(&c.ReadInterval, time.Second)
	orDefault(&c.LateAfter, 10*time.Minute)
	orDefault(&c.HoldTTL, 30*time.Minute)
	orDefault(&c.Log, slog.New(slog.DiscardHandler))
	if c.CallbackRetries == nil {
		c.CallbackRetries = []time.Duration{time.Minute, 5 * time.Minute}
	}
	return c
}

func orDefault[T comparable](v *T, fallback T) {
	var zero T
	if *v == zero {
		*v = fallback
	}
}

// Server is one simulated OCTO. Close it.
type Server struct {
	cfg    Config
	mux    *http.ServeMux
	client *http.Client
	clock  *clock
	closed context.Context //nolint:containedctx // it ends with the server, as its callbacks and slow answers do
	cancel context.CancelFunc

	mu          sync.Mutex // is never held while a merchant is called
	payments    []*Payment
	refunds     []*Refund
	calls       map[string]*Calls // by shop_transaction_id, also of payments that never came to be
	refundCalls map[string]int    // by shop_refund_id, likewise
	faults      []*Fault
	deliveries  []Delivery
}

// New returns a server without payments.
func New(cfg Config) *Server {
	s := &Server{
		cfg: cfg.withDefaults(), mux: http.NewServeMux(), clock: newClock(),
		calls: map[string]*Calls{}, refundCalls: map[string]int{},
		client: &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a redirect is not a 200
			// A transport that is shared may lose a connection, and with it the callback, because somebody else closes idle ones.
			Transport: &http.Transport{DisableKeepAlives: true},
		},
	}
	s.closed, s.cancel = context.WithCancel(context.Background())
	s.mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	s.mux.HandleFunc("POST /prepare_payment", s.preparePayment)
	s.mux.HandleFunc("POST /set_accept", s.setAccept)
	s.mux.HandleFunc("POST /refund", s.refund)
	s.mux.HandleFunc("GET /pay/{uuid}", s.showPayPage)
	s.mux.HandleFunc("POST /pay/{uuid}", s.submitPayPage)
	s.routeControl()
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends slow answers, forgets what was to come, and waits for callbacks that are under way.
func (s *Server) Close() {
	s.cancel()
	s.clock.close()
	s.client.CloseIdleConnections()
}

// Advance moves the simulated time, and returns when all that became due has happened: late callbacks and their
// retries, late money, expiry.
func (s *Server) Advance(d time.Duration) { s.clock.advance(d) }

// Settle waits until no callback is under way. It does not wait for those that are due later.
func (s *Server) Settle() { s.clock.settle() }

// floor is the least amount of a refund. For RUB none is documented.
func (s *Server) floor(currency string) money.Amount {
	switch currency {
	case "UZS":
		return money.Amount(s.cfg.USDRate * 100)
	case "USD":
		return 100
	}
	return 0
}
