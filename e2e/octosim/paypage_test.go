package octosim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/octosim"
)

const form = "application/x-www-form-urlencoded"

func TestPayPageShowsThePayment(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.create(t, "a", fields{"description": "<script>alert(1)</script>"})
	_, got := s.send(t, http.MethodGet, "/pay/"+p.UUID, "", "")
	contains(t, got, "120000.00 UZS", "&lt;script&gt;", `value="pay"`, `value="decline"`, `value="late"`)
	s.wantStatus(t, "a", octosim.Created) // looking is not paying
	if resp, _ := s.send(t, http.MethodGet, "/pay/a", "", ""); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a page by the shop's id: %d, want 404", resp.StatusCode)
	}
}

func TestPayPageButtons(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change fields
		action string
		status octosim.Status
		told   string
		later  octosim.Status
	}{
		"pay":                 {nil, "pay", octosim.Succeeded, "succeeded", octosim.Succeeded},
		"decline":             {nil, "decline", octosim.Canceled, "canceled", octosim.Canceled},
		"pay late":            {nil, "late", octosim.WaitUserAction, "", octosim.Succeeded},
		"pay too late":        {fields{"ttl": 5}, "late", octosim.WaitUserAction, "", octosim.Succeeded},
		"pay, to be held":     {fields{"auto_capture": false}, "pay", octosim.WaitingForCapture, "waiting_for_capture", octosim.WaitingForCapture},
		"pay, by the default": {fields{"auto_capture": nil}, "pay", octosim.Succeeded, "succeeded", octosim.Succeeded},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			p := s.create(t, "a", tt.change)
			resp, _ := s.send(t, http.MethodPost, "/pay/"+p.UUID, form, "action="+tt.action)
			if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != s.notify.URL+"/back" {
				t.Errorf("answered %d to %s", resp.StatusCode, resp.Header.Get("Location"))
			}
			s.wantStatus(t, "a", tt.status)
			told := ""
			for _, c := range s.callbacks() {
				told += c["status"].(string)
			}
			if told != tt.told {
				t.Errorf("told %q, want %q", told, tt.told)
			}
			s.Advance(10 * time.Minute)
			s.wantStatus(t, "a", tt.later)
		})
	}
}

func TestMoneyMayComeAfterThePaymentWasCanceled(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", fields{"ttl": 5})
	if err := s.PayLate("a"); err != nil {
		t.Fatal(err)
	}
	s.Advance(5 * time.Minute)
	s.wantStatus(t, "a", octosim.Canceled)
	s.Advance(5 * time.Minute)
	s.wantStatus(t, "a", octosim.Succeeded)
	if got := s.callbacks(); len(got) != 2 || got[0]["status"] != "canceled" || got[1]["status"] != "succeeded" {
		t.Errorf("callbacks were %v", got)
	}
}

func TestPayPageTakesNoMoneyTwice(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.paid(t, "a", nil)
	resp, got := s.send(t, http.MethodPost, "/pay/"+p.UUID, form, "action=decline")
	if resp.StatusCode != http.StatusConflict || strings.Contains(got, "<button") || len(s.callbacks()) != 1 {
		t.Errorf("answered %d %s", resp.StatusCode, got)
	}
	s.wantStatus(t, "a", octosim.Succeeded)
}

func TestPayPageWithoutAWayBackStays(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{BaseURL: "https://pay.octo.test/"})
	p := s.create(t, "a", fields{"return_url": nil})
	if want := "https://pay.octo.test/pay/" + p.UUID; p.PayURL != want {
		t.Errorf("pay URL is %s, want %s", p.PayURL, want)
	}
	resp, got := s.send(t, http.MethodPost, "/pay/"+p.UUID, form, "action=pay")
	if resp.StatusCode != http.StatusOK {
		t.Errorf("answered %d", resp.StatusCode)
	}
	contains(t, got, "succeeded")
}

func TestPayPageRefusesAnotherAction(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.create(t, "a", nil)
	if resp, _ := s.send(t, http.MethodPost, "/pay/"+p.UUID, form, "action=steal"); resp.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %d, want 400", resp.StatusCode)
	}
	s.wantStatus(t, "a", octosim.Created)
}
