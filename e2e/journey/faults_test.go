//go:build faults

package journey_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/slippers-api/slippers/e2e/monitor"
	"github.com/slippers-api/slippers/e2e/process"
	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/kit/testkit"
)

const (
	judged  = 5 * time.Second  // how often metrics are scraped and rules are judged
	calm    = 90 * time.Second // before the fault: what fires then is a false alarm
	longest = 15 * time.Minute
)

// trouble is a fault, and the alerts that must come of it.
type trouble struct {
	name   string
	expect []string

	// prepare changes the store before it starts, and returns what begins the fault and who else is to be watched.
	prepare func(t *testing.T, o *shop.Options) (begin func(t *testing.T, s *store), more []monitor.Target)
}

// seen is which alert fired how long after the beginning of a fault.
type seen struct {
	name   string
	alerts map[string]time.Duration
}

// Every fault is told by its alert, in real time and with the rules that are installed. It writes docs/alerts.md.
func TestFaultsAreTold(t *testing.T) {
	var mu sync.Mutex
	var all []seen
	t.Run("faults", func(t *testing.T) {
		for _, f := range troubles() {
			t.Run(f.name, func(t *testing.T) {
				t.Parallel()
				var begin func(t *testing.T, s *store)
				var more []monitor.Target
				s := openOn(t, func(o *shop.Options) { begin, more = f.prepare(t, o) })
				m := s.watched(t, judged, more...)
				ctx, stop := context.WithCancel(t.Context())
				shopping := make(chan struct{})
				go func() { defer close(shopping); s.shops(ctx, t) }()
				defer func() { stop(); <-shopping }()
				if early := s.fires(t, m, nil, calm); len(early) > 0 {
					t.Errorf("false alarms: %v", early)
				}
				begin(t, s)
				told := s.fires(t, m, f.expect, longest)
				for _, name := range f.expect {
					if _, ok := told[name]; !ok {
						t.Errorf("%s was not told within %v", name, longest)
					}
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, seen{f.name, told})
			})
		}
	})
	if !t.Failed() {
		written(t, all)
	}
}

func troubles() []trouble {
	return []trouble{
		{"Redis is stopped", []string{"RedisAway", "LimitsDegraded"}, func(t *testing.T, o *shop.Options) (func(*testing.T, *store), []monitor.Target) {
			t.Helper()
			r := newOwnRedis(t)
			o.RedisURL = fmt.Sprintf("redis://127.0.0.1:%d/0", r.port)
			return func(t *testing.T, _ *store) {
				t.Helper()
				if err := r.p.Stop(); err != nil {
					t.Error(err)
				}
			}, nil
		}},
		{"PostgreSQL keeps each answer back for 400 ms", []string{"ServiceSlow"}, func(t *testing.T, o *shop.Options) (func(*testing.T, *store), []monitor.Target) {
			t.Helper()
			var late atomic.Int64
			o.DatabaseURL = relayed(t, o.DatabaseURL, &late)
			return func(*testing.T, *store) { late.Store(int64(400 * time.Millisecond)) }, nil
		}},
		{"the payment provider never answers", []string{"ProviderCircuitOpen"}, func(*testing.T, *shop.Options) (func(*testing.T, *store), []monitor.Target) {
			return func(t *testing.T, s *store) {
				t.Helper()
				for _, operation := range []string{"create", "read"} {
					s.octo(t, "POST /control/faults", `{"operation":"`+operation+`","kind":"hang","times":0}`)
				}
			}, nil
		}},
		{"one of two replicas of catalog-svc answers 500", []string{"ReplicaFails"}, twoCatalogs},
	}
}

// twoCatalogs puts another catalog-svc beside that of the store, with a database of its own. Once that has lost its tables, half
// of the requests are sent there.
func twoCatalogs(t *testing.T, o *shop.Options) (func(*testing.T, *store), []monitor.Target) {
	t.Helper()
	other := *o
	db := testkit.Postgres(t)
	address, err := url.Parse(o.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + db.Config().ConnConfig.Database
	other.DatabaseURL = address.String()
	if other.Ports, err = shop.FreePorts(); err != nil {
		t.Fatal(err)
	}
	if err := shop.Migrate(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	env, err := other.Environment("catalog-svc")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(o.Bin, "catalog-svc"))
	cmd.Env = append(os.Environ(), env...)
	p, err := process.Start(cmd, syscall.SIGTERM)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })

	var n atomic.Int64
	var half atomic.Bool
	local := func(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
	good, bad := local(o.Ports.Catalog.API), local(other.Ports.Catalog.API)
	balancer := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", good
		if half.Load() && n.Add(1)%2 == 0 {
			r.Out.URL.Host = bad
		}
	}})
	t.Cleanup(balancer.Close)
	o.Env = append(o.Env, "CATALOG_URL="+balancer.URL)
	return func(t *testing.T, _ *store) {
		t.Helper()
		if _, err := db.Exec(t.Context(), "DROP TABLE catalog.slippers, catalog.categories CASCADE"); err != nil {
			t.Fatal(err)
		}
		half.Store(true)
	}, []monitor.Target{{Service: "catalog-svc", Address: local(other.Ports.Catalog.Ops)}}
}

// fires waits until all of names fire, or for so long, and returns when each alert did that fires by then.
func (s *store) fires(t *testing.T, m *monitor.Monitor, names []string, most time.Duration) map[string]time.Duration {
	t.Helper()
	began, told := time.Now(), map[string]time.Duration{}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range tick.C {
		firing, err := m.Firing(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range firing {
			if _, known := told[name]; !known {
				told[name] = time.Since(began).Round(time.Second)
			}
		}
		missing := slices.ContainsFunc(names, func(n string) bool { _, ok := told[n]; return !ok })
		if time.Since(began) > most || len(names) > 0 && !missing {
			return told
		}
	}
	return told
}

// shops looks, fills carts, orders and pays, a little each second, whatever comes of it.
func (s *store) shops(ctx context.Context, t *testing.T) { //nolint:thelper // it runs beside the test
	admin, buyer := s.admin(t), s.guest(t)
	felt := admin.slipper(t, "Felt slipper", "129000.50", 100_000)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		go s.goes(ctx, buyer, "GET", fmt.Sprintf("/slippers/?limit=%d", 1+n%20), "")
		go s.goes(ctx, buyer, "GET", "/cart", "")
		if n%10 == 0 {
			go func() {
				made := s.goes(ctx, buyer, "POST", "/orders/", `{"items":[{"slipper_id":`+felt+`,"quantity":1}]}`)
				if _, rest, ok := strings.Cut(made, `"id":`); ok {
					id, _, _ := strings.Cut(rest, ",")
					s.goes(ctx, buyer, "POST", "/payments/octo/create", `{"order_id":`+id+`}`)
				}
			}()
		}
	}
}

func (s *store) goes(ctx context.Context, v visitor, method, path, body string) string {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		return ""
	}
	r.Header.Set("Authorization", "Bearer "+v.token)
	r.Header.Set("Content-Type", "application/json")
	res, err := client.Do(r)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}

// relayed returns an address of the same database, through somebody who keeps its answers back for as long as late says.
func relayed(t *testing.T, database string, late *atomic.Int64) string {
	t.Helper()
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	server := to.Host
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go relay(client, server, late)
		}
	}()
	to.Host = l.Addr().String()
	return to.String()
}

func relay(client net.Conn, address string, late *atomic.Int64) {
	defer client.Close()
	server, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer server.Close()
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	b := make([]byte, 64<<10)
	for {
		n, err := server.Read(b)
		if wait := late.Load(); wait > 0 {
			<-time.After(time.Duration(wait)) // the fault itself
		}
		if _, lost := client.Write(b[:n]); err != nil || lost != nil {
			return
		}
	}
}

func written(t *testing.T, all []seen) {
	t.Helper()
	slices.SortFunc(all, func(a, b seen) int { return strings.Compare(a.name, b.name) })
	var page strings.Builder
	fmt.Fprintf(&page, "# Faults and their alerts\n\nWhich alert told of a fault, and how long after it began: in a store under light load, scraped and judged each %v, with the rules of\n"+
		"the chart. Before the fault nothing fired for %v. Written by `make faults`.\n\n| fault | alert | after |\n|---|---|---|\n", judged, calm)
	for _, one := range all {
		names := slices.SortedFunc(maps.Keys(one.alerts), func(a, b string) int { return int(one.alerts[a] - one.alerts[b]) })
		for _, name := range names {
			fmt.Fprintf(&page, "| %s | %s | %v |\n", one.name, name, one.alerts[name])
		}
	}
	if err := os.WriteFile("../../docs/alerts.md", []byte(page.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}
