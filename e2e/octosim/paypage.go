package octosim

import (
	_ "embed"
	"errors"
	"html/template"
	"net/http"
)

//go:embed paypage.html
var payHTML string

var payPage = template.Must(template.New("pay").Parse(payHTML))

func (s *Server) showPayPage(w http.ResponseWriter, r *http.Request) {
	p, err := s.Payment(r.PathValue("uuid"))
	if err != nil || p.UUID != r.PathValue("uuid") {
		http.NotFound(w, r)
		return
	}
	s.writePayPage(w, http.StatusOK, p)
}

// submitPayPage does what a button says, and sends the payer back to the shop. The callback may come before or after.
func (s *Server) submitPayPage(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("uuid")
	p, err := s.Payment(id)
	if err != nil || p.UUID != id {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	var press func(*Payment) error
	switch r.PostFormValue("action") {
	case "pay":
		press = s.pay
	case "decline":
		press = s.decline
	case "late":
		press = s.payLate
	default:
		http.Error(w, "action must be pay, decline or late", http.StatusBadRequest)
		return
	}
	announce, err := s.change(id, press)
	if errors.Is(err, ErrClosed) {
		p, _ = s.Payment(id) // as it is now
		s.writePayPage(w, http.StatusConflict, p)
		return
	}
	if r.PostFormValue("action") != "late" {
		s.clock.after(0, announce)
	}
	p, _ = s.Payment(id)
	if p.ReturnURL == "" {
		s.writePayPage(w, http.StatusOK, p)
		return
	}
	http.Redirect(w, r, p.ReturnURL, http.StatusSeeOther)
}

func (s *Server) writePayPage(w http.ResponseWriter, status int, p Payment) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	err := payPage.Execute(w, struct {
		Payment
		Open bool
	}{p, p.open()})
	if err != nil {
		s.cfg.Log.Warn("pay page not written", "err", err)
	}
}
