package bench

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const printed = `Running 1s test @ http://127.0.0.1:9/slippers/?limit=20
  2 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.27ms    0.91ms  22.30ms   85.00%
    Req/Sec    21.04k     1.20k   24.10k    70.00%
  Latency Distribution
     50%    1.20ms
     99%   21.70ms
  45324 requests in 1.00s, 300.00MB read
Requests/sec:  45324.00
Transfer/sec:    300.00MB
{"requests":45324,"took_us":2000000,"p50_us":1200,"p99_us":21700,"p999_us":30100,"failed":453}
`

func TestParseWrkReadsTheLineOfOurScript(t *testing.T) {
	got, err := parseWrk([]byte(printed))
	if err != nil {
		t.Fatal(err)
	}
	if got.rate != 22662 || got.p50 != 1200*time.Microsecond || got.p99 != 21700*time.Microsecond || got.p999 != 30100*time.Microsecond || got.failed < .0099 || got.failed > .01 {
		t.Errorf("parseWrk = %+v", got)
	}
}

func TestParseWrkCountsARunWithoutAnswersAsFailed(t *testing.T) {
	got, err := parseWrk([]byte(`{"requests":0,"took_us":1000000,"p50_us":0,"p99_us":0,"p999_us":0,"failed":64}`))
	if err != nil || got.failed != 1 || got.rate != 0 {
		t.Errorf("parseWrk = %+v, %v, want all failed", got, err)
	}
}

func TestParseWrkRefusesWhatHasNoLineOfOurs(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "wrk alone": strings.Split(printed, "{")[0], "half a line": `{"requests":`} {
		if got, err := parseWrk([]byte(text)); err == nil {
			t.Errorf("%s: parseWrk = %+v, want an error", name, got)
		}
	}
}

// wrk reads the script before it connects, so an address where nobody listens is enough.
func TestWrkUnderstandsTheScripts(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("wrk is not installed: apt-get install wrk, or brew install wrk")
	}
	nobody, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	one := request{method: "POST", path: "/auth/login", body: `{"phone_number":"+99890","password":"\"%d\""}`, headers: []string{"Content-Type: application/json"}}
	for name, requests := range map[string][]request{"one request": {one}, "several": {one, one, one}} {
		file := filepath.Join(t.TempDir(), "load.lua")
		if err := os.WriteFile(file, []byte(load{requests: requests}.script()), 0o600); err != nil {
			t.Fatal(err)
		}
		out, _ := exec.CommandContext(t.Context(), "wrk", "-t1", "-c1", "-d1s", "-s", file, "http://"+nobody+"/").CombinedOutput()
		if strings.Contains(string(out), "load.lua") || !strings.Contains(string(out), "unable to connect") {
			t.Errorf("%s: wrk says\n%s", name, out)
		}
	}
}

func TestParseH2loadReadsItsLog(t *testing.T) {
	got, err := parseH2load(strings.NewReader("1700000000000500\t200\t400\n1700000000000000\t200\t300\n1700000000001000\t503\t2500\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got.rate != 2000 || got.p50 != 400*time.Microsecond || got.p99 != 400*time.Microsecond || got.failed != 1./3 {
		t.Errorf("parseH2load = %+v", got)
	}
	for name, text := range map[string]string{"nothing": "", "one answer": "1\t200\t3\n", "half a line": "1\t200\t3\n2\t200"} {
		if got, err := parseH2load(strings.NewReader(text)); err == nil {
			t.Errorf("%s: parseH2load = %+v, want an error", name, got)
		}
	}
}

func TestH2loadSendsWhatItIsTold(t *testing.T) {
	if _, err := exec.LookPath("h2load"); err != nil {
		t.Skip("h2load is not installed: apt-get install nghttp2-client, or brew install nghttp2")
	}
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	l := &lab{Options: Options{Seconds: 1}, dir: t.TempDir()}
	for range 2 { // the second must not see what the first one logged
		asked.Store(0)
		got, err := steady(t.Context(), l, server.URL+"/")
		if err != nil {
			t.Fatal(err)
		}
		if asked.Load() < steadyRate*9/10 || got.failed != 0 || got.p50 <= 0 || got.p99 < got.p50 {
			t.Errorf("asked %d times: %+v", asked.Load(), got)
		}
	}
	if got, err := steady(t.Context(), l, "http://127.0.0.1:1/"); err == nil && got.failed == 0 {
		t.Errorf("where nobody listens: %+v", got)
	}
}

func TestMedianIsTheOneInTheMiddleOfEachNumber(t *testing.T) {
	got := median([]sample{
		{rate: 300, p50: 1, p99: 9, p999: 20, cpu: map[string]float64{"gateway": 30, "Redis": 5}},
		{rate: 100, p50: 3, p99: 7, p999: 60, cpu: map[string]float64{"gateway": 10, "Redis": 6}},
		{rate: 200, p50: 2, p99: 8, p999: 40, cpu: map[string]float64{"gateway": 20, "Redis": 7}},
	})
	if got.rate != 200 || got.p50 != 2 || got.p99 != 8 || got.p999 != 40 || got.cpu["gateway"] != 20 || got.cpu["Redis"] != 6 {
		t.Errorf("median = %+v", got)
	}
	if got := middle([]float64{4, 1}, func(f float64) float64 { return f }); got != 1 {
		t.Errorf("middle of 1 and 4 = %v, want the lower", got)
	}
	if got := median(nil); got.rate != 0 {
		t.Errorf("median of nothing = %+v", got)
	}
}

func TestTableIsMarkdownInColumns(t *testing.T) {
	tab := table{title: "T", notes: []string{"A note."}, head: []string{"what", "n"}}
	tab.add("a|b", "1")
	tab.add("a long name")
	const want = `## T

A note.

| what        | n   |
|-------------|-----|
| a\|b        | 1   |
| a long name |     |
`
	if got := tab.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestVerdictKnowsWhichSideIsGood(t *testing.T) {
	n := numbers{"edge/of-bare": .6, "edge/p99": 2.1, "edge/of-nginx": .99}
	for key, want := range map[string]string{"edge/of-bare": "pass", "edge/p99": "**miss**", "edge/of-nginx": "**miss**", "edge/of-traefik": "not measured"} {
		for _, g := range goals {
			if g.key == key && n.verdict(g) != want {
				t.Errorf("%s: %s, want %s", key, n.verdict(g), want)
			}
		}
	}
	tab := n.table(func(suite string) bool { return suite == "edge" }).String()
	if !strings.Contains(tab, "at least 0.6 x") || strings.Contains(tab, "cart") {
		t.Errorf("the table of the edge's goals is\n%s", tab)
	}
}

func TestEveryGoalIsOfASuite(t *testing.T) {
	for _, g := range goals {
		suite, _, _ := strings.Cut(g.key, "/")
		if err := (Options{Rounds: 1, Seconds: 1, Only: []string{suite}}).check(); err != nil {
			t.Errorf("%s: %v", g.key, err)
		}
	}
}

func TestCheckRefusesWhatCannotBeMeasured(t *testing.T) {
	for name, o := range map[string]Options{
		"no round": {Seconds: 1}, "no time": {Rounds: 1}, "no such suite": {Rounds: 1, Seconds: 1, Only: []string{"edges"}},
	} {
		if o.check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestNginxAcceptsItsConfigurations(t *testing.T) {
	program, err := find("nginx", "apt-get install nginx-light, or brew install nginx")
	if err != nil {
		t.Skip("nginx is", err)
	}
	for _, c := range contenders {
		n, ok := c.(nginx)
		if !ok {
			continue
		}
		dir := t.TempDir()
		accepted(t, dir, n.config(dir, "127.0.0.1:8", "127.0.0.1:9"), program, "-e", "stderr", "-t", "-c")
	}
}

func TestHAProxyAcceptsItsConfiguration(t *testing.T) {
	program, err := find("haproxy", "apt-get install haproxy, or brew install haproxy")
	if err != nil {
		t.Skip("HAProxy is", err)
	}
	accepted(t, t.TempDir(), haproxy{}.config("127.0.0.1:8", "127.0.0.1:9"), program, "-c", "-f")
}

// accepted writes a configuration and runs the program with its path as the last argument.
func accepted(t *testing.T, dir, config, program string, args ...string) {
	t.Helper()
	file := filepath.Join(dir, "config")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), program, append(args, file)...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s\nof\n%s", program, err, out, config)
	}
}

func TestTraefikIsToldOfOurRedisOnlyForItsLimit(t *testing.T) {
	plain, err := traefik{}.rules("127.0.0.1:9", nil)
	if err != nil || strings.Contains(plain, "rateLimit") {
		t.Errorf("rules = %s, %v", plain, err)
	}
	limited, err := traefik{limited: true}.rules("127.0.0.1:9", &redis.Options{Addr: "127.0.0.1:6"})
	if err != nil || !strings.Contains(limited, `"endpoints":["127.0.0.1:6"]`) {
		t.Errorf("rules = %s, %v", limited, err)
	}
}
