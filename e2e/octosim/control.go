package octosim

import (
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

// delay is a time.Duration that JSON spells as Go does: "10m".
type delay time.Duration

func (d *delay) UnmarshalText(b []byte) error {
	n, err := time.ParseDuration(string(b))
	*d = delay(n)
	return err
}

func (d delay) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

type (
	faultBody struct {
		Fault
		Delay delay `json:"delay,omitempty"`
	}
	messageBody struct {
		Message
		Delay delay `json:"delay"`
	}
	statusBody struct {
		Status   string `json:"status"`
		Callback bool   `json:"callback"`
	}
	clockBody struct {
		Advance delay `json:"advance"`
	}
)

// stray counts calls with an id that nothing came of.
type stray struct {
	ID    string `json:"id"`
	Calls any    `json:"calls"`
}

func (s *Server) routeControl() {
	s.mux.HandleFunc("GET /control/faults", func(w http.ResponseWriter, _ *http.Request) { s.listFaults(w, http.StatusOK) })
	s.mux.HandleFunc("POST /control/faults", s.postFault)
	s.mux.HandleFunc("DELETE /control/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		s.listFaults(w, http.StatusOK)
	})
	s.mux.HandleFunc("GET /control/payments", s.listPayments)
	s.mux.HandleFunc("POST /control/payments/{uuid}/status", s.postPaymentStatus)
	s.mux.HandleFunc("GET /control/refunds", s.listRefunds)
	s.mux.HandleFunc("POST /control/refunds/{id}/status", s.postRefundStatus)
	s.mux.HandleFunc("GET /control/callbacks", func(w http.ResponseWriter, _ *http.Request) {
		control(w, http.StatusOK, map[string]any{"deliveries": s.Deliveries()})
	})
	s.mux.HandleFunc("POST /control/callbacks", s.postCallback)
	s.mux.HandleFunc("POST /control/clock", s.postClock)
}

func (s *Server) listFaults(w http.ResponseWriter, status int) {
	all := []faultBody{}
	for _, f := range s.Faults() {
		all = append(all, faultBody{f, delay(f.Delay)})
	}
	control(w, status, map[string]any{"faults": all})
}

func (s *Server) postFault(w http.ResponseWriter, r *http.Request) {
	in, ok := command[faultBody](w, r)
	if !ok {
		return
	}
	in.Fault.Delay = time.Duration(in.Delay)
	if err := s.AddFault(in.Fault); err != nil {
		fail(w, http.StatusBadRequest, err)
		return
	}
	s.listFaults(w, http.StatusCreated)
}

func (s *Server) listPayments(w http.ResponseWriter, _ *http.Request) {
	payments := s.Payments()
	strays := []stray{}
	s.mu.Lock()
	for id, c := range s.calls {
		if s.byTransaction(id) == nil {
			strays = append(strays, stray{id, *c})
		}
	}
	s.mu.Unlock()
	control(w, http.StatusOK, map[string]any{"payments": payments, "strays": strays})
}

func (s *Server) postPaymentStatus(w http.ResponseWriter, r *http.Request) {
	in, ok := command[statusBody](w, r)
	if !ok {
		return
	}
	id := r.PathValue("uuid")
	if err := s.SetStatus(id, Status(in.Status), in.Callback); err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	p, err := s.Payment(id)
	if err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	control(w, http.StatusOK, p)
}

func (s *Server) listRefunds(w http.ResponseWriter, _ *http.Request) {
	refunds := s.Refunds()
	strays := []stray{}
	s.mu.Lock()
	for id, n := range s.refundCalls {
		if s.findRefund(id) == nil {
			strays = append(strays, stray{id, n})
		}
	}
	s.mu.Unlock()
	control(w, http.StatusOK, map[string]any{"refunds": refunds, "strays": strays})
}

func (s *Server) postRefundStatus(w http.ResponseWriter, r *http.Request) {
	in, ok := command[statusBody](w, r)
	if !ok {
		return
	}
	if err := s.SetRefundStatus(r.PathValue("id"), in.Status); err != nil {
		fail(w, http.StatusNotFound, err)
		return
	}
	s.listRefunds(w, r)
}

func (s *Server) postCallback(w http.ResponseWriter, r *http.Request) {
	in, ok := command[messageBody](w, r)
	if !ok {
		return
	}
	in.Message.Delay = time.Duration(in.Delay)
	sent, err := s.Send(in.Message)
	switch {
	case errors.Is(err, ErrNoPayment):
		fail(w, http.StatusNotFound, err)
	case err != nil:
		fail(w, http.StatusBadRequest, err)
	default:
		control(w, http.StatusOK, map[string]any{"deliveries": sent})
	}
}

func (s *Server) postClock(w http.ResponseWriter, r *http.Request) {
	in, ok := command[clockBody](w, r)
	if !ok {
		return
	}
	if in.Advance < 0 {
		fail(w, http.StatusBadRequest, errors.New("time only goes forward"))
		return
	}
	s.Advance(time.Duration(in.Advance))
	control(w, http.StatusOK, map[string]any{"now": s.clock.now()})
}

// command reads a body strictly, so that a misspelt fault is heard of, or answers 400 and returns false.
func command[T any](w http.ResponseWriter, r *http.Request) (T, bool) {
	var in T
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	d.UseNumber() // Message.Fields may hold money
	if err := d.Decode(&in); err != nil {
		fail(w, http.StatusBadRequest, err)
		return in, false
	}
	return in, true
}

func fail(w http.ResponseWriter, status int, err error) {
	control(w, status, map[string]any{"error": err.Error()})
}

func control(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // all of it is ours
	}
	writeJSON(w, status, body)
}
