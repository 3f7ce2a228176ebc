package octosim

import (
	"bytes"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // what OCTO signs with
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"
)

// tashkent is the zone of OCTO's times, which name none. It has known no summer time since 1992.
var tashkent = time.FixedZone("Asia/Tashkent", 5*60*60)

const paidTimeField = "payed_time" //nolint:misspell // as OCTO spells it

// Signature is a way to sign a callback.
type Signature string

// The signatures. Only the first is good.
const (
	SignedNow       Signature = "current"
	SignedNot       Signature = "none"
	SignedWrongKey  Signature = "wrong_key"
	SignedLowerCase Signature = "lower_case" // good too, to those who compare as OCTO says
	SignedOld       Signature = "old"
)

// Message is an arbitrary callback, sent once for each of Times and never again.
type Message struct {
	// Payment is its UUID or shop_transaction_id. It may be empty if there is a URL.
	Payment string `json:"payment"`

	// Status is what is claimed. Empty tells the truth.
	Status Status `json:"status"`

	// Signature is SignedNow if empty.
	Signature Signature `json:"signature"`

	// Times is how often it is sent, one after the other; zero is once.
	Times int `json:"times"`

	// Delay is how much later it is sent, in simulated time.
	Delay time.Duration `json:"-"`

	// Fields take the place of others in the body, before it is signed. A signature among them is taken as it is.
	Fields map[string]any `json:"fields"`

	// URL takes the place of the payment's notify_url.
	URL string `json:"url"`
}

// Delivery is one attempt to tell a merchant something.
type Delivery struct {
	At           time.Time       `json:"at"`
	URL          string          `json:"url"`
	Payment      string          `json:"octo_payment_UUID"`
	Transaction  string          `json:"shop_transaction_id"`
	Status       Status          `json:"status"`
	Attempt      int             `json:"attempt"`
	Body         json.RawMessage `json:"body"`
	HTTPStatus   int             `json:"http_status"` // zero where no answer came
	Reply        string          `json:"reply"`
	Error        string          `json:"error,omitempty"`
	Acknowledged bool            `json:"acknowledged"`
}

// Sign is OCTO's current formula.
func Sign(uniqueKey, paymentUUID string, status Status) string {
	return strings.ToUpper(digest(uniqueKey + paymentUUID + string(status)))
}

// signOld is the formula of the old page: sha1(sha1(secret, hash_key), uuid, status).
func signOld(secret, hashKey, paymentUUID string, status Status) string {
	return strings.ToUpper(digest(strings.ToUpper(digest(secret+hashKey)) + paymentUUID + string(status)))
}

func digest(s string) string {
	sum := sha1.Sum([]byte(s)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// Deliveries returns every attempt that was made, the oldest first.
func (s *Server) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery{}, s.deliveries...)
}

// Send sends an arbitrary callback, and returns what came of it: nothing yet, if it has a delay.
func (s *Server) Send(m Message) ([]Delivery, error) {
	p, err := s.Payment(m.Payment)
	if err != nil && m.URL == "" {
		return nil, err
	}
	switch m.Signature {
	case "", SignedNow, SignedNot, SignedWrongKey, SignedLowerCase, SignedOld:
	default:
		return nil, fmt.Errorf("the signature %q is not known", m.Signature)
	}
	if m.Times < 0 || m.Delay < 0 {
		return nil, errors.New("times and delay must not be negative")
	}
	if m.Status != "" {
		p.Status = m.Status
	}
	if m.URL != "" {
		p.NotifyURL = m.URL
	}
	body := s.body(p, m)
	var sent []Delivery
	send := func() {
		for i := range max(1, m.Times) {
			sent = append(sent, s.deliver(p, body, i+1))
		}
	}
	if m.Delay > 0 {
		s.clock.after(m.Delay, send)
		return []Delivery{}, nil
	}
	send()
	return sent, nil
}

// announce tells the merchant of a payment as OCTO does: until it is acknowledged, or out of attempts.
func (s *Server) announce(p Payment) {
	s.mu.Lock()
	faults := s.takeFaults(Callback, p.ShopTransactionID)
	s.mu.Unlock()
	if has(faults, Never) {
		s.cfg.Log.Info("callback not sent", "shop_transaction_id", p.ShopTransactionID, "status", p.Status)
		return
	}
	s.attempt(p, s.body(p, Message{}), 1)
}

func (s *Server) attempt(p Payment, body []byte, n int) {
	if d := s.deliver(p, body, n); !d.Acknowledged && n <= len(s.cfg.CallbackRetries) {
		s.clock.after(s.cfg.CallbackRetries[n-1], func() { s.attempt(p, body, n+1) })
	}
}

// body writes a callback and signs it.
func (s *Server) body(p Payment, m Message) []byte {
	hashKey := strings.ToLower(rand.Text())
	fields := map[string]any{
		"shop_transaction_id": p.ShopTransactionID, "octo_payment_UUID": p.UUID, "status": p.Status, "hash_key": hashKey,
		"total_sum": p.Total, "transfer_sum": p.Captured, "refunded_sum": p.Refunded, "currency": p.Currency,
		"card_country": "UZB", "card_type": "UZCARD", "maskedPan": "860000******0000", "rrn": "000000000000",
		"riskLevel": 0, "is_physical_card": true, paidTimeField: p.paidTime(),
	}
	maps.Copy(fields, m.Fields)
	id, status := fmt.Sprint(fields["octo_payment_UUID"]), Status(fmt.Sprint(fields["status"]))
	if _, given := m.Fields["signature"]; !given {
		switch m.Signature {
		case SignedNot:
		case SignedWrongKey:
			fields["signature"] = Sign("not "+s.cfg.UniqueKey, id, status)
		case SignedLowerCase:
			fields["signature"] = strings.ToLower(Sign(s.cfg.UniqueKey, id, status))
		case SignedOld:
			fields["signature"] = signOld(s.cfg.Secret, hashKey, id, status)
		default:
			fields["signature"] = Sign(s.cfg.UniqueKey, id, status)
		}
	}
	body, err := json.Marshal(fields)
	if err != nil {
		panic(err) // the fields came from JSON, or from a test that must hear of it
	}
	return body
}

func (p *Payment) paidTime() any {
	if p.PaidAt.IsZero() {
		return nil
	}
	return p.PaidAt.In(tashkent).Format(time.DateTime)
}

// deliver makes one attempt. Only the status 200 acknowledges; held money wants to be decided about as well.
func (s *Server) deliver(p Payment, body []byte, n int) Delivery {
	d := Delivery{
		At: s.clock.now(), URL: p.NotifyURL, Payment: p.UUID, Transaction: p.ShopTransactionID, Status: p.Status,
		Attempt: n, Body: body,
	}
	reply, err := s.post(p.NotifyURL, body, &d)
	if err != nil {
		d.Error = err.Error()
	}
	d.Reply, d.Acknowledged = string(reply), d.HTTPStatus == http.StatusOK && err == nil
	if d.Acknowledged && p.Status == WaitingForCapture {
		d.Acknowledged = s.decided(p, reply)
	}
	s.mu.Lock()
	s.deliveries = append(s.deliveries, d)
	s.mu.Unlock()
	s.cfg.Log.Info("callback", "shop_transaction_id", p.ShopTransactionID, "status", p.Status, "attempt", n,
		"http_status", d.HTTPStatus, "acknowledged", d.Acknowledged)
	return d
}

func (s *Server) post(url string, body []byte, d *Delivery) ([]byte, error) {
	req, err := http.NewRequestWithContext(s.closed, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	d.HTTPStatus = resp.StatusCode
	return io.ReadAll(io.LimitReader(resp.Body, 64<<10))
}

// decided does with held money what the merchant's reply says, and reports whether OCTO would ask no more.
func (s *Server) decided(p Payment, reply []byte) bool {
	var in struct {
		Accept string `json:"accept_status"`
	}
	if json.Unmarshal(reply, &in) != nil {
		return false
	}
	switch in.Accept {
	case "waiting_user_action":
		return true
	case "capture", "cancel":
		announce, err := s.change(p.UUID, func(now *Payment) error {
			if now.Status != WaitingForCapture {
				return ErrClosed
			}
			s.accept(now, in.Accept == "capture", now.Total)
			return nil
		})
		if err == nil {
			announce()
		}
		return true
	}
	return false
}
