package octosim

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/money"
)

// Position is one line of a fiscal receipt.
type Position struct {
	Description string       `json:"position_desc"`
	Count       int          `json:"count"`
	Price       money.Amount `json:"price"`
	SPIC        string       `json:"spic"`
	INN         string       `json:"inn,omitempty"`
	PINFL       string       `json:"pinfl,omitempty"`
	PackageCode string       `json:"package_code"`
	NDS         *int         `json:"nds"`
}

// preparation is the body of /prepare_payment. Without total_sum it asks for the status.
type preparation struct {
	merchant
	ShopTransactionID string                    `json:"shop_transaction_id"`
	AutoCapture       *bool                     `json:"auto_capture"`
	Test              bool                      `json:"test"`
	InitTime          string                    `json:"init_time"`
	Total             *money.Amount             `json:"total_sum"`
	Currency          string                    `json:"currency"`
	Description       string                    `json:"description"`
	UserData          json.RawMessage           `json:"user_data"`
	Basket            []Position                `json:"basket"`
	PaymentMethods    []struct{ Method string } `json:"payment_methods"`
	ReturnURL         string                    `json:"return_url"`
	NotifyURL         string                    `json:"notify_url"`
	Language          string                    `json:"language"`
	TTL               *int                      `json:"ttl"`
}

func (s *Server) preparePayment(w http.ResponseWriter, r *http.Request) {
	var in preparation
	if !readCall(w, r, &in) {
		return
	}
	op := Create
	if in.Total == nil {
		op = Read
	}
	s.operate(w, r, op, in.ShopTransactionID, func(faults []Fault) answer {
		if a, no := s.refused(in.merchant); no {
			return a
		}
		if op == Read {
			return s.read(in.ShopTransactionID, faults)
		}
		if wrong := in.wrong(); wrong != "" {
			return refuse(codeFormat, wrong)
		}
		return s.create(in, r.Host)
	})
}

// create makes a payment, or returns the one that its first call has fixed.
func (s *Server) create(in preparation, host string) answer {
	if p := s.byTransaction(in.ShopTransactionID); p != nil {
		return answer{fields: p.fields()}
	}
	base := s.cfg.BaseURL
	if base == "" {
		base = "http://" + host
	}
	id := uuid.NewString()
	p := &Payment{
		UUID: id, ShopTransactionID: in.ShopTransactionID, Status: Created, Total: *in.Total, Currency: in.Currency,
		Description: in.Description, AutoCapture: in.AutoCapture == nil || *in.AutoCapture, Test: in.Test,
		InitTime: in.InitTime, TTL: 30, Basket: in.Basket, UserData: in.UserData, Language: in.Language,
		ReturnURL: in.ReturnURL, NotifyURL: in.NotifyURL,
		PayURL: strings.TrimSuffix(base, "/") + "/pay/" + id, CreatedAt: s.clock.now(),
	}
	if in.TTL != nil {
		p.TTL = *in.TTL
	}
	for _, m := range in.PaymentMethods {
		p.PaymentMethods = append(p.PaymentMethods, m.Method)
	}
	s.payments = append(s.payments, p)
	s.cancelAfter(p, time.Duration(p.TTL)*time.Minute, Created, WaitUserAction)
	return answer{fields: p.fields()}
}

// read answers the three documented fields, and the sums where a fault is about their spelling.
func (s *Server) read(shopTransactionID string, faults []Fault) answer {
	p := s.byTransaction(shopTransactionID)
	if p == nil {
		return refuse(codeUnknown, "Transaction not found")
	}
	now := s.clock.now()
	if !p.ReadAt.IsZero() && now.Sub(p.ReadAt) < s.cfg.ReadInterval {
		return refuse(codeTooOften, "Requests too often. Minimum delay is 1 second")
	}
	p.ReadAt = now
	fields := p.fields()
	delete(fields, "octo_pay_url")
	if !has(faults, TotalInteger) && !has(faults, TotalOneDecimal) && !has(faults, TotalString) {
		delete(fields, "total_sum")
		delete(fields, "refunded_sum")
	}
	return answer{fields: fields}
}

func (p *Payment) fields() map[string]any {
	return map[string]any{
		"shop_transaction_id": p.ShopTransactionID, "octo_payment_UUID": p.UUID, "status": p.Status,
		"octo_pay_url": p.PayURL, "refunded_sum": p.Refunded, "total_sum": p.Total,
	}
}

// wrong says what OCTO would not take, or nothing.
func (in preparation) wrong() string {
	var blank []string
	for _, f := range []struct{ name, value string }{
		{"shop_transaction_id", in.ShopTransactionID},
		{"init_time", in.InitTime},
		{"currency", in.Currency},
		{"description", in.Description},
		{"notify_url", in.NotifyURL},
	} {
		if strings.TrimSpace(f.value) == "" {
			blank = append(blank, f.name)
		}
	}
	if blank != nil {
		return "Wrong params: [" + strings.Join(blank, ", ") + "] must not be null or blank"
	}
	switch _, err := time.Parse(time.DateTime, in.InitTime); {
	case err != nil:
		return "Wrong params: init_time must be yyyy-MM-dd HH:mm:ss"
	case *in.Total <= 0:
		return "Wrong params: total_sum must be above zero"
	case in.Currency != "UZS" && in.Currency != "USD" && in.Currency != "RUB":
		return "Wrong params: unknown currency"
	case in.TTL != nil && *in.TTL <= 0:
		return "Wrong params: ttl must be above zero"
	case !isURL(in.NotifyURL) || in.ReturnURL != "" && !isURL(in.ReturnURL):
		return "Wrong params: return_url and notify_url must be URLs"
	}
	sum := money.Amount(0)
	for _, b := range in.Basket {
		if b.Description == "" || b.Count <= 0 || b.Price <= 0 || b.SPIC == "" || b.PackageCode == "" || b.NDS == nil ||
			b.INN == "" && b.PINFL == "" {
			return "Wrong params: [basket] position_desc, count, price, spic, inn or pinfl, package_code, nds"
		}
		total, ok := b.Price.Times(int64(b.Count))
		if !ok || sum > math.MaxInt64-total {
			return "Wrong params: [basket] is too dear"
		}
		sum += total
	}
	if in.Basket != nil && sum != *in.Total {
		return "Wrong params: the sum of [basket] is not total_sum"
	}
	return ""
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}
