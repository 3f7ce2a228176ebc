package octosim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/octosim"
)

func TestCreateSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	item := fields{
		"position_desc": "Felt", "count": 1, "price": 120_000, "spic": "06404001001000000", "inn": "123456789",
		"package_code": "1", "nds": 0,
	}
	s := open(t, octosim.Config{})
	tests := map[string]struct {
		change fields
		want   string
	}{
		"sound":                {nil, `"error":0`},
		"two decimals":         {fields{"total_sum": 120_000.25}, `"total_sum":120000.25`},
		"secret of another":    {fields{"octo_secret": "x"}, `"error":2`},
		"shop of another":      {fields{"octo_shop_id": 8}, `"error":2`},
		"shop as text":         {fields{"octo_shop_id": "7"}, `"error":1`},
		"three decimals":       {fields{"total_sum": 1.001}, `"error":1`},
		"sum as text":          {fields{"total_sum": "120000.00"}, `"error":1`},
		"sum of zero":          {fields{"total_sum": 0}, `"error":1`},
		"no description":       {fields{"description": nil}, `[description] must not be null or blank`},
		"nowhere to call back": {fields{"notify_url": nil}, `[notify_url] must not be null or blank`},
		"time with a zone":     {fields{"init_time": "2026-11-24T18:00:00Z"}, `"error":1`},
		"unknown currency":     {fields{"currency": "EUR"}, `"error":1`},
		"script to return to":  {fields{"return_url": "javascript:alert(1)"}, `"error":1`},
		"methods as words":     {fields{"payment_methods": []string{"humo"}}, `"error":1`},
		"methods":              {fields{"payment_methods": []fields{{"method": "humo"}}}, `"error":0`},
		"no time to pay":       {fields{"ttl": 0}, `"error":1`},
		"basket":               {fields{"basket": []fields{item}}, `"error":0`},
		"two of a basket":      {fields{"basket": []fields{item, item}, "total_sum": 240_000}, `"error":0`},
		"basket of too much":   {fields{"basket": []fields{item, item}}, `the sum of [basket] is not total_sum`},
		"basket of too little": {fields{"basket": []fields{item}, "total_sum": 120_000.01}, `the sum of [basket] is not total_sum`},
		"basket of nothing":    {fields{"basket": []fields{}}, `the sum of [basket] is not total_sum`},
		"basket of names":      {fields{"basket": []fields{{"name": "Felt", "quantity": 1, "total": 1}}}, `"error":1`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.call(t, "/prepare_payment", s.order(name, tt.change))
			contains(t, got, tt.want)
			if _, err := s.Payment(name); (err == nil) != strings.Contains(got, `"error":0`) {
				t.Errorf("%s, and the payment: %v", got, err)
			}
		})
	}
}

func TestCreateWantsTheHeaderOfJSON(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	_, got := s.send(t, http.MethodPost, "/prepare_payment", "text/plain", `{"total_sum":1}`)
	contains(t, got, `"error":1`)
}

func TestFirstCreateFixesThePayment(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	first := s.call(t, "/prepare_payment", s.order("a", nil))
	again := s.call(t, "/prepare_payment", s.order("a", fields{"total_sum": 5, "notify_url": "http://other.test"}))
	if first != again {
		t.Errorf("first %s\nagain %s", first, again)
	}
	p, err := s.Payment("a")
	if err != nil || p.Total != 12_000_000 || p.NotifyURL != s.notify.URL || p.Calls.Create != 2 || len(s.Payments()) != 1 {
		t.Errorf("payment is %+v, %v", p, err)
	}
	contains(t, first, `"data":{`, `"octo_pay_url":"`+s.url+`/pay/`+p.UUID+`"`, `"status":"created"`, `"octo_payment_UUID":"`+p.UUID)
}

func TestReadIsAnsweredOnceASecond(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	s.create(t, "b", nil)
	got := s.call(t, "/prepare_payment", reading("a"))
	contains(t, got, `"error":0`, `"status":"created"`)
	if strings.Contains(got, "sum") || strings.Contains(got, "url") {
		t.Errorf("a read answers more than is documented: %s", got)
	}
	contains(t, s.call(t, "/prepare_payment", reading("a")), `"error":11`)
	contains(t, s.call(t, "/prepare_payment", reading("b")), `"error":0`)
	s.Advance(time.Second)
	contains(t, s.call(t, "/prepare_payment", reading("a")), `"error":0`)
	if got := s.CallsOf("a"); got != (octosim.Calls{Create: 1, Read: 3}) {
		t.Errorf("counted %+v", got)
	}
}

func TestReadIntervalCanBeTakenAway(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{ReadInterval: -1})
	s.create(t, "a", nil)
	for range 2 {
		contains(t, s.call(t, "/prepare_payment", reading("a")), `"error":0`)
	}
}

func TestReadOfNothingIsAnError(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	if got := s.call(t, "/prepare_payment", reading("a")); strings.Contains(got, `"error":0`) {
		t.Errorf("got %s", got)
	}
	if len(s.Payments()) != 0 || s.CallsOf("a").Read != 1 {
		t.Errorf("a read made %v, and was counted %d times", s.Payments(), s.CallsOf("a").Read)
	}
}

func TestPaymentThatNobodyPaysIsCanceled(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	s.paid(t, "b", nil)
	s.Advance(15*time.Minute - time.Second)
	s.wantStatus(t, "a", octosim.Created)
	s.Advance(time.Second)
	s.wantStatus(t, "a", octosim.Canceled)
	s.wantStatus(t, "b", octosim.Succeeded)
	if got := s.callbacks(); len(got) != 2 || got[1]["status"] != "canceled" {
		t.Errorf("callbacks were %v", got)
	}
}
