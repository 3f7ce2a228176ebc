package octo_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/google/go-cmp/cmp"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

var required = map[string]string{"OCTO_SHOP_ID": "42", "OCTO_SECRET": secret, "OCTO_NOTIFY_URL": "https://shop.uz/n"}

func parse(more map[string]string) (octo.Config, error) {
	all := maps.Clone(required)
	maps.Copy(all, more)
	return env.ParseAsWithOptions[octo.Config](env.Options{Environment: all})
}

func TestConfigComesFromTheEnvironment(t *testing.T) {
	t.Parallel()
	want := octo.Config{
		URL: "https://secure.octo.uz", ShopID: 42, Secret: secret, NotifyURL: "https://shop.uz/n", Language: "uz",
		TTL: 15 * time.Minute, Timeout: 10 * time.Second,
	}
	got, err := parse(nil)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("by default: %v\n%s", err, diff)
	}
	got, err = parse(map[string]string{
		"OCTO_URL": "http://localhost:9090", "OCTO_UNIQUE_KEY": uniqueKey, "OCTO_OLD_SIGNATURE": "true", "OCTO_TEST": "true", "OCTO_RETURN_URL": "https://shop.uz/r",
		"OCTO_RECEIPT_EMAIL": "a@b.uz", "OCTO_TAX_ID": "123456789", "OCTO_LANGUAGE": "ru", "OCTO_TTL": "5m", "OCTO_PAY_HOSTS": "localhost:9090,octosim:80", "OCTO_TIMEOUT": "3s",
		"OCTO_EXTRA_PARAMS": `{"tsp_id":18,"tag":"shop","payment_methods":[{"method":"humo"},{"method":"uzcard"}]}`,
	})
	want = octo.Config{
		URL: "http://localhost:9090", ShopID: 42, Secret: secret, UniqueKey: uniqueKey, OldSignature: true, Test: true, NotifyURL: "https://shop.uz/n",
		ReturnURL: "https://shop.uz/r", ReceiptEmail: "a@b.uz", TaxID: "123456789", Language: "ru", TTL: 5 * time.Minute, PayHosts: []string{"localhost:9090", "octosim:80"},
		Timeout: 3 * time.Second, Extra: octo.Extra{TSPID: 18, Tag: "shop", PaymentMethods: []octo.PaymentMethod{{Method: "humo"}, {Method: "uzcard"}}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("with all: %v\n%s", err, diff)
	}
	for name := range required {
		if _, err := parse(map[string]string{name: ""}); err == nil {
			t.Errorf("%s is not missed", name)
		}
	}
}

func TestExtraParametersTouchNoAmount(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"total_sum":1}`, `{"tsp_id":18,"octo_secret":"x"}`, `{"payment_methods":["humo"]}`, `{"tsp_id":"18"}`, `{} {}`, `{}x`, `[]`, `tsp_id=18`, `{"tag":`,
	} {
		if got, err := parse(map[string]string{"OCTO_EXTRA_PARAMS": text}); err == nil {
			t.Errorf("%s is taken: %+v", text, got.Extra)
		}
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*octo.Config){
		"plain http":                   func(c *octo.Config) { c.URL = "http://secure.octo.uz" },
		"http to another's loopback":   func(c *octo.Config) { c.URL = "http://127.0.0.1.evil.example" },
		"http to another port":         func(c *octo.Config) { c.URL, c.PayHosts = "http://octosim:81", []string{"octosim:80"} },
		"no host":                      func(c *octo.Config) { c.URL = "https://" },
		"no URL":                       func(c *octo.Config) { c.URL = "secure.octo.uz" },
		"credentials in the URL":       func(c *octo.Config) { c.URL = "https://shop:" + secret + "@secure.octo.uz" },
		"credentials in a bad URL":     func(c *octo.Config) { c.URL = "https://shop:" + secret + "@secure.octo.uz/%zz" },
		"a query":                      func(c *octo.Config) { c.URL = "https://secure.octo.uz?a=" + secret },
		"no shop":                      func(c *octo.Config) { c.ShopID = 0 },
		"no secret":                    func(c *octo.Config) { c.Secret = "" },
		"no place for callbacks":       func(c *octo.Config) { c.NotifyURL = "" },
		"a relative place for payers":  func(c *octo.Config) { c.ReturnURL = "/thanks" },
		"a language of none of theirs": func(c *octo.Config) { c.Language = "kk" },
		"seconds to pay":               func(c *octo.Config) { c.TTL = 30 * time.Second },
		"less than no time to pay":     func(c *octo.Config) { c.TTL = -time.Minute },
		"half a tax number":            func(c *octo.Config) { c.TaxID = "1234567890" },
		"a tax number of letters":      func(c *octo.Config) { c.TaxID = "12345678a" },
		"no time for calls":            func(c *octo.Config) { c.Timeout = 0 },
	} {
		cfg := sound("https://secure.octo.uz")
		change(&cfg)
		_, err := octo.New(cfg, nil, slog.New(slog.DiscardHandler))
		if err == nil || strings.Contains(err.Error(), secret) || len(strings.Split(err.Error(), "\n")) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, url := range []string{"https://octo.example:8443/api", "http://localhost:1", "http://127.9.9.9", "http://[::1]:80/", "http://octosim:80"} {
		cfg := sound(url)
		cfg.PayHosts, cfg.TTL, cfg.ReturnURL = []string{"octosim:80"}, 0, ""
		if _, err := octo.New(cfg, nil, slog.New(slog.DiscardHandler)); err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// shown is v in every way in which it may get into a log or an answer.
func shown(t *testing.T, v any) string {
	t.Helper()
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "in", map[string]any{"v": v})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "in", map[string]any{"v": v})
	j, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%t"} {
		log.WriteString(fmt.Sprintf(verb, v) + "\n")
	}
	return log.String() + string(j)
}

func TestNothingShowsASecret(t *testing.T) {
	t.Parallel()
	card := `"pan":"8600495473316478","maskedPan":"860049******6478","rrn":"412345678901","card_token":"t0ken-of-the-card"`
	// Whatever may be wrong, with everything that must not be kept.
	told := `{"error":%s,"errMessage":"` + secret + " " + uniqueKey + ` 8600495473316478",` + card +
		`,"data":{"octo_payment_UUID":"` + uuid + `","octo_pay_url":"` + payURL + `","status":"%s",` + card + `}}`
	all := []any{sound("https://secure.octo.uz"), struct{ Octo octo.Config }{sound("")}, new(sound("")), octo.Secret(secret), []octo.Secret{uniqueKey}}
	for _, answer := range []http.HandlerFunc{
		says(fmt.Sprintf(told, "0", "created")), says(fmt.Sprintf(told, "0", secret)), says(fmt.Sprintf(told, "2", "")), says(fmt.Sprintf(told, "11", "")),
		says(fmt.Sprintf(told, `"`+secret+`"`, "")), says(strings.Replace(fmt.Sprintf(told, "0", "created"), payURL, "https://"+secret, 1)), says(secret + card), reset,
		func(w http.ResponseWriter, _ *http.Request) { // what net/http would quote
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = conn.Write([]byte(secret + " " + card + "\r\n\r\n"))
			_ = conn.Close()
		},
		func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://"+secret+"\x7f/")
			w.WriteHeader(http.StatusFound)
		},
	} {
		p := serve(t, nil, answer)
		made, err := create(t, p)
		read, err2 := p.Read(t.Context(), id)
		back, err3 := p.Refund(t.Context(), toRefund())
		held, err4 := p.Accept(t.Context(), uuid, true, 1)
		all = append(all, p.Client, made, err, read, err2, back, err3, held, err4, p.log.String())
		for _, err := range []error{err, err2, err3, err4} {
			if e, ok := errors.AsType[*octo.Error](err); ok {
				all = append(all, e, *e)
			}
		}
	}
	p := serve(t, nil, says(""))
	for _, body := range []string{`{"status":"` + secret + `",` + card + `}`, `{"shop_transaction_id":"1","octo_payment_UUID":"` + uuid + `","status":"` + uniqueKey + `",` + card + `}`, secret + card} {
		got, err := p.Callback([]byte(body))
		all = append(all, got, err)
	}
	hex := func(s string) string { return fmt.Sprintf("%x", s) }
	for _, v := range all {
		if _, ok := v.(*octo.Client); ok {
			v = fmt.Sprintf("%v %+v %#v", v, v, v)
		}
		s := shown(t, v)
		for _, leak := range []string{secret, uniqueKey, hex(secret), hex(uniqueKey), "8600495473316478", "860049****", "412345678901", "t0ken-of-the-card"} {
			if strings.Contains(s, leak) {
				t.Errorf("%q is in %T: %s", leak, v, s)
			}
		}
	}
}
