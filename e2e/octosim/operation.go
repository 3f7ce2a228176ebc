package octosim

import (
	"encoding/json"
	"io"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strconv"

	"github.com/slippers-api/slippers/kit/money"
)

// Operation is one of the things that faults are meant for.
type Operation string

// The operations. Create and Read are both POST /prepare_payment; Callback is the only one that we begin.
const (
	Create   Operation = "create"
	Read     Operation = "read"
	Accept   Operation = "accept"
	Refunds  Operation = "refund"
	Callback Operation = "callback"
)

// The error codes. Where OCTO documents none, 4 and 5 are invented.
const (
	codeFormat       = 1
	codeSecret       = 2
	codeUnknown      = 4
	codeState        = 5
	codeTooOften     = 11
	codeRefundAmount = 22
	codeFiscal       = 403
)

// answer is what an operation says: an error, or its fields. Then is done after it, without the lock.
type answer struct {
	code    int
	message string
	fields  map[string]any
	then    func()
}

func refuse(code int, message string) answer { return answer{code: code, message: message} }

// merchant is the part that all calls have.
type merchant struct {
	ShopID *int64  `json:"octo_shop_id"`
	Secret *string `json:"octo_secret"`
}

// refused returns why a merchant may not call, if so.
func (s *Server) refused(m merchant) (answer, bool) {
	switch {
	case m.ShopID == nil || *m.ShopID != s.cfg.ShopID:
		return refuse(codeSecret, "no_shop_found"), true
	case m.Secret == nil || *m.Secret != s.cfg.Secret:
		return refuse(codeSecret, "Wrong secret"), true
	}
	return answer{}, false
}

// operate does one operation about one payment, and answers with the faults that are meant for it. The operation has
// the lock.
func (s *Server) operate(w http.ResponseWriter, r *http.Request, op Operation, transaction string, do func([]Fault) answer) {
	s.mu.Lock()
	s.count(op, transaction)
	faults := s.takeFaults(op, transaction)
	broken := disruption(faults)
	if broken.BeforeCommit {
		s.mu.Unlock()
		s.log(op, transaction, -1, faults)
		s.disrupt(w, r, broken, nil)
		return
	}
	var a answer
	switch broken.Kind {
	case TooOften:
		a = refuse(codeTooOften, "Requests too often. Minimum delay is 1 second")
	case BasketUnregistered:
		a = refuse(codeFiscal, "Fiscal object with merchant ID 100 not contains in system")
	default:
		a = do(faults)
	}
	s.mu.Unlock()

	s.log(op, transaction, a.code, faults)
	body := encode(a, faults, s.cfg.TopLevel)
	if a.then != nil {
		s.clock.after(0, a.then) // not after the answer, which a fault may hold for ever
	}
	if slices.Contains(breaks, broken.Kind) {
		s.disrupt(w, r, broken, body)
		return
	}
	writeJSON(w, http.StatusOK, body)
}

func (s *Server) count(op Operation, transaction string) {
	c := s.callsOf(transaction)
	switch op {
	case Create:
		c.Create++
	case Read:
		c.Read++
	case Accept:
		c.Accept++
	case Refunds:
		c.Refund++
	case Callback:
	}
}

// log writes of a call what holds no secret and no person. A code of -1 means that nothing was done.
func (s *Server) log(op Operation, transaction string, code int, faults []Fault) {
	kinds := make([]Kind, 0, len(faults))
	for _, f := range faults {
		kinds = append(kinds, f.Kind)
	}
	s.cfg.Log.Info("call", "operation", op, "shop_transaction_id", transaction, "error", code, "faults", kinds)
}

// readCall reads the body of a call, or answers error 1 and returns false. OCTO wants JSON, and says so of the header.
func readCall(w http.ResponseWriter, r *http.Request, into any) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err == nil && kind == "application/json" && json.Unmarshal(body, into) == nil {
		return true
	}
	writeJSON(w, http.StatusOK, encode(refuse(codeFormat, "Data format error"), nil, false))
	return false
}

// encode writes the envelope, as the faults want it.
func encode(a answer, faults []Fault, topLevel bool) []byte {
	envelope := map[string]any{"error": a.code, "errMessage": nil, "errorMessage": nil, "apiMessageForDevelopers": nil}
	if a.code != 0 {
		envelope["errMessage"], envelope["apiMessageForDevelopers"] = a.message, a.message
	}
	for _, f := range faults {
		switch f.Kind {
		case StringError:
			envelope["error"] = strconv.Itoa(a.code)
		case DeprecatedMessage:
			envelope["errMessage"], envelope["errorMessage"] = nil, envelope["errMessage"]
		case TopLevel:
			topLevel = true
		case ForeignPayURL:
			if _, ok := a.fields["octo_pay_url"]; ok {
				a.fields["octo_pay_url"] = f.URL
			}
		case TotalInteger, TotalOneDecimal, TotalString:
			for _, sum := range []string{"total_sum", "refunded_sum"} {
				if n, ok := a.fields[sum].(money.Amount); ok {
					a.fields[sum] = spelt(n, f.Kind)
				}
			}
		default:
		}
	}
	if !topLevel {
		if a.fields != nil {
			envelope["data"] = a.fields
		}
	} else {
		maps.Copy(envelope, a.fields)
	}
	body, err := json.Marshal(envelope)
	if err != nil {
		panic(err) // strings, numbers and nil are always JSON
	}
	return body
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has gone needs no answer
}
