package octosim

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/slippers-api/slippers/kit/money"
)

// Kind is a way to go wrong, or to answer as OCTO once did.
type Kind string

// The first four break the answer, the operation being done or not as Fault.BeforeCommit says. The next two refuse.
// The rest change what is answered, and can be had together.
const (
	Reset    Kind = "reset"     // the connection
	Hang     Kind = "hang"      // after half a body, for Fault.Delay or until the client leaves
	HTML502  Kind = "html_502"  // as from a proxy
	HalfBody Kind = "half_body" // and then the end of the connection

	TooOften           Kind = "error_11"
	BasketUnregistered Kind = "basket_unregistered" // error 403

	TopLevel          Kind = "top_level"
	StringError       Kind = "string_error" // "error": "0"
	DeprecatedMessage Kind = "deprecated_message"
	TotalInteger      Kind = "total_sum_integer"     // 12000
	TotalOneDecimal   Kind = "total_sum_one_decimal" // 12000.0
	TotalString       Kind = "total_sum_string"      // "12000.00"
	ForeignPayURL     Kind = "foreign_pay_url"
	RefundPending     Kind = "refund_pending"
	RefundFailed      Kind = "refund_failed"
	Never             Kind = "never" // callbacks are not sent
)

var (
	breaks   = []Kind{Reset, Hang, HTML502, HalfBody}
	refusals = []Kind{TooOften, BasketUnregistered}
	calls    = []Operation{Create, Read, Accept, Refunds}
	possible = map[Kind][]Operation{
		Reset: calls, Hang: calls, HTML502: calls, HalfBody: calls, TooOften: calls,
		TopLevel: calls, StringError: calls, DeprecatedMessage: calls,
		TotalInteger: {Create, Read, Accept}, TotalOneDecimal: {Create, Read, Accept}, TotalString: {Create, Read, Accept},
		BasketUnregistered: {Create}, ForeignPayURL: {Create}, RefundPending: {Refunds}, RefundFailed: {Refunds},
		Never: {Callback},
	}
)

// Fault is one thing to go wrong.
type Fault struct {
	Operation Operation `json:"operation"`
	Kind      Kind      `json:"kind"`

	// Times is for how many calls it lasts; zero lasts until ClearFaults.
	Times int `json:"times"`

	// ShopTransactionID is the payment it is for; empty is for all.
	ShopTransactionID string `json:"shop_transaction_id,omitempty"`

	// BeforeCommit breaks before the operation is done. Otherwise it is done, and the caller does not hear of it.
	BeforeCommit bool `json:"before_commit,omitempty"`

	// Delay is how long Hang takes. Zero takes as long as the client has patience.
	Delay time.Duration `json:"-"`

	// URL is the pay URL of ForeignPayURL.
	URL string `json:"url,omitempty"`
}

// AddFault makes something go wrong from now on. Of several that break or refuse, each call takes the oldest.
func (s *Server) AddFault(f Fault) error {
	switch {
	case !slices.Contains(possible[f.Kind], f.Operation):
		return fmt.Errorf("the operation %q does not know the fault %q", f.Operation, f.Kind)
	case f.Times < 0 || f.Delay < 0:
		return fmt.Errorf("times %d and delay %s must not be negative", f.Times, f.Delay)
	case f.BeforeCommit && (!slices.Contains(breaks, f.Kind) || f.Kind == HalfBody):
		return fmt.Errorf("the fault %q can not come before the commit", f.Kind)
	case f.Kind == ForeignPayURL && f.URL == "":
		f.URL = "https://pay.example.org/pay/1"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, &f)
	return nil
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

// Faults returns the faults that are still to come, with the times that are left of them.
func (s *Server) Faults() []Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Fault, 0, len(s.faults))
	for _, f := range s.faults {
		all = append(all, *f)
	}
	return all
}

// takeFaults returns the faults for one call, at most one disruption among them, and uses them up.
func (s *Server) takeFaults(op Operation, transaction string) []Fault {
	var taken []Fault
	left := s.faults[:0:0]
	for _, f := range s.faults {
		applies := f.Operation == op && (f.ShopTransactionID == "" || f.ShopTransactionID == transaction)
		if applies && f.Kind.disrupts() && disruption(taken).Kind != "" {
			applies = false
		}
		if applies {
			taken = append(taken, *f)
			if f.Times == 1 {
				continue
			}
			f.Times = max(0, f.Times-1)
		}
		left = append(left, f)
	}
	s.faults = left
	return taken
}

func (k Kind) disrupts() bool { return slices.Contains(breaks, k) || slices.Contains(refusals, k) }

// disruption returns the fault that breaks or refuses, or the zero Fault.
func disruption(faults []Fault) Fault {
	for _, f := range faults {
		if f.Kind.disrupts() {
			return f
		}
	}
	return Fault{}
}

func has(faults []Fault, k Kind) bool {
	return slices.ContainsFunc(faults, func(f Fault) bool { return f.Kind == k })
}

// disrupt breaks an answer. The body is nil where nothing was done.
func (s *Server) disrupt(w http.ResponseWriter, r *http.Request, f Fault, body []byte) {
	switch f.Kind {
	case Reset:
		reset(w)
	case HTML502:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"))
	case HalfBody:
		w.Header().Set("Content-Length", fmt.Sprint(len(body))) // net/http ends the connection when less was written
		writeJSON(w, http.StatusOK, body[:len(body)/2])
	case Hang:
		s.hang(w, r, f.Delay, body)
	default:
	}
}

// reset ends the connection with RST, so that the client cannot take it for an empty answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // HTTP/2 or a recorder: the nearest they have
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// hang writes the first half of a body, waits, and writes the other half if it has been told for how long to wait.
func (s *Server) hang(w http.ResponseWriter, r *http.Request, delay time.Duration, body []byte) {
	if body == nil {
		body = []byte(`{"error":5,"errMessage":"Not processed"}`)
	} else {
		writeJSON(w, http.StatusOK, body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		body = body[len(body)/2:]
	}
	over := make(chan struct{})
	if delay > 0 {
		s.clock.after(delay, func() { close(over) })
	}
	select {
	case <-over:
		_, _ = w.Write(body)
	case <-r.Context().Done():
	case <-s.closed.Done():
	}
}

// spelt writes an amount as the fault wants it: a JSON number or a string of major units.
func spelt(n money.Amount, k Kind) json.RawMessage {
	full := n.String()
	whole, cents, _ := strings.Cut(full, ".")
	switch {
	case k == TotalString:
		return json.RawMessage(`"` + full + `"`)
	case k == TotalInteger && cents == "00":
		return json.RawMessage(whole)
	case k == TotalOneDecimal && cents[1] == '0':
		return json.RawMessage(full[:len(full)-1])
	}
	return json.RawMessage(full)
}
