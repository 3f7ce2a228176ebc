package octo_test

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

// known is the signature of a success, by sha1sum.
const known = "FEFD63EECA99B05CB1F2C41D7E6F13FA483AE44E"

// sign is written down apart from the code under test.
func sign(parts ...string) string {
	h := sha1.Sum([]byte(strings.Join(parts, "")))
	return strings.ToUpper(hex.EncodeToString(h[:]))
}

func notice(status, signature, more string) string {
	return `{"shop_transaction_id":"` + id + `","octo_payment_UUID":"` + uuid + `","status":"` + status + `","signature":"` + signature + `"` + more + `}`
}

func TestTheFormulaIsOctos(t *testing.T) {
	t.Parallel()
	// printf %s un1que-key1145df74-bb95-47cf-a616-8d6dcee2e222succeeded | sha1sum
	if got := sign(uniqueKey, uuid, "succeeded"); got != known {
		t.Errorf("got %s", got)
	}
}

func TestCallbacksAreSignedByOctoOnly(t *testing.T) {
	t.Parallel()
	old := func(c *octo.Config) { c.OldSignature = true }
	keyless := func(c *octo.Config) { c.UniqueKey = "" }
	tested := func(c *octo.Config) { c.Test = true }
	oldSign := sign(sign(secret, "h4sh"), uuid, "succeeded")
	for name, tt := range map[string]struct {
		change func(*octo.Config)
		body   string
		status octo.Status
		signed bool
	}{
		"upper case":             {nil, notice("succeeded", known, ""), octo.Succeeded, true},
		"lower case":             {nil, notice("succeeded", strings.ToLower(known), ""), octo.Succeeded, true},
		"created":                {nil, notice("created", sign(uniqueKey, uuid, "created"), ""), octo.Created, true},
		"waiting":                {nil, notice("wait_user_action", sign(uniqueKey, uuid, "wait_user_action"), ""), octo.Waiting, true},
		"held":                   {nil, notice("waiting_for_capture", sign(uniqueKey, uuid, "waiting_for_capture"), ""), octo.Held, true},
		"one l":                  {nil, notice("canceled", sign(uniqueKey, uuid, "canceled"), ""), octo.Canceled, true},
		"two l":                  {nil, notice("cancelled", sign(uniqueKey, uuid, "cancelled"), ""), octo.Canceled, true},
		"more members":           {nil, notice("succeeded", known, `,"total_sum":1,"maskedPan":"860049******6478","x":[{}]`), octo.Succeeded, true},
		"of another status":      {nil, notice("canceled", known, ""), octo.Canceled, false},
		"unknown status":         {nil, notice("refunded", sign(uniqueKey, uuid, "refunded"), ""), octo.Unknown, true},
		"unknown, of another":    {nil, notice("refunded", known, ""), octo.Unknown, false},
		"no status":              {nil, notice("", sign(uniqueKey, uuid), ""), octo.Unknown, true},
		"spaces":                 {nil, notice("succeeded", " "+known, ""), octo.Succeeded, false},
		"a prefix":               {nil, notice("succeeded", known[:38], ""), octo.Succeeded, false},
		"more than it":           {nil, notice("succeeded", known+"00", ""), octo.Succeeded, false},
		"none":                   {nil, notice("succeeded", "", ""), octo.Succeeded, false},
		"no hex":                 {nil, notice("succeeded", strings.Repeat("z", 40), ""), octo.Succeeded, false},
		"of the hash key":        {nil, notice("succeeded", "", `,"hash_key":"`+known+`"`), octo.Succeeded, false},
		"by the secret":          {nil, notice("succeeded", sign(secret, uuid, "succeeded"), ""), octo.Succeeded, false},
		"by no key":              {nil, notice("succeeded", sign(uuid, "succeeded"), ""), octo.Succeeded, false},
		"without a key":          {keyless, notice("succeeded", sign(uuid, "succeeded"), ""), octo.Succeeded, false},
		"without a key, by ours": {keyless, notice("succeeded", known, ""), octo.Succeeded, false},
		"in test mode":           {tested, notice("succeeded", known, ""), octo.Succeeded, true},
		"in test mode, none":     {tested, notice("succeeded", "", ""), octo.Succeeded, false},
		"old, off":               {nil, notice("succeeded", oldSign, `,"hash_key":"h4sh"`), octo.Succeeded, false},
		"old, on":                {old, notice("succeeded", oldSign, `,"hash_key":"h4sh"`), octo.Succeeded, true},
		"old, of another":        {old, notice("succeeded", oldSign, `,"hash_key":"h4shed"`), octo.Succeeded, false},
		"today's, old on":        {old, notice("succeeded", known, ""), octo.Succeeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := serve(t, tt.change, says("")).Callback([]byte(tt.body))
			if err != nil || got.TransactionID != id || got.UUID != uuid || got.Status != tt.status || got.Signed != tt.signed {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestCallbackRefusesWhatIsNone(t *testing.T) {
	t.Parallel()
	sound := notice("succeeded", known, "")
	for name, body := range map[string]string{
		"nothing": "", "null": "null", "a list": "[" + sound + "]", "a form": "status=succeeded", "two": sound + sound, "cut off": sound[:len(sound)-1],
		"no id": strings.Replace(sound, id, "", 1), "an id of spaces": strings.Replace(sound, id, "a b", 1), "a long id": strings.Replace(sound, id, strings.Repeat("x", 65), 1),
		"an id of no text": strings.Replace(sound, `"`+id+`"`, `{"a":1}`, 1), "no uuid": strings.Replace(sound, uuid, "", 1),
		"a bare uuid": strings.Replace(sound, uuid, strings.ReplaceAll(uuid, "-", ""), 1), "a uuid in braces": strings.Replace(sound, uuid, "{"+uuid[1:35]+"}", 1),
		"a uuid and more": strings.Replace(sound, uuid, uuid+"s", 1), "a uuid of other letters": strings.Replace(sound, uuid, "g"+uuid[1:], 1),
		"a uuid with its dashes elsewhere": strings.Replace(sound, uuid, "1145df7-4bb95-47cf-a616-8d6dcee2e222", 1),
		"the field of the old app":         strings.Replace(sound, "octo_payment_UUID", "payment_uuid", 1),
	} {
		if got, err := serve(t, nil, says("")).Callback([]byte(body)); !errors.Is(err, octo.ErrCallback) || got != (octo.Callback{}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestCallbackReadsWhatOctoMayVary(t *testing.T) {
	t.Parallel()
	upper := strings.ToUpper(uuid)
	body := `{"shop_transaction_id":10000,"octo_payment_UUID":"` + upper + `","status":"succeeded","signature":"` + sign(uniqueKey, upper, "succeeded") + `"}`
	got, err := serve(t, nil, says("")).Callback([]byte(body))
	if want := (octo.Callback{TransactionID: "10000", UUID: upper, Status: octo.Succeeded, RawStatus: "succeeded", Signed: true}); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A callback is signed if and only if somebody who has the key made its signature of what was read.
func FuzzCallback(f *testing.F) {
	c, err := octo.New(sound("https://secure.octo.uz"), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		f.Fatal(err)
	}
	for _, body := range []string{
		notice("succeeded", known, ""), notice("refunded", sign(uniqueKey, uuid, "refunded"), ""), notice("created", known, ""), `{}`, `[`, "",
		`{"status":"created","STATUS":"succeeded","shop_transaction_id":-1,"octo_payment_uuid":"` + uuid + `","signature":"` + known + `"}`,
	} {
		f.Add([]byte(body), "succeeded")
	}
	f.Fuzz(func(t *testing.T, body []byte, status string) {
		got, err := c.Callback(body)
		if (err != nil) != (got == octo.Callback{}) || err != nil && !errors.Is(err, octo.ErrCallback) {
			t.Fatalf("got %+v, %v", got, err)
		}
		if err == nil && (len(got.UUID) != 36 || got.TransactionID == "" || len(got.TransactionID) > 64 || len([]rune(got.RawStatus)) > 32) {
			t.Errorf("got %+v", got)
		}
		// An unknown word is not kept as it was signed.
		if want := sign(uniqueKey, got.UUID, got.RawStatus); got.Signed && got.Status != octo.Unknown && !strings.Contains(strings.ToUpper(string(body)), want) {
			t.Errorf("signed without its signature: %+v", got)
		}
		again := fmt.Sprintf(`{"shop_transaction_id":%q,"octo_payment_UUID":%q,"status":%q,"signature":%q}`, "x", uuid, status, sign(uniqueKey, uuid, status))
		if got, err := c.Callback([]byte(again)); err == nil && !got.Signed {
			t.Errorf("%s: got %+v", again, got)
		}
	})
}
