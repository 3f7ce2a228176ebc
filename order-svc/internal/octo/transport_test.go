package octo_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/slippers-api/slippers/order-svc/internal/octo"
)

func TestUnclearAndRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   error
		code   int64
		calls  int
	}{
		"wrong secret":         {says(`{"error":2,"errMessage":"Wrong secret"}`), octo.ErrRefused, 2, 1},
		"not registered":       {says(`{"error":403,"errMessage":"Fiscal object with merchant ID 1 not contains in system"}`), octo.ErrRefused, 403, 1},
		"below zero":           {says(`{"error":-270}`), octo.ErrRefused, -270, 1},
		"numeric string":       {says(`{"error":"22","data":[]}`), octo.ErrRefused, 22, 1},
		"refused by status":    {answers(http.StatusUnauthorized, `{"error":2}`), octo.ErrRefused, 2, 1},
		"odd members":          {says(`{"error":7,"errMessage":{"a":[1]},"errorMessage":7,"data":"x"}`), octo.ErrRefused, 7, 1},
		"too often":            {says(`{"error":11}`), octo.ErrUnclear, 11, 3},
		"broken":               {answers(http.StatusInternalServerError, `{"error":2}`), octo.ErrUnclear, 2, 3},
		"bad gateway":          {answers(http.StatusBadGateway, `<html>502</html>`), octo.ErrUnclear, 0, 3},
		"firewall":             {answers(http.StatusForbidden, `<html>no</html>`), octo.ErrUnclear, 0, 3},
		"HTML with status 200": {says(`<html>hello</html>`), octo.ErrUnclear, 0, 3},
		"nothing":              {says(``), octo.ErrUnclear, 0, 3},
		"null":                 {says(`null`), octo.ErrUnclear, 0, 3},
		"no code":              {says(`{"data":{"status":"succeeded"}}`), octo.ErrUnclear, 0, 3},
		"null code":            {says(`{"error":null}`), octo.ErrUnclear, 0, 3},
		"code in words":        {says(`{"error":"Bad Gateway"}`), octo.ErrUnclear, 0, 3},
		"code false":           {says(`{"error":false}`), octo.ErrUnclear, 0, 3},
		"cut off":              {says(created[:len(created)-1]), octo.ErrUnclear, 0, 3},
		"two answers":          {says(created + created), octo.ErrUnclear, 0, 3},
		"too long":             {says(created + strings.Repeat(" ", 1<<20)), octo.ErrUnclear, 0, 3},
		"reset":                {reset, octo.ErrUnclear, 0, 3},
		"shorter than it says": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "9999")
			_, _ = io.WriteString(w, created)
		}, octo.ErrUnclear, 0, 3},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, octo.ErrUnclear, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, nil, tt.answer)
			got, err := create(t, p)
			e, ok := errors.AsType[*octo.Error](err)
			if !errors.Is(err, tt.want) || !ok || e.Code != tt.code || e.Call != "prepare_payment" || got.Status != octo.Unknown || got.UUID != "" {
				t.Errorf("got %+v, %v; want %v with code %d", got, err, tt.want, tt.code)
			}
			if errors.Is(err, octo.ErrUnclear) == errors.Is(err, octo.ErrRefused) {
				t.Errorf("%v is both or neither", err)
			}
			calls := p.bodies()
			if len(calls) != tt.calls || len(slices.Compact(slices.Clone(calls))) != 1 || !strings.HasPrefix(calls[0], "/prepare_payment ") {
				t.Errorf("want %d like one, got %q", tt.calls, calls)
			}
		})
	}
}

// The payment exists although the first caller saw an error.
func TestARepeatFindsWhatTheFirstCallMade(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]http.HandlerFunc{"reset": reset, "bad gateway": answers(http.StatusBadGateway, "<html>"), "too often": says(`{"error":11}`)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := serve(t, nil, fault, says(created))
			if got, err := create(t, p); err != nil || got.PayURL != payURL || len(p.bodies()) != 2 {
				t.Errorf("got %+v, %v after %d calls", got, err, len(p.bodies()))
			}
			for _, d := range p.waits {
				if d < time.Second || d > 1400*time.Millisecond {
					t.Errorf("waited %v, which may be too often", d)
				}
			}
		})
	}
}

func TestWhatWasNotSentIsRepeatedSoon(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	p := serve(t, func(c *octo.Config) { c.URL = "http://" + l.Addr().String() }, says(created))
	if _, err := create(t, p); !errors.Is(err, octo.ErrUnclear) || !errors.Is(err, octo.ErrNotDone) || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
	if len(p.waits) != 2 || p.waits[0] > 200*time.Millisecond || p.waits[1] > 400*time.Millisecond {
		t.Errorf("waited %v", p.waits)
	}
}

// What comes through once may be done, whatever becomes of its repeats.
func TestWhatCameThroughMayBeDone(t *testing.T) {
	t.Parallel()
	early := says(`{"error":11}`)
	for name, tt := range map[string]struct {
		first, then http.HandlerFunc
		notDone     bool
	}{"each too soon": {early, early, true}, "the first is lost": {reset, early, false}, "the repeat is lost": {early, reset, false}} {
		_, err := serve(t, nil, tt.first, tt.then).Refund(t.Context(), toRefund())
		if !errors.Is(err, octo.ErrUnclear) || errors.Is(err, octo.ErrNotDone) != tt.notDone {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// A refusal may be of the repeat only: the first call may have moved the money.
func TestWhatIsRefusedOnARepeatIsUnclear(t *testing.T) {
	t.Parallel()
	refused := says(`{"error":22,"errMessage":"Wrong amount to refund"}`)
	for name, tt := range map[string]struct {
		first http.HandlerFunc
		want  error
	}{"reset": {reset, octo.ErrUnclear}, "too often": {says(`{"error":11}`), octo.ErrRefused}, "at once": {refused, octo.ErrRefused}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, back := serve(t, nil, tt.first, refused).Refund(t.Context(), toRefund())
			_, made := create(t, serve(t, nil, tt.first, refused))
			for _, err := range []error{back, made} {
				if e, ok := errors.AsType[*octo.Error](err); !errors.Is(err, tt.want) || !ok || e.Code != 22 || errors.Is(err, octo.ErrUnclear) == errors.Is(err, octo.ErrRefused) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
			}
		})
	}
}

func TestAcceptIsMadeOnce(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, reset)
	if _, err := p.Accept(t.Context(), uuid, true, 1); !errors.Is(err, octo.ErrUnclear) || len(p.bodies()) != 1 {
		t.Errorf("%v after %d calls", err, len(p.bodies()))
	}
}

func TestCallsEndInTime(t *testing.T) {
	t.Parallel()
	p := serve(t, func(c *octo.Config) { c.Timeout = 50 * time.Millisecond }, hang)
	if _, err := create(t, p); !errors.Is(err, octo.ErrUnclear) || !errors.Is(err, context.DeadlineExceeded) || len(p.bodies()) != 1 {
		t.Errorf("%v after %d calls", err, len(p.bodies()))
	}
}

func TestCallsEndWithTheirCaller(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	p := serve(t, nil, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		hang(w, r)
	})
	if _, err := p.Create(ctx, toCreate()); !errors.Is(err, octo.ErrUnclear) || !errors.Is(err, context.Canceled) || len(p.bodies()) != 1 {
		t.Errorf("%v after %d calls", err, len(p.bodies()))
	}
}

func TestWaitsStayWithinTheDeadline(t *testing.T) {
	t.Parallel()
	soon, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if octo.Wait(soon, time.Hour) {
		t.Error("waited past the deadline")
	}
	if !octo.Wait(soon, time.Nanosecond) {
		t.Error("did not wait")
	}
	cancel()
	if octo.Wait(context.WithoutCancel(soon), 0) != true || octo.Wait(soon, time.Second) {
		t.Error("waited for a caller that has gone")
	}
}

func TestRefusalsAreLoggedWithoutSecrets(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, says(`{"error":2,"errorMessage":"Wrong `+secret+` or `+uniqueKey+` for 8600 49** **** 6478, 8600495473316478, 860049******6478, `+
		`rrn 412345678901, token 5f2b9c1e7a7d4e0c9b3a, +998901234567, pan '4000-0000-0000-0002'. `+strings.Repeat("and so on ", 99)+`"}`))
	_, err := create(t, p)
	line := p.log.String()
	_, said, _ := strings.Cut(line, "said=") // the time before it may have any digits
	for _, leak := range []string{secret, uniqueKey, "8600", "6478", "4123", "5f2b9c", "99890", "0002"} {
		if strings.Contains(said, leak) || strings.Contains(err.Error(), leak) {
			t.Errorf("%q is in %s or in %v", leak, line, err)
		}
	}
	if !strings.Contains(line, "code=2") || !strings.Contains(said, "Wrong [redacted] or") || !strings.Contains(line, id) || len(line) > 500 {
		t.Errorf("logged %s", line)
	}
	if strings.Contains(err.Error(), "Wrong") {
		t.Errorf("the error repeats what OCTO wrote: %v", err)
	}
}

func TestOutcomesAreCounted(t *testing.T) {
	t.Parallel()
	p := serve(t, nil, reset, says(created), says(`{"error":2}`), says(strings.Replace(created, `"created"`, `"new one"`, 1)))
	for name, want := range map[string]int{"octo_call_duration_seconds": 12, "octo_unknown_statuses_total": 5} {
		if n, err := testutil.GatherAndCount(p.reg, name); n != want || err != nil {
			t.Errorf("%s: %d series before the first call, %v", name, n, err)
		}
	}
	_, _ = create(t, p)
	_, _ = create(t, p)
	_, _ = create(t, p)
	_, _ = p.Read(t.Context(), id)                                                // odd too
	for _, signature := range []string{"", known, sign(uniqueKey, uuid, "odd")} { // a stranger's, and OCTO's
		if _, err := p.Callback([]byte(notice("odd", signature, ""))); err != nil {
			t.Error(err)
		}
	}
	families, err := p.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := ""
			for _, l := range m.GetLabel() {
				labels += " " + l.GetValue()
			}
			got[f.GetName()+labels] = float64(m.GetHistogram().GetSampleCount()) + m.GetCounter().GetValue()
		}
	}
	for series, want := range map[string]float64{
		"octo_call_duration_seconds prepare_payment ok": 2, "octo_call_duration_seconds prepare_payment refused": 1,
		"octo_call_duration_seconds prepare_payment unclear": 1, "octo_call_duration_seconds refund ok": 0,
		"octo_call_duration_seconds read_payment ok": 1, "octo_call_duration_seconds read_payment refused": 0,
		"octo_unknown_statuses_total prepare_payment": 1, "octo_unknown_statuses_total read_payment": 1, "octo_unknown_statuses_total callback": 1,
	} {
		if got[series] != want {
			t.Errorf("%s is %v, want %v", series, got[series], want)
		}
	}
}

// A word that nobody knows is logged, whoever has told it, and no more of it than may be.
func TestUnknownStatusesAreLogged(t *testing.T) {
	t.Parallel()
	word := "8600495473316478 of " + secret + " and so on and so on and so on"
	odd := says(strings.Replace(created, `"created"`, `"`+word+`"`, 1))
	for name, tell := range map[string]func(*provider) error{
		"prepare_payment": func(p *provider) error { _, err := create(t, p); return err },
		"read_payment":    func(p *provider) error { _, err := p.Read(t.Context(), id); return err },
		"refund":          func(p *provider) error { _, err := p.Refund(t.Context(), toRefund()); return err },
		"set_accept":      func(p *provider) error { _, err := p.Accept(t.Context(), uuid, true, 1); return err },
		"callback": func(p *provider) error {
			_, err := p.Callback([]byte(notice(word, sign(uniqueKey, uuid, word), "")))
			return err
		},
	} {
		p := serve(t, nil, odd)
		if err := tell(p); err != nil && !errors.Is(err, octo.ErrPayURL) {
			t.Errorf("%s: %v", name, err)
		}
		_, line, found := strings.Cut(p.log.String(), `msg="octo said an unknown status" where=`+name+" payment=")
		if _, status, _ := strings.Cut(line, "status="); !found || len(status) > 40 || strings.Contains(line, "8600") || strings.Contains(line, secret) ||
			!strings.Contains(status, "[redacted] of [redacted]") {
			t.Errorf("%s: logged %s", name, p.log.String())
		}
	}
	p := serve(t, nil, odd)
	if _, err := p.Callback([]byte(notice(word, known, ""))); err != nil || p.log.Len() > 0 {
		t.Errorf("a stranger's: %v, logged %s", err, p.log.String())
	}
}

// open returns what the gauge of the circuit says.
func open(t *testing.T, reg *prometheus.Registry) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "octo_circuit_open" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("no gauge of the circuit")
	return 0
}

// Nobody calls in the night: then the circuit is not said to be open, though nobody has closed it.
func TestTheCircuitIsNotOpenForLongerThanItIs(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close() // nobody listens there now
	synctest.Test(t, func(t *testing.T) {
		reg, trying := prometheus.NewRegistry(), 0.0
		c, err := octo.NewWaiting(sound("http://"+l.Addr().String()), reg, slog.New(slog.DiscardHandler), func(context.Context, time.Duration) bool {
			trying = open(t, reg)
			return true
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			_, _ = c.Create(t.Context(), toCreate())
		}
		if open(t, reg) != 1 || trying != 0 {
			t.Errorf("after five calls it is %v, before that %v", open(t, reg), trying)
		}
		time.Sleep(11 * time.Second) //nolint:forbidigo // of the bubble
		if open(t, reg) != 0 {
			t.Error("it is open when it may be tried again")
		}
		_, _ = c.Create(t.Context(), toCreate())
		if open(t, reg) != 1 || trying != 1 {
			t.Errorf("after one more call it is %v, and was %v meanwhile", open(t, reg), trying)
		}
	})
}

// A provider that is away costs no buyer their time, once a few have found that out; it is asked again before long.
func TestAProviderThatDoesNotAnswerIsLeftAlone(t *testing.T) {
	t.Parallel()
	away := serve(t, nil, reset)
	for range 5 {
		_, _ = create(t, away)
	}
	asked := len(away.bodies())
	if _, err := create(t, away); !errors.Is(err, octo.ErrUnclear) || !errors.Is(err, octo.ErrNotDone) {
		t.Errorf("left alone, it is said to have %v", err)
	}
	if now := len(away.bodies()); now != asked || open(t, away.reg) != 1 {
		t.Errorf("it was asked %d times more, and the circuit is %v", now-asked, open(t, away.reg))
	}

	for name, answer := range map[string]http.HandlerFunc{"refuses": says(`{"error":2}`), "is asked too often": says(`{"error":11}`)} {
		busy := serve(t, nil, answer)
		for range 8 {
			_, _ = create(t, busy)
		}
		if open(t, busy.reg) != 0 {
			t.Errorf("one that %s is left alone", name)
		}
	}
}

func TestAClientNeedsNoRegistry(t *testing.T) {
	t.Parallel()
	if _, err := octo.New(sound("https://secure.octo.uz"), nil, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}
