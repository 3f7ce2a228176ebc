package octosim_test

import (
	"testing"

	"github.com/slippers-api/slippers/e2e/octosim"
)

func refunding(id string, p octosim.Payment, amount any) fields {
	return fields{
		"octo_shop_id": 7, "octo_secret": "secret", "shop_refund_id": id, "octo_payment_UUID": p.UUID, "amount": amount,
	}
}

func TestRefundKnowsItsBounds(t *testing.T) {
	t.Parallel()
	usd := fields{"currency": "USD", "total_sum": 10}
	tests := map[string]struct {
		order  fields
		before any // refunded first
		amount any
		want   string
	}{
		"all":                       {nil, nil, 120_000, `"error":0`},
		"least":                     {nil, nil, 13_000, `"error":0`},
		"below the least":           {nil, nil, 12_999.99, `"error":22`},
		"most":                      {fields{"total_sum": 20_000_000}, nil, 10_000_000, `"error":0`},
		"above the most":            {fields{"total_sum": 20_000_000}, nil, 10_000_000.01, `"error":22`},
		"above what was paid":       {nil, nil, 120_000.01, `"error":22`},
		"the rest":                  {nil, 100_000, 20_000, `"error":0`},
		"above the rest":            {nil, 100_000, 20_000.01, `"error":22`},
		"below zero":                {nil, nil, -1, `"error":22`},
		"amount as text":            {nil, nil, "120000", `"error":1`},
		"no amount":                 {nil, nil, nil, `"error":1`},
		"least, in dollars":         {usd, nil, 1, `"error":0`},
		"below least, in dollars":   {usd, nil, 0.99, `"error":22`},
		"most is of sums, not of $": {fields{"currency": "USD", "total_sum": 20_000_000}, nil, 20_000_000, `"error":0`},
	}
	s := open(t, octosim.Config{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.paid(t, name, tt.order)
			if tt.before != nil {
				contains(t, s.call(t, "/refund", refunding(name+" before", p, tt.before)), `"error":0`)
			}
			contains(t, s.call(t, "/refund", refunding(name, p, tt.amount)), tt.want)
		})
	}
}

func TestRefundMayRefuseASmallRemainder(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{RemainderFloor: true})
	p := s.paid(t, "a", nil)
	contains(t, s.call(t, "/refund", refunding("1", p, 107_001)), `"error":22`)
	contains(t, s.call(t, "/refund", refunding("2", p, 107_000)), `"error":0`)
	contains(t, s.call(t, "/refund", refunding("3", p, 13_000)), `"error":0`)
}

func TestRefundIsMadeOncePerID(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.paid(t, "a", nil)
	first := s.call(t, "/refund", refunding("1", p, 50_000))
	if again := s.call(t, "/refund", refunding("1", p, 60_000)); again != first {
		t.Errorf("first %s\nagain %s", first, again)
	}
	contains(t, first, `"status":"succeeded"`, `"refund_id":"`, `"refund_time":"`, `"octo_payment_UUID":"`+p.UUID)
	all := s.Refunds()
	if len(all) != 1 || all[0].Amount != 5_000_000 || all[0].Calls != 2 {
		t.Errorf("refunds are %+v", all)
	}
	if p, err := s.Payment("a"); p.Refunded != 5_000_000 || err != nil {
		t.Errorf("refunded %s of the payment, %v", p.Refunded, err)
	}
}

func TestRefundWantsASucceededPayment(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.create(t, "a", nil)
	contains(t, s.call(t, "/refund", refunding("1", p, 50_000)), `"error":5`)
	p.UUID = "a" // our id is not theirs
	contains(t, s.call(t, "/refund", refunding("2", p, 50_000)), `"error":4`)
	if len(s.Refunds()) != 0 || s.RefundCallsOf("1") != 1 {
		t.Errorf("made %v, counted %d", s.Refunds(), s.RefundCallsOf("1"))
	}
}

func TestPendingRefundHoldsItsMoney(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		kind     octosim.Kind
		becomes  string
		refunded string
		then     string // of another refund of all
	}{
		"pending then succeeded": {octosim.RefundPending, "succeeded", "120000.00", `"error":22`},
		"pending for ever":       {octosim.RefundPending, "pending", "0.00", `"error":22`},
		"pending then failed":    {octosim.RefundPending, "failed", "0.00", `"error":0`},
		"failed at once":         {octosim.RefundFailed, "failed", "0.00", `"error":0`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			p := s.paid(t, "a", nil)
			if err := s.AddFault(octosim.Fault{Operation: octosim.Refunds, Kind: tt.kind, Times: 1}); err != nil {
				t.Fatal(err)
			}
			first := s.call(t, "/refund", refunding("1", p, 120_000))
			contains(t, first, `"error":0`, `"status":"`+string(tt.kind)[len("refund_"):]+`"`)
			if err := s.SetRefundStatus("1", tt.becomes); err != nil {
				t.Fatal(err)
			}
			contains(t, s.call(t, "/refund", refunding("1", p, 120_000)), `"status":"`+tt.becomes+`"`)
			if p, err := s.Payment("a"); p.Refunded.String() != tt.refunded || err != nil {
				t.Errorf("refunded %s, %v, want %s", p.Refunded, err, tt.refunded)
			}
			contains(t, s.call(t, "/refund", refunding("2", p, 120_000)), tt.then)
		})
	}
}
