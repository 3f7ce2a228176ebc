package octo

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/slippers-api/slippers/kit/money"
)

// How much is kept of what OCTO may write as long as it likes, in characters.
const (
	longestID      = 64
	longestStatus  = 32
	longestMessage = 200
)

// answer is what OCTO answered, where we need it.
type answer struct {
	fields

	code    int64
	message text
}

type fields struct {
	TransactionID text `json:"shop_transaction_id"`
	UUID          text `json:"octo_payment_UUID"`
	Status        text `json:"status"`
	PayURL        text `json:"octo_pay_url"`
	TotalSum      text `json:"total_sum"`
	RefundedSum   text `json:"refunded_sum"`
	RefundID      text `json:"refund_id"`
}

// decode reads an answer in all the shapes that OCTO has had. It returns false for what has no code to go by.
func decode(body []byte) (answer, bool) {
	var e struct {
		fields

		Error      json.RawMessage `json:"error"`
		Message    text            `json:"errMessage"`
		OldMessage text            `json:"errorMessage"`
		Data       json.RawMessage `json:"data"`
	}
	if json.Unmarshal(body, &e) != nil {
		return answer{}, false
	}
	code, err := strconv.ParseInt(strings.Trim(string(e.Error), `" `), 10, 64)
	if err != nil {
		return answer{}, false
	}
	var inner fields
	if json.Unmarshal(e.Data, &inner) != nil {
		inner = fields{} // a refusal may have anything there
	}
	return answer{code: code, message: first(e.Message, e.OldMessage), fields: fields{
		TransactionID: first(inner.TransactionID, e.TransactionID),
		UUID:          first(inner.UUID, e.UUID),
		Status:        first(inner.Status, e.Status),
		PayURL:        first(inner.PayURL, e.PayURL),
		TotalSum:      first(inner.TotalSum, e.TotalSum),
		RefundedSum:   first(inner.RefundedSum, e.RefundedSum),
		RefundID:      first(inner.RefundID, e.RefundID),
	}}, true
}

func first(a, b text) text {
	if a != "" {
		return a
	}
	return b
}

// text is a JSON string, or a number as it is written. Anything else is no text, and no reason to refuse an answer.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	switch {
	case json.Unmarshal(b, &s) == nil:
		*t = text(s)
	case b[0] == '-' || '0' <= b[0] && b[0] <= '9':
		*t = text(b)
	default:
		*t = ""
	}
	return nil
}

// amount reads 12000, 12000.0 and "12000.00". It returns nil for what is no amount.
func (t text) amount() *money.Amount {
	whole, fraction, _ := strings.Cut(string(t), ".")
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	a, err := money.Parse(whole)
	if err != nil {
		return nil
	}
	return &a
}

// sensitive is what might be a token, a card's number with or without its mask, a reference of a bank, or a phone.
var sensitive = regexp.MustCompile(`[A-Za-z0-9_+/=-]{20,}|[0-9*][0-9*Xx -]{7,}[0-9*]`)

// clean returns at most n characters of what OCTO wrote, without what we must not keep.
func (t *transport) clean(s text, n int) string {
	out := string(s)
	for _, secret := range *t.secrets {
		if secret != "" {
			out = strings.ReplaceAll(out, secret, redacted)
		}
	}
	out = sensitive.ReplaceAllString(out, redacted)
	if runes := []rune(out); len(runes) > n {
		out = string(runes[:n])
	}
	return out
}

// canonical says whether s is a UUID in its usual form of 36 characters.
func canonical(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(c)) {
				return false
			}
		}
	}
	return true
}

// visible says whether s can be an id of ours: some characters of visible ASCII.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return s != "" && len(s) <= longestID
}
