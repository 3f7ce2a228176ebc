package octosim_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/octosim"
)

func sum(s string) string {
	b := sha1.Sum([]byte(s))
	return strings.ToUpper(hex.EncodeToString(b[:]))
}

// The digest was computed elsewhere: printf 'key0b7c...succeeded' | sha1sum.
func TestSignIsTheCurrentFormula(t *testing.T) {
	t.Parallel()
	got := octosim.Sign("key", "0b7cf6f5-5f0b-4c57-a0f5-2f7b8ef0a111", octosim.Succeeded)
	if want := "CEEE3CF97308D22377ABCB85F261607237CCBB5D"; got != want {
		t.Errorf("Sign = %s, want %s", got, want)
	}
}

func TestPaymentIsToldAndSigned(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.paid(t, "a", nil)
	got := s.callbacks()
	if len(got) != 1 {
		t.Fatalf("callbacks were %v", got)
	}
	want := map[string]any{
		"shop_transaction_id": "a", "octo_payment_UUID": p.UUID, "status": "succeeded", "total_sum": 120_000.0,
		"signature": sum(uniqueKey + p.UUID + "succeeded"),
	}
	for k, v := range want {
		if got[0][k] != v {
			t.Errorf("%s is %v, want %v", k, got[0][k], v)
		}
	}
	if _, err := time.Parse(time.DateTime, fmt.Sprint(got[0]["payed_time"])); err != nil { //nolint:misspell // as OCTO spells it
		t.Error(err)
	}
}

func TestSendSignsAsAskedTo(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	p := s.create(t, "a", nil)
	tests := map[octosim.Signature]func(got, hashKey string) bool{
		octosim.SignedNow:       func(got, _ string) bool { return got == sum(uniqueKey+p.UUID+"succeeded") },
		octosim.SignedLowerCase: func(got, _ string) bool { return got == strings.ToLower(sum(uniqueKey+p.UUID+"succeeded")) },
		octosim.SignedWrongKey:  func(got, _ string) bool { return len(got) == 40 && got != sum(uniqueKey+p.UUID+"succeeded") },
		octosim.SignedNot:       func(got, _ string) bool { return got == "<nil>" },
		octosim.SignedOld:       func(got, hashKey string) bool { return got == sum(sum("secret"+hashKey)+p.UUID+"succeeded") },
	}
	for signature, is := range tests {
		before := len(s.callbacks())
		if _, err := s.Send(octosim.Message{Payment: "a", Status: octosim.Succeeded, Signature: signature}); err != nil {
			t.Fatal(err)
		}
		got := s.callbacks()[before]
		if !is(fmt.Sprint(got["signature"]), fmt.Sprint(got["hash_key"])) {
			t.Errorf("%s sent %v", signature, got)
		}
	}
	s.wantStatus(t, "a", octosim.Created) // a claim changes nothing
}

func TestSendSignsTheFieldsThatReplaceOthers(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	if _, err := s.Send(octosim.Message{Payment: "a", Fields: map[string]any{"octo_payment_UUID": "x", "total_sum": 1}}); err != nil {
		t.Fatal(err)
	}
	if got := s.callbacks()[0]; got["signature"] != sum(uniqueKey+"xcreated") || got["total_sum"] != 1.0 {
		t.Errorf("sent %v", got)
	}
}

func TestSendRepeatsAndDelays(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	sent, err := s.Send(octosim.Message{Payment: "a", Status: octosim.Succeeded, Times: 3})
	if err != nil || len(sent) != 3 || string(sent[0].Body) != string(sent[2].Body) || !sent[2].Acknowledged {
		t.Fatalf("sent %+v, %v", sent, err)
	}
	if _, err := s.Send(octosim.Message{Payment: "a", Status: octosim.Canceled, Delay: 10 * time.Minute}); err != nil {
		t.Fatal(err)
	}
	s.Advance(10*time.Minute - time.Second)
	if got := s.callbacks(); len(got) != 3 {
		t.Errorf("%d callbacks before the delay was over, want 3", len(got))
	}
	s.Advance(time.Second)
	if got := s.callbacks(); len(got) != 4 || got[3]["status"] != "canceled" {
		t.Errorf("callbacks were %v", got)
	}
}

func TestCallbackIsTriedThreeTimes(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		status int
		want   int
	}{
		"acknowledged":        {http.StatusOK, 1},
		"no content":          {http.StatusNoContent, 3}, // OCTO wants 200
		"merchant has failed": {http.StatusInternalServerError, 3},
		"sent elsewhere":      {http.StatusFound, 3},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, octosim.Config{})
			s.answering(tt.status, "")
			s.paid(t, "a", nil)
			for range 10 {
				s.Advance(5 * time.Minute)
			}
			if got := s.callbacks(); len(got) != tt.want {
				t.Errorf("%d callbacks, want %d", len(got), tt.want)
			}
			if got := s.Deliveries(); len(got) != tt.want || got[0].HTTPStatus != tt.status {
				t.Errorf("deliveries are %+v", got)
			}
		})
	}
}

func TestCallbackThatNobodyHearsIsTriedAgain(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", fields{"notify_url": "http://127.0.0.1:1/"})
	if err := s.SetStatus("a", octosim.Succeeded, true); err != nil {
		t.Fatal(err)
	}
	s.Advance(time.Minute)
	if got := s.Deliveries(); len(got) != 2 || got[1].Attempt != 2 || got[1].Error == "" || got[1].Acknowledged {
		t.Errorf("deliveries are %+v", got)
	}
}

func TestCallbackMayNeverCome(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	if err := s.AddFault(octosim.Fault{Operation: octosim.Callback, Kind: octosim.Never, Times: 1}); err != nil {
		t.Fatal(err)
	}
	s.paid(t, "a", nil)
	s.Advance(time.Hour)
	s.wantStatus(t, "a", octosim.Succeeded)
	if got := s.callbacks(); len(got) != 0 {
		t.Errorf("callbacks were %v", got)
	}
}

func TestSendRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	s := open(t, octosim.Config{})
	s.create(t, "a", nil)
	for name, m := range map[string]octosim.Message{
		"payment":   {Payment: "b"},
		"signature": {Payment: "a", Signature: "md5"},
		"times":     {Payment: "a", Times: -1},
	} {
		if _, err := s.Send(m); err == nil {
			t.Errorf("an unknown %s was sent", name)
		}
	}
}
