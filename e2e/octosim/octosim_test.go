package octosim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/slippers-api/slippers/e2e/octosim"
)

const uniqueKey = "unique-key"

// shop is a merchant with a simulator of its own, and the place where its callbacks come to.
type shop struct {
	*octosim.Server
	url    string
	notify *httptest.Server

	mu     sync.Mutex
	heard  []map[string]any
	status int
	reply  string
}

func open(t *testing.T, cfg octosim.Config) *shop {
	t.Helper()
	cfg.ShopID, cfg.Secret, cfg.UniqueKey = 7, "secret", uniqueKey
	s := &shop{Server: octosim.New(cfg), status: http.StatusOK, reply: `{"status":"ok"}`}
	s.notify = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Errorf("a callback is not JSON: %v", err)
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.heard = append(s.heard, in)
		w.WriteHeader(s.status)
		_, _ = io.WriteString(w, s.reply)
	}))
	front := httptest.NewServer(s.Server)
	s.url = front.URL
	t.Cleanup(func() {
		s.Close()
		front.Close()
		s.notify.Close()
	})
	return s
}

// answering sets how the merchant answers callbacks.
func (s *shop) answering(status int, reply string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.reply = status, reply
}

// callbacks returns those that came, once none is under way.
func (s *shop) callbacks() []map[string]any {
	s.Settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]map[string]any{}, s.heard...)
}

type fields map[string]any

// order is a sound call of /prepare_payment, with what is to be different. Nil takes a field away.
func (s *shop) order(id string, change fields) fields {
	return with(fields{
		"octo_shop_id": 7, "octo_secret": "secret", "shop_transaction_id": id, "auto_capture": true, "test": true,
		"init_time": "2026-11-24 18:00:00", "total_sum": 120_000, "currency": "UZS", "description": "Order",
		"return_url": s.notify.URL + "/back", "notify_url": s.notify.URL, "ttl": 15,
	}, change)
}

func with(f, change fields) fields {
	for k, v := range change {
		f[k] = v
		if v == nil {
			delete(f, k)
		}
	}
	return f
}

func reading(id string) fields {
	return fields{"octo_shop_id": 7, "octo_secret": "secret", "shop_transaction_id": id}
}

// try sends JSON, and returns the status and the body or what broke.
func (s *shop) try(t *testing.T, path string, body any) (int, string, error) {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // a reset must not be retried
	resp, err := client.Post(s.url+path, "application/json", strings.NewReader(string(b)))
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(got), err
}

// send makes any request and returns its answer and body, without following a redirect.
func (s *shop) send(t *testing.T, method, path, contentType, body string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(got)
}

// call is try where the call must be answered with 200.
func (s *shop) call(t *testing.T, path string, body any) string {
	t.Helper()
	status, got, err := s.try(t, path, body)
	if err != nil || status != http.StatusOK {
		t.Fatalf("POST %s = %d %s, %v", path, status, got, err)
	}
	return got
}

// create makes a payment and returns it.
func (s *shop) create(t *testing.T, id string, change fields) octosim.Payment {
	t.Helper()
	got := s.call(t, "/prepare_payment", s.order(id, change))
	p, err := s.Payment(id)
	if err != nil {
		t.Fatalf("no payment was made: %s", got)
	}
	return p
}

// paid makes a payment and pays it.
func (s *shop) paid(t *testing.T, id string, change fields) octosim.Payment {
	t.Helper()
	p := s.create(t, id, change)
	if err := s.Pay(id); err != nil {
		t.Fatal(err)
	}
	return p
}

func (s *shop) wantStatus(t *testing.T, id string, want octosim.Status) {
	t.Helper()
	if p, err := s.Payment(id); p.Status != want || err != nil {
		t.Errorf("payment %s is %q, %v, want %q", id, p.Status, err, want)
	}
}

func contains(t *testing.T, got string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(got, w) {
			t.Errorf("got %s\nwant it with %s", got, w)
		}
	}
}
