//go:build cluster

package cluster_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// store is the release, with one slipper on sale and somebody who buys.
type store struct {
	gateway []string // its Service, at every node
	octosim string
	tag     string // what runs

	token, slipper string
	made           bool
}

var client = &http.Client{
	Timeout:       30 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// must sends "METHOD /path" and reads the answer, which has to be a good one.
func (s *store) must(t *testing.T, token, request, body string, answer any) {
	t.Helper()
	do(t, client, s.request(t, token, request, body), answer)
}

func (s *store) request(t *testing.T, token, request, body string, headers ...string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, s.gateway[0]+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

func do(t *testing.T, client *http.Client, r *http.Request, answer any) {
	t.Helper()
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= http.StatusBadRequest {
		t.Fatalf("%s %s = %d %s, %v", r.Method, r.URL, res.StatusCode, text, err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(text, answer); err != nil {
		t.Fatalf("%s %s = %s: %v", r.Method, r.URL, text, err)
	}
}

// placing is the request that places the order of key, once.
func (s *store) placing(t *testing.T, key string) *http.Request {
	t.Helper()
	return s.request(t, s.token, "POST /orders/", `{"items":[{"slipper_id":`+s.slipper+`,"quantity":1}]}`, "Idempotency-Key: "+key)
}

// buy places an order, pays it on the provider's page, and waits until the shop knows.
func (s *store) buy(t *testing.T, key string) {
	t.Helper()
	var order struct {
		ID     json.Number `json:"id"`
		Status string      `json:"status"`
	}
	do(t, client, s.placing(t, key), &order)
	var payment struct {
		URL string `json:"redirect_url"`
	}
	s.must(t, s.token, "POST /payments/octo/create", `{"order_id":`+order.ID.String()+`}`, &payment)
	page, err := url.Parse(payment.URL)
	if err != nil {
		t.Fatal(err)
	}
	click, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.octosim+page.Path, strings.NewReader("action=pay"))
	if err != nil {
		t.Fatal(err)
	}
	click.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	do(t, client, click, nil)
	eventually(t, 2*time.Minute, "order "+order.ID.String()+" is PAID", func() bool {
		s.must(t, s.token, "GET /orders/"+order.ID.String(), "", &order)
		return order.Status == "PAID"
	})
}
