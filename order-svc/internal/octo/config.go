package octo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Config is a part of order-svc's configuration.
type Config struct {
	// URL is where OCTO serves its API. It may be plain http on a loopback address and on one of PayHosts only.
	URL string `env:"OCTO_URL" envDefault:"https://secure.octo.uz"`

	// ShopID and Secret are the shop's credentials.
	ShopID int64  `env:"OCTO_SHOP_ID,required,notEmpty"`
	Secret Secret `env:"OCTO_SECRET,required,notEmpty" json:"-"`

	// UniqueKey signs callbacks; OCTO issues it apart from Secret. Without it no callback counts as signed.
	UniqueKey Secret `env:"OCTO_UNIQUE_KEY" json:"-"`

	// OldSignature expects callbacks signed by the formula of before, with Secret, in place of today's.
	OldSignature bool `env:"OCTO_OLD_SIGNATURE" envDefault:"false"`

	// Test makes payments that move no money. It must be off in production, or goods go out for nothing.
	Test bool `env:"OCTO_TEST" envDefault:"false"`

	// NotifyURL is where OCTO sends callbacks: the outside address of /payments/octo/notify.
	NotifyURL string `env:"OCTO_NOTIFY_URL,required,notEmpty"`

	// ReturnURL is where the payer's browser goes afterwards. It proves nothing.
	ReturnURL string `env:"OCTO_RETURN_URL"`

	// ReceiptEmail is the shop's own address, sent as the payer's, for we do not know the payer's. Set it when OCTO refuses
	// payments because of user_data without one.
	ReceiptEmail string `env:"OCTO_RECEIPT_EMAIL"`

	// TaxID is the shop's own: an INN of 9 digits, or a PINFL of 14. With it and ReceiptEmail a payment asks for a fiscal
	// receipt, if all slippers of its order have their fiscal data. OCTO must know those goods, or it refuses the payment.
	TaxID string `env:"OCTO_TAX_ID"`

	// Language is that of the pay page: uz, ru or en.
	Language string `env:"OCTO_LANGUAGE" envDefault:"uz"`

	// TTL is how long a payer may take, in whole minutes; the rest is cut off. An order that ends sooner has less. With 0
	// that is all that bounds it.
	TTL time.Duration `env:"OCTO_TTL" envDefault:"15m"`

	// PayHosts are hosts, with their port if any, whose pay URLs are believed beside OCTO's, by plain http too. They are for
	// octosim: leave them empty in production.
	PayHosts []string `env:"OCTO_PAY_HOSTS"`

	// Timeout bounds a call with its repeats.
	Timeout time.Duration `env:"OCTO_TIMEOUT" envDefault:"10s"`

	// Extra are further parameters of a new payment, as a JSON object.
	Extra Extra `env:"OCTO_EXTRA_PARAMS"`
}

// The lengths of tax numbers.
const (
	innDigits   = 9
	pinflDigits = 14
)

// Secret is a text that no format, no log and no JSON shows.
type Secret string

const redacted = "[redacted]"

// Format writes that there is something.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalText returns that there is something.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Extra are the only parameters of a payment that the configuration may add: none of them touches the amount.
type Extra struct {
	TSPID          int64           `json:"tsp_id,omitempty"`
	Tag            string          `json:"tag,omitempty"`
	PaymentMethods []PaymentMethod `json:"payment_methods,omitempty"`
}

// PaymentMethod is a way to pay: bank_card, uzcard or humo.
type PaymentMethod struct {
	Method string `json:"method"`
}

// UnmarshalText reads {"tsp_id":18,"tag":"shop","payment_methods":[{"method":"humo"}]} and refuses any other parameter.
func (e *Extra) UnmarshalText(text []byte) error {
	type plain Extra
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode((*plain)(e)) != nil || d.Decode(new(any)) != io.EOF {
		return errors.New("must be a JSON object of tsp_id, tag and payment_methods only")
	}
	return nil
}

// check reports every broken rule at once. It shows no value: a URL may hold a password.
func (cfg Config) check() error {
	rules := []error{}
	rule := func(holds bool, text string) {
		if !holds {
			rules = append(rules, errors.New(text))
		}
	}
	u, ok := plainURL(cfg.URL)
	rule(ok && u.RawQuery == "", "OCTO_URL must be a URL without credentials and query")
	rule(!ok || u.Scheme == "https" || loopback(u.Hostname()) || cfg.listed(u.Host),
		"OCTO_URL must be https, but on a loopback address and OCTO_PAY_HOSTS")
	rule(cfg.ShopID > 0, "OCTO_SHOP_ID must be above zero")
	rule(cfg.Secret != "", "OCTO_SECRET must not be empty")
	_, ok = plainURL(cfg.NotifyURL)
	rule(ok, "OCTO_NOTIFY_URL must be a URL")
	_, ok = plainURL(cfg.ReturnURL)
	rule(ok || cfg.ReturnURL == "", "OCTO_RETURN_URL must be a URL or empty")
	rule(cfg.TaxID == "" || (len(cfg.TaxID) == innDigits || len(cfg.TaxID) == pinflDigits) && strings.Trim(cfg.TaxID, "0123456789") == "",
		"OCTO_TAX_ID must have 9 or 14 digits, or be empty")
	rule(slices.Contains([]string{"uz", "ru", "en"}, cfg.Language), "OCTO_LANGUAGE must be uz, ru or en")
	rule(cfg.TTL == 0 || cfg.TTL >= time.Minute, "OCTO_TTL must be a minute or more, or 0")
	rule(cfg.Timeout > 0, "OCTO_TIMEOUT must be above zero")
	return errors.Join(rules...)
}

// payURL says whether a payer may be sent to text. OCTO serves its pay page on several hosts of its domain.
func (cfg Config) payURL(text string) bool {
	const longest = 2048
	u, ok := plainURL(text)
	if !ok || len(text) > longest {
		return false
	}
	host := strings.ToLower(u.Hostname())
	ours := u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && (host == "octo.uz" || strings.HasSuffix(host, ".octo.uz"))
	return ours || cfg.listed(u.Host)
}

func (cfg Config) listed(host string) bool {
	return slices.ContainsFunc(cfg.PayHosts, func(h string) bool { return strings.EqualFold(strings.TrimSpace(h), host) })
}

// plainURL reads an absolute http or https URL. Browsers and this library read the same host from it: it is ASCII and has
// neither credentials nor backslashes.
func plainURL(text string) (*url.URL, bool) {
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' || c == '\\' {
			return nil, false
		}
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return nil, false
	}
	return u, !strings.Contains(u.Host, "%")
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
