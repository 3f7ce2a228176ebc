package octosim_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/octosim"
)

func (s *shop) fault(t *testing.T, f octosim.Fault) {
	t.Helper()
	if err := s.AddFault(f); err != nil {
		t.Fatal(err)
	}
}

func TestAnswersThatBreak(t *testing.T) {
	t.Parallel()
	wasReset := func(_ int, _ string, err error) bool { return errors.Is(err, syscall.ECONNRESET) }
	badGateway := func(status int, body string, err error) bool {
		return err == nil && status == http.StatusBadGateway && strings.HasPrefix(body, "<html>")
	}
	tests := map[string]struct {
		fault octosim.Fault
		seen  func(status int, body string, err error) bool
		made  bool
	}{
		"reset after the commit":  {octosim.Fault{Kind: octosim.Reset}, wasReset, true},
		"reset before the commit": {octosim.Fault{Kind: octosim.Reset, BeforeCommit: true}, wasReset, false},
		"502 after the commit":    {octosim.Fault{Kind: octosim.HTML502}, badGateway, true},
		"502 before the commit":   {octosim.Fault{Kind: octosim.HTML502, BeforeCommit: true}, badGateway, false},
		"half a body": {octosim.Fault{Kind: octosim.HalfBody}, func(_ int, body string, err error) bool {
			return errors.Is(err, io.ErrUnexpectedEOF) && strings.HasPrefix(body, "{") && !json.Valid([]byte(body))
		}, true},
		"slow body": {octosim.Fault{Kind: octosim.Hang, Delay: time.Millisecond}, func(_ int, body string, err error) bool {
			return err == nil && json.Valid([]byte(body)) && strings.Contains(body, `"error":0`)
		}, true},
		"slow and nothing done": {octosim.Fault{Kind: octosim.Hang, Delay: time.Millisecond, BeforeCommit: true}, func(_ int, body string, err error) bool {
			return err == nil && strings.Contains(body, `"error":5`)
		}, false},
		"error 11": {octosim.Fault{Kind: octosim.TooOften}, func(_ int, body string, err error) bool {
			return err == nil && strings.Contains(body, `"error":11`)
		}, false},
		"basket not registered": {octosim.Fault{Kind: octosim.BasketUnregistered}, func(_ int, body string, err error) bool {
			return err == nil && strings.Contains(body, `"error":403`)
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			tt.fault.Operation, tt.fault.Times = octosim.Create, 1
			s.fault(t, tt.fault)
			if status, body, err := s.try(t, "/prepare_payment", s.order("a", nil)); !tt.seen(status, body, err) {
				t.Errorf("saw %d %s, %v", status, body, err)
			}
			if got := len(s.Payments()) == 1; got != tt.made || s.CallsOf("a").Create != 1 {
				t.Errorf("made %t, want %t; counted %d calls", got, tt.made, s.CallsOf("a").Create)
			}
			contains(t, s.call(t, "/prepare_payment", s.order("a", nil)), `"error":0`)
		})
	}
}

func TestHangLastsAsLongAsTheClient(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.fault(t, octosim.Fault{Operation: octosim.Create, Kind: octosim.Hang})
	ctx, leave := context.WithCancel(t.Context())
	body, _ := json.Marshal(s.order("a", nil))
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/prepare_payment", strings.NewReader(string(body)))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	begun := make([]byte, 10)
	if _, err := io.ReadFull(resp.Body, begun); err != nil {
		t.Fatal(err)
	}
	s.wantStatus(t, "a", octosim.Created) // it was done before the body began
	leave()
	if rest, err := io.ReadAll(resp.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("the rest was %s, %v", rest, err)
	}
}

func TestAnswersOfOtherShapes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kinds  []octosim.Kind
		change fields
		want   string
		not    string
	}{
		"data":                    {nil, nil, `"data":{"octo_pay`, `,"octo_pay_url"`},
		"top level":               {[]octosim.Kind{octosim.TopLevel}, nil, `,"octo_pay_url"`, `"data"`},
		"error in text":           {[]octosim.Kind{octosim.StringError}, nil, `"error":"0"`, `"error":0`},
		"message":                 {nil, fields{"octo_secret": ""}, `"errMessage":"Wrong secret"`, `"errorMessage":"`},
		"deprecated message":      {[]octosim.Kind{octosim.DeprecatedMessage}, fields{"octo_secret": ""}, `"errorMessage":"Wrong secret"`, `"errMessage":"`},
		"sum":                     {nil, nil, `"total_sum":120000.00`, `"total_sum":"`},
		"whole sum":               {[]octosim.Kind{octosim.TotalInteger}, nil, `"total_sum":120000}`, `120000.`},
		"whole sum that is not":   {[]octosim.Kind{octosim.TotalInteger}, fields{"total_sum": 0.5}, `"total_sum":0.50}`, `"total_sum":0}`},
		"sum of one decimal":      {[]octosim.Kind{octosim.TotalOneDecimal}, nil, `"total_sum":120000.0}`, `120000.00`},
		"sum in text":             {[]octosim.Kind{octosim.TotalString}, nil, `"total_sum":"120000.00"`, `"total_sum":1`},
		"another host":            {[]octosim.Kind{octosim.ForeignPayURL}, nil, `"octo_pay_url":"https://pay.example.org/`, `127.0.0.1`},
		"two at once":             {[]octosim.Kind{octosim.TopLevel, octosim.StringError}, nil, `"error":"0"`, `"data"`},
		"a shape and a breakdown": {[]octosim.Kind{octosim.StringError, octosim.TooOften}, nil, `"error":"11"`, `"error":11`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			for _, k := range tt.kinds {
				s.fault(t, octosim.Fault{Operation: octosim.Create, Kind: k})
			}
			got := s.call(t, "/prepare_payment", s.order("a", tt.change))
			contains(t, got, tt.want)
			if strings.Contains(got, tt.not) {
				t.Errorf("got %s\nwant it without %s", got, tt.not)
			}
		})
	}
}

func TestReadTellsTheSumsItIsToMisspell(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	s.fault(t, octosim.Fault{Operation: octosim.Read, Kind: octosim.TotalString, Times: 1})
	contains(t, s.call(t, "/prepare_payment", reading("a")), `"total_sum":"120000.00"`)
}

func TestShopMayAnswerAtTopLevel(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{TopLevel: true})
	if got := s.call(t, "/prepare_payment", s.order("a", nil)); strings.Contains(got, `"data"`) {
		t.Errorf("got %s", got)
	}
}

func TestFaultLastsAsLongAsAskedTo(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{ReadInterval: -1})
	answers := func(id string) string {
		all := ""
		for range 4 {
			if strings.Contains(s.call(t, "/prepare_payment", reading(id)), `"error":11`) {
				all += "x"
			} else {
				all += "."
			}
		}
		return all
	}
	s.create(t, "a", nil)
	s.create(t, "b", nil)

	s.fault(t, octosim.Fault{Operation: octosim.Read, Kind: octosim.TooOften, Times: 2})
	if got := answers("a"); got != "xx.." {
		t.Errorf("two times: %s", got)
	}
	s.fault(t, octosim.Fault{Operation: octosim.Read, Kind: octosim.TooOften, ShopTransactionID: "a"})
	if got := answers("b") + answers("a"); got != "....xxxx" {
		t.Errorf("of one payment, until cleared: %s", got)
	}
	contains(t, s.call(t, "/prepare_payment", s.order("a", nil)), `"error":0`) // another operation
	s.ClearFaults()
	if got := answers("a"); got != "...." || len(s.Faults()) != 0 {
		t.Errorf("after clearing: %s, left %v", got, s.Faults())
	}
}

func TestBreakdownsQueue(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.fault(t, octosim.Fault{Operation: octosim.Create, Kind: octosim.HTML502, Times: 1})
	s.fault(t, octosim.Fault{Operation: octosim.Create, Kind: octosim.TooOften, Times: 1})
	if status, _, err := s.try(t, "/prepare_payment", s.order("a", nil)); status != http.StatusBadGateway || err != nil {
		t.Errorf("first %d, %v", status, err)
	}
	contains(t, s.call(t, "/prepare_payment", s.order("a", nil)), `"error":11`)
	contains(t, s.call(t, "/prepare_payment", s.order("a", nil)), `"error":0`)
}

func TestAddFaultRefusesNonsense(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	for name, f := range map[string]octosim.Fault{
		"no kind":                      {Operation: octosim.Create},
		"a kind of another operation":  {Operation: octosim.Read, Kind: octosim.BasketUnregistered},
		"no operation":                 {Kind: octosim.Reset},
		"times below zero":             {Operation: octosim.Read, Kind: octosim.Reset, Times: -1},
		"half a body of nothing":       {Operation: octosim.Read, Kind: octosim.HalfBody, BeforeCommit: true},
		"a shape of what was not done": {Operation: octosim.Read, Kind: octosim.TopLevel, BeforeCommit: true},
	} {
		if err := s.AddFault(f); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
}
