package octo

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/money"
)

// The calls, by the last part of their URLs.
const (
	prepare   = "prepare_payment"
	refund    = "refund"
	setAccept = "set_accept"

	// readBack is how a read is counted: by its URL it is a prepare, and there are many more of them than of those.
	readBack = "read_payment"
)

const retries = 2

// tashkent is the zone of init_time. It has had no summer time since 1991, and needs no zone database so.
var tashkent = time.FixedZone("Asia/Tashkent", 5*60*60)

// The bodies that OCTO reads. They carry the secret: never log one.
type (
	shop struct {
		ShopID int64  `json:"octo_shop_id"`
		Secret string `json:"octo_secret"`
	}
	reading struct {
		shop

		TransactionID string `json:"shop_transaction_id"`
	}
	creating struct {
		reading
		Extra

		AutoCapture bool         `json:"auto_capture"` // said always: its default is documented both ways
		Test        bool         `json:"test"`
		InitTime    string       `json:"init_time"`
		TotalSum    money.Amount `json:"total_sum"`
		Currency    string       `json:"currency"`
		Description string       `json:"description"`
		UserData    *userData    `json:"user_data,omitempty"`
		Basket      []BasketLine `json:"basket,omitempty"`
		NotifyURL   string       `json:"notify_url"`
		ReturnURL   string       `json:"return_url,omitempty"`
		Language    string       `json:"language"`
		TTL         int64        `json:"ttl,omitempty"` // in minutes
	}
	userData struct {
		UserID string `json:"user_id"`
		Phone  string `json:"phone,omitempty"`
		Email  string `json:"email,omitempty"`
	}
	refunding struct {
		shop

		RefundID    string       `json:"shop_refund_id"`
		PaymentUUID string       `json:"octo_payment_UUID"`
		Amount      money.Amount `json:"amount"`
	}
	accepting struct {
		shop

		PaymentUUID string       `json:"octo_payment_UUID"`
		Accept      string       `json:"accept_status"`
		FinalAmount money.Amount `json:"final_amount,omitempty"`
	}
)

// Client calls OCTO and reads its callbacks.
type Client struct {
	cfg *Config // behind a pointer, so that a printed client shows no secret
	*transport
	unknown *prometheus.CounterVec
}

// New returns a client. It does not call OCTO, which may be away.
func New(cfg Config, reg prometheus.Registerer, log *slog.Logger) (*Client, error) {
	return newClient(cfg, reg, log, wait)
}

func newClient(cfg Config, reg prometheus.Registerer, log *slog.Logger, wait func(context.Context, time.Duration) bool) (*Client, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configuring octo: %w", err)
	}
	return &Client{cfg: &cfg, transport: newTransport(cfg, reg, log, wait), unknown: newUnknown(reg)}, nil
}

// Create registers a payment, or finds the one that has its id. It returns ErrUnclear, after which there may be one, or
// ErrRefused. With ErrPayURL it returns the payment too, without its pay URL.
func (c *Client) Create(ctx context.Context, p Create) (Payment, error) {
	if !visible(p.TransactionID) || p.Amount <= 0 { // without an amount it would be a read
		return Payment{}, fmt.Errorf("creating a payment: %w", ErrInvalid)
	}
	a, err := c.call(ctx, request{path: prepare, counted: prepare, id: p.TransactionID, retries: retries, body: creating{
		reading: c.reading(p.TransactionID), Extra: c.cfg.Extra,
		AutoCapture: true, Test: c.cfg.Test, InitTime: p.InitTime.In(tashkent).Format(time.DateTime),
		TotalSum: p.Amount, Currency: p.Currency, Description: p.Description,
		UserData: c.userData(p), Basket: p.Basket,
		NotifyURL: c.cfg.NotifyURL, ReturnURL: c.cfg.ReturnURL, Language: c.cfg.Language, TTL: c.minutes(p.Until),
	}})
	if err == nil && a.UUID == "" {
		err = &Error{Call: prepare, meaning: ErrUnclear, why: "no payment in the answer"}
	}
	paid, err := c.prepared(prepare, p.TransactionID, a, err)
	if err == nil && paid.PayURL == "" && (a.PayURL != "" || paid.Status == Created) {
		err = ErrPayURL
	}
	if err != nil {
		return paid, fmt.Errorf("creating payment %s: %w", p.TransactionID, err)
	}
	return paid, nil
}

// minutes is how long a payer may take: not beyond until, for what is paid later buys nothing.
func (c *Client) minutes(until time.Time) int64 {
	ttl := c.cfg.TTL
	if left := time.Until(until); !until.IsZero() && (ttl == 0 || left < ttl) {
		ttl = max(left, time.Minute)
	}
	return int64(ttl / time.Minute)
}

// Read returns what became of the payment that Create registered. OCTO takes about one read a second of each payment, and
// the caller must see to that. It returns ErrUnclear or ErrRefused; both mean that the status is unknown, never that the
// payment was cancelled.
func (c *Client) Read(ctx context.Context, transactionID string) (Payment, error) {
	if !visible(transactionID) {
		return Payment{}, fmt.Errorf("reading a payment: %w", ErrInvalid)
	}
	a, err := c.call(ctx, request{path: prepare, counted: readBack, id: transactionID, retries: retries, body: c.reading(transactionID)})
	p, err := c.prepared(readBack, transactionID, a, err)
	if err != nil {
		return p, fmt.Errorf("reading payment %s: %w", transactionID, err)
	}
	return p, nil
}

// Refund starts to give money back, or tells how far the refund of that id is. It returns ErrUnclear, after which there may
// be one, or ErrRefused.
func (c *Client) Refund(ctx context.Context, r RefundRequest) (Refund, error) {
	if !visible(r.ID) || !canonical(r.PaymentUUID) || r.Amount <= 0 {
		return Refund{}, fmt.Errorf("refunding: %w", ErrInvalid)
	}
	a, err := c.call(ctx, request{path: refund, counted: refund, id: r.ID, retries: retries, body: refunding{
		shop: c.shop(), RefundID: r.ID, PaymentUUID: r.PaymentUUID, Amount: r.Amount,
	}})
	if err == nil && a.UUID != "" && !strings.EqualFold(string(a.UUID), r.PaymentUUID) {
		err = &Error{Call: refund, meaning: ErrUnclear, why: "another payment in the answer"}
	}
	if err != nil {
		return Refund{ID: r.ID}, fmt.Errorf("refunding by %s: %w", r.ID, err)
	}
	status, known := refundStatuses[string(a.Status)]
	if !known {
		c.odd(refund, r.ID, a.Status)
	}
	done := Refund{ID: r.ID, Status: status, RawStatus: c.clean(a.Status, longestStatus)}
	if visible(string(a.RefundID)) {
		done.ProviderID = string(a.RefundID)
	}
	return done, nil
}

// Accept takes the held money, up to amount, or lets go of it, and is made once: OCTO may refuse a repeat of what it did. It
// is a tool for people, because we register no payment that holds money. It returns ErrUnclear or ErrRefused.
//
// Where OCTO answers with its verb, such as "capture", the status is Unknown: read the payment.
func (c *Client) Accept(ctx context.Context, paymentUUID string, capture bool, amount money.Amount) (Payment, error) {
	if !canonical(paymentUUID) || capture && amount <= 0 {
		return Payment{}, fmt.Errorf("accepting a payment: %w", ErrInvalid)
	}
	body := accepting{shop: c.shop(), PaymentUUID: paymentUUID, Accept: "cancel"}
	if capture {
		body.Accept, body.FinalAmount = "capture", amount
	}
	a, err := c.call(ctx, request{path: setAccept, counted: setAccept, id: paymentUUID, body: body})
	if err == nil && a.UUID != "" && !strings.EqualFold(string(a.UUID), paymentUUID) {
		err = &Error{Call: setAccept, meaning: ErrUnclear, why: "another payment in the answer"}
	}
	if err != nil {
		return Payment{UUID: paymentUUID}, fmt.Errorf("accepting payment %s: %w", paymentUUID, err)
	}
	p := c.payment(setAccept, paymentUUID, a)
	p.UUID = paymentUUID
	return p, nil
}

func (c *Client) shop() shop { return shop{c.cfg.ShopID, string(c.cfg.Secret)} }

func (c *Client) reading(id string) reading { return reading{c.shop(), id} }

// userData returns nil unless it is whole: OCTO refuses a payment for a part of it. A receipt needs somewhere to go to, and
// for that the address alone will do.
func (c *Client) userData(p Create) *userData {
	to := &userData{UserID: strconv.FormatInt(p.Customer.ID, 10), Email: c.cfg.ReceiptEmail}
	phone := strings.TrimPrefix(strings.TrimSpace(p.Customer.Phone), "+")
	switch {
	case len(phone) == 12 && strings.Trim(phone, "0123456789") == "":
		to.Phone = phone
	case p.Basket == nil || to.Email == "":
		return nil
	}
	return to
}

// prepared is the answer about the payment that is ours by id, to a call that is counted so.
func (c *Client) prepared(call, id string, a answer, err error) (Payment, error) {
	unclear := func(why string) (Payment, error) {
		return Payment{TransactionID: id}, &Error{Call: prepare, meaning: ErrUnclear, why: why}
	}
	switch {
	case err != nil:
		return Payment{TransactionID: id}, err
	case a.TransactionID != "" && string(a.TransactionID) != id:
		return unclear("another payment in the answer")
	case a.UUID != "" && !canonical(string(a.UUID)):
		return unclear("a malformed id in the answer")
	case a.Status == "":
		return unclear("no status in the answer")
	}
	p := c.payment(call, id, a)
	p.TransactionID = id
	return p, nil
}

func (c *Client) payment(call, id string, a answer) Payment {
	status, known := statuses[string(a.Status)]
	if !known {
		c.odd(call, id, a.Status)
	}
	p := Payment{
		UUID: string(a.UUID), Status: status, RawStatus: c.clean(a.Status, longestStatus),
		Total: a.TotalSum.amount(), Refunded: a.RefundedSum.amount(),
	}
	if c.cfg.payURL(string(a.PayURL)) {
		p.PayURL = string(a.PayURL)
	}
	return p
}

// odd counts a word that we do not know, and says which: nobody can ask OCTO what it means otherwise.
func (c *Client) odd(where, id string, word text) {
	c.unknown.WithLabelValues(where).Inc()
	c.log.Warn("octo said an unknown status", "where", where, "payment", id, "status", c.clean(word, longestStatus))
}
