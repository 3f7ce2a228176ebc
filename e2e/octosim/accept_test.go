package octosim_test

import (
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/octosim"
)

func TestSetAcceptDecidesAboutHeldMoney(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change fields
		want   string
		status octosim.Status
	}{
		"capture all":         {fields{"final_amount": 120_000}, `"transfer_sum":120000.00`, octosim.Succeeded},
		"capture a part":      {fields{"final_amount": 100_000}, `"refunded_sum":20000.00`, octosim.Succeeded},
		"capture too much":    {fields{"final_amount": 120_000.01}, `"error":1`, octosim.WaitingForCapture},
		"capture of unknown":  {nil, `"error":1`, octosim.WaitingForCapture},
		"cancel":              {fields{"accept_status": "cancel"}, `"status":"canceled"`, octosim.Canceled},
		"verb of the wrong l": {fields{"accept_status": "canceled"}, `"error":1`, octosim.WaitingForCapture},
		"wrong secret":        {fields{"accept_status": "cancel", "octo_secret": "x"}, `"error":2`, octosim.WaitingForCapture},
		"no such payment":     {fields{"accept_status": "cancel", "octo_payment_UUID": "x"}, `"error":4`, octosim.WaitingForCapture},
	}
	s := open(t, octosim.Config{})
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.paid(t, name, fields{"auto_capture": false})
			in := fields{
				"octo_shop_id": 7, "octo_secret": "secret", "octo_payment_UUID": p.UUID, "accept_status": "capture",
			}
			contains(t, s.call(t, "/set_accept", with(in, tt.change)), tt.want)
			s.wantStatus(t, name, tt.status)
		})
	}
}

func TestSetAcceptWantsHeldMoney(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.paid(t, "a", nil)
	in := fields{"octo_shop_id": 7, "octo_secret": "secret", "octo_payment_UUID": p.UUID, "accept_status": "cancel"}
	contains(t, s.call(t, "/set_accept", in), `"error":5`)
	s.wantStatus(t, "a", octosim.Succeeded)
}

func TestRefundIsBoundByWhatWasCaptured(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.paid(t, "a", fields{"auto_capture": false})
	contains(t, s.call(t, "/set_accept", fields{
		"octo_shop_id": 7, "octo_secret": "secret", "octo_payment_UUID": p.UUID, "accept_status": "capture", "final_amount": 100_000,
	}), `"error":0`)
	contains(t, s.call(t, "/refund", refunding("1", p, 100_000.01)), `"error":22`)
	contains(t, s.call(t, "/refund", refunding("2", p, 100_000)), `"error":0`)
	got := s.callbacks()
	if last := got[len(got)-1]; last["status"] != "succeeded" || last["transfer_sum"] != 100_000.0 {
		t.Errorf("the capture was told as %v", last)
	}
}

func TestHeldMoneyGoesBackInTime(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{CallbackRetries: []time.Duration{}})
	s.paid(t, "a", fields{"auto_capture": false})
	s.Advance(30*time.Minute - time.Second)
	s.wantStatus(t, "a", octosim.WaitingForCapture)
	s.Advance(time.Second)
	s.wantStatus(t, "a", octosim.Canceled)
}

func TestReplyToACallbackDecidesAboutHeldMoney(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		reply  string
		status octosim.Status
		told   int // of the hold, within its time
	}{
		"capture":   {`{"accept_status":"capture"}`, octosim.Succeeded, 1},
		"cancel":    {`{"accept_status":"cancel"}`, octosim.Canceled, 1},
		"wait":      {`{"accept_status":"waiting_user_action"}`, octosim.WaitingForCapture, 1},
		"no answer": {`{"status":"ok"}`, octosim.WaitingForCapture, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			s.answering(200, tt.reply)
			s.paid(t, "a", fields{"auto_capture": false})
			s.Advance(time.Minute)
			s.Advance(5 * time.Minute)
			s.wantStatus(t, "a", tt.status)
			told := 0
			for _, c := range s.callbacks() {
				if c["status"] == "waiting_for_capture" {
					told++
				}
			}
			if told != tt.told {
				t.Errorf("told of the hold %d times, want %d", told, tt.told)
			}
		})
	}
}
