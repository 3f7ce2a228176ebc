package journey_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	collect "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// span is one that was collected, by whom it came from.
type span struct {
	service string
	*trace.Span
}

// collector takes spans as an OpenTelemetry collector does.
type collector struct {
	url string
	mu  sync.Mutex
	all []span
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		var in collect.ExportTraceServiceRequest
		if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(b, &in) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.take(&in)
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *collector) take(in *collect.ExportTraceServiceRequest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, from := range in.GetResourceSpans() {
		service := ""
		for _, a := range from.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, of := range from.GetScopeSpans() {
			for _, s := range of.GetSpans() {
				c.all = append(c.all, span{service, s})
			}
		}
	}
}

// of returns the spans of the trace that a span of the name began.
func (c *collector) of(name string) []span {
	c.mu.Lock()
	defer c.mu.Unlock()
	var id string
	for _, s := range c.all {
		if s.GetName() == name && len(s.GetParentSpanId()) == 0 {
			id = string(s.GetTraceId())
		}
	}
	var in []span
	for _, s := range c.all {
		if string(s.GetTraceId()) == id {
			in = append(in, s)
		}
	}
	return in
}

// named returns the spans of a name.
func (c *collector) named(name string) (all []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.all {
		if s.GetName() == name {
			all = append(all, s)
		}
	}
	return all
}

// about returns the spans with one of the words in what they say.
func (c *collector) about(words ...string) (all []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.all {
		for _, a := range s.GetAttributes() {
			if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(a.GetValue().GetStringValue(), w) }) {
				all = append(all, s)
			}
		}
	}
	return all
}

// path returns by whom and for what a span was made, from the first on, such as "gateway POST /orders".
func path(all []span, s span) string {
	at := s.service + " " + s.GetName()
	for _, parent := range all {
		if string(parent.GetSpanId()) == string(s.GetParentSpanId()) {
			return path(all, parent) + " > " + at
		}
	}
	return at
}

// One checkout is one trace, with all who had a part in it, and so is its payment.
func TestACheckoutIsOneTrace(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	s := open(t, "OTEL_EXPORTER_OTLP_ENDPOINT="+c.url, "OTEL_BSP_SCHEDULE_DELAY=100")
	felt, buyer := s.admin(t).slipper(t, "Felt slipper", "129000.50", 5), s.guest(t)
	order := buyer.must(t, "POST /orders/", `{"items":[{"slipper_id":`+felt+`,"quantity":2}]}`,
		"Traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-00").text(t, "id") // nobody asked for that one
	s.admin(t).must(t, "GET /users/?search="+url.QueryEscape(buyer.phone), "")
	pay := buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`).text(t, "redirect_url")
	s.click(t, pay, "pay")

	for name, want := range map[string][]string{
		"POST /orders": {
			"gateway POST /orders > gateway redis batch",
			"gateway POST /orders > gateway HTTP POST > order-svc POST /orders > order-svc HTTP PUT > catalog-svc PUT /internal/reservations/:id > catalog-svc group commit > catalog-svc batch start > catalog-svc WITH",
			"gateway POST /orders > gateway HTTP POST > order-svc POST /orders > order-svc group commit > order-svc batch start > order-svc WITH",
		},
		"POST /payments/octo/create": {
			"gateway POST /payments/octo/create > gateway HTTP POST > order-svc POST /payments/octo/create > order-svc HTTP POST",
		},
	} {
		var paths string
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("the trace of %s is\n%s", name, paths)
			}
		})
		eventually(t, name+" is one trace", func() bool {
			all := c.of(name)
			var lines []string
			for _, one := range all {
				lines = append(lines, path(all, one))
			}
			paths = strings.Join(lines, "\n")
			for _, w := range want {
				if !strings.Contains(paths, w) {
					return false
				}
			}
			return true
		})
		if strings.Contains(paths, buyer.phone) || strings.Contains(paths, felt+" ") {
			t.Errorf("the trace names who it is about:\n%s", paths)
		}
	}
	if about := c.about("search=", strings.TrimPrefix(buyer.phone, "+")); len(about) > 0 {
		t.Errorf("spans say what nobody may read in them: %v", about)
	}
	// What the provider tells is worked on later, in a trace of its own that leads back to this one.
	eventually(t, "the job leads back to the notice", func() bool {
		for _, job := range c.named("river.work/payment_heard") {
			for _, told := range c.of("POST /payments/octo/notify") {
				if len(job.GetLinks()) == 1 && bytes.Equal(job.GetLinks()[0].GetTraceId(), told.GetTraceId()) {
					return true
				}
			}
		}
		return false
	})
	s.logged(t, c, buyer)
}

// logged sees that the request's line leads to its trace and to the user, and to nothing else of theirs.
func (s *store) logged(t *testing.T, c *collector, buyer visitor) {
	t.Helper()
	id := ""
	for _, one := range c.of("POST /orders") {
		id = hex.EncodeToString(one.GetTraceId())
	}
	for _, service := range []string{"gateway", "order-svc", "catalog-svc"} {
		found := false
		for line := range strings.SplitSeq(s.log.String(), "\n") {
			ours := strings.Contains(line, `"service":"`+service+`"`) && strings.Contains(line, `"trace_id":"`+id+`"`)
			if ours && service != "catalog-svc" && strings.Contains(line, `"msg":"request"`) {
				ours = strings.Contains(line, `"user":`+buyer.id)
			}
			found = found || ours
		}
		if !found {
			t.Errorf("no line of %s names trace %s and user %s:\n%s", service, id, buyer.id, s.log)
		}
	}
	if !strings.Contains(s.examples(t), `trace_id="`+id+`"`) {
		t.Errorf("no metric of the gateway names trace %s as an example", id)
	}
	if strings.Contains(s.log.String(), buyer.phone) {
		t.Errorf("the log has a phone number")
	}
}

// examples is what the gateway tells a Prometheus that takes exemplars.
func (s *store) examples(t *testing.T) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Ports.Ops()["gateway"]+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	res, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
