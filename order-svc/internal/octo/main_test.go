package octo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

const (
	secret    = "s3cret-of-the-shop"
	uniqueKey = "un1que-key"
	id        = "pay-0197b0a0"
	uuid      = "1145df74-bb95-47cf-a616-8d6dcee2e222"
	other     = "2245df74-bb95-47cf-a616-8d6dcee2e222"
	payURL    = "https://pay2.octo.uz/pay/" + uuid + "?language=uz"
)

// created is a sound answer in today's shape.
const created = `{"error":0,"errMessage":null,"data":{"shop_transaction_id":"` + id + `","octo_payment_UUID":"` + uuid +
	`","status":"created","octo_pay_url":"` + payURL + `","refunded_sum":0,"total_sum":12000.0}}`

func sound(url string) octo.Config {
	return octo.Config{
		URL: url, ShopID: 42, Secret: secret, UniqueKey: uniqueKey, NotifyURL: "https://shop.uz/payments/octo/notify",
		ReturnURL: "https://shop.uz/thanks", Language: "uz", TTL: 15 * time.Minute, Timeout: 10 * time.Second,
	}
}

// provider is an OCTO that does as it is told: one handler a call, the last for all after it.
type provider struct {
	*octo.Client

	reg   *prometheus.Registry
	mu    sync.Mutex
	log   bytes.Buffer
	calls []string // "path body" of each
	waits []time.Duration
}

func serve(t *testing.T, change func(*octo.Config), handlers ...http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{reg: prometheus.NewRegistry()}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || !json.Valid(body) {
			t.Errorf("%s %s %v: %q, %v", r.Method, r.URL, r.Header, body, err)
		}
		p.mu.Lock()
		p.calls = append(p.calls, r.URL.Path+" "+string(body))
		next := handlers[min(len(p.calls), len(handlers))-1]
		p.mu.Unlock()
		next(w, r)
	}))
	t.Cleanup(s.Close)
	cfg := sound(s.URL + "/")
	if change != nil {
		change(&cfg)
	}
	c, err := octo.NewWaiting(cfg, p.reg, slog.New(slog.NewTextHandler(&p.log, nil)), func(ctx context.Context, d time.Duration) bool {
		p.waits = append(p.waits, d)
		return ctx.Err() == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	p.Client = c
	return p
}

func (p *provider) bodies() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func says(body string) http.HandlerFunc { return answers(http.StatusOK, body) }

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// reset is a connection that breaks after OCTO has done its part.
func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// hang sends a part of an answer and then nothing.
func hang(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"error":0,`)
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func toCreate() octo.Create {
	return octo.Create{
		TransactionID: id, Amount: 1_200_000, Currency: "UZS", Description: "Order 7",
		InitTime: time.Date(2026, 2, 28, 20, 30, 5, 0, time.UTC), Customer: octo.Customer{ID: 9, Phone: "+998901234567"},
	}
}

func create(t *testing.T, p *provider) (octo.Payment, error) {
	t.Helper()
	return p.Create(t.Context(), toCreate())
}

func toRefund() octo.RefundRequest {
	return octo.RefundRequest{ID: "refund-1", PaymentUUID: uuid, Amount: 500_050}
}

// without returns s less its parts.
func without(s string, parts ...string) string {
	for _, part := range parts {
		s = strings.Replace(s, part, "", 1)
	}
	return s
}
