package octo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/sony/gobreaker/v2"

	"github.com/slippers-api/slippers/kit/failpoint"
	"github.com/slippers-api/slippers/kit/tracing"
)

const (
	connectTimeout = 2 * time.Second
	maxAnswer      = 1 << 20

	// After so many calls in a row whose fate was unclear nobody is called for a moment: a buyer is told at once to come back,
	// and no request waits for who does not answer.
	trips    = 5
	openFor  = 10 * time.Second
	backoff  = 200 * time.Millisecond // the most before the first repeat; twice as much before the second
	interval = time.Second            // OCTO wants it between two calls about one payment
	tooOften = 11                     // the code of its absence
)

// transport sends bodies and reads answers.
type transport struct {
	base    string
	timeout time.Duration
	secrets *[]string // behind a pointer as Client.cfg is
	http    *http.Client
	wait    func(context.Context, time.Duration) bool
	log     *slog.Logger
	breaker *gobreaker.CircuitBreaker[answer]
	took    *prometheus.HistogramVec
	expires *prometheus.GaugeVec
}

func newTransport(cfg Config, reg prometheus.Registerer, log *slog.Logger, wait func(context.Context, time.Duration) bool) *transport {
	t := &transport{
		base: strings.TrimSuffix(cfg.URL, "/") + "/", timeout: cfg.Timeout, wait: wait, log: log,
		secrets: &[]string{string(cfg.Secret), string(cfg.UniqueKey)},
		http: &http.Client{
			Transport: tracing.Transport(failpoint.Transport(&http.Transport{
				DialContext:         (&net.Dialer{Timeout: connectTimeout}).DialContext,
				TLSHandshakeTimeout: connectTimeout,
				ForceAttemptHTTP2:   true,
				MaxIdleConnsPerHost: 8,
				IdleConnTimeout:     time.Minute,
			})),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the body holds the secret
		},
		took: promauto.With(reg).NewHistogramVec(prometheus.HistogramOpts{
			Name:    "octo_call_duration_seconds",
			Help:    "Time of one call of OCTO, repeats apart, by what came of it. prepare_payment makes a payment, read_payment asks for its status. A rise of unclear means that OCTO is away and orders wait to be read back.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"call", "outcome"}),
		expires: promauto.With(reg).NewGaugeVec(prometheus.GaugeOpts{
			Name: "octo_certificate_not_after_timestamp_seconds", Help: "When the certificate ends that OCTO showed last. Absent until it has shown one.",
		}, nil),
	}
	t.breaker = gobreaker.NewCircuitBreaker[answer](gobreaker.Settings{
		Timeout:      openFor,
		ReadyToTrip:  func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= trips },
		IsSuccessful: func(err error) bool { return err == nil || answered(err) },
		IsExcluded:   func(err error) bool { return errors.Is(err, context.Canceled) }, // the caller went; OCTO may be well
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				log.Warn("octo does not answer: it is left alone for a moment", "for", openFor)
			}
		},
	})
	promauto.With(reg).NewGaugeFunc(prometheus.GaugeOpts{
		Name: "octo_circuit_open", Help: "1 while OCTO is not called, because it has not answered several times in a row.",
	}, t.leftAlone)
	for _, call := range []string{prepare, readBack, refund, setAccept} {
		for _, outcome := range []string{"ok", "refused", "unclear"} {
			t.took.WithLabelValues(call, outcome)
		}
	}
	return t
}

// leftAlone is 1 while callers are turned away: for openFor, and while one of them tries whether OCTO answers again. It is asked for
// when somebody looks, because without a caller nothing else notices that openFor is over.
func (t *transport) leftAlone() float64 {
	state, n := t.breaker.State(), t.breaker.Counts()
	if state == gobreaker.StateOpen || state == gobreaker.StateHalfOpen && n.Requests > n.TotalExclusions {
		return 1
	}
	return 0
}

func newUnknown(reg prometheus.Registerer) *prometheus.CounterVec {
	v := promauto.With(reg).NewCounterVec(prometheus.CounterOpts{
		Name: "octo_unknown_statuses_total",
		Help: "Statuses that we do not know, by what told them. They change nothing: a person must look at what OCTO means.",
	}, []string{"where"})
	for _, where := range []string{prepare, readBack, refund, setAccept, fromCallback} {
		v.WithLabelValues(where)
	}
	return v
}

// request is a call that is to be made.
type request struct {
	path    string
	counted string // as which call
	id      string // for the log
	retries int
	body    any
}

// answered says whether a call failed because OCTO said so, in its own way.
func answered(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && (errors.Is(e, ErrRefused) || e.Code == tooOften)
}

// call makes a call, unless those before it have found nobody.
func (t *transport) call(ctx context.Context, r request) (answer, error) {
	a, err := t.breaker.Execute(func() (answer, error) { return t.try(ctx, r) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return a, &Error{Call: r.path, meaning: ErrNotDone, why: "not called, because it did not answer before", unsent: true}
	}
	return a, err
}

// try makes a call, and repeats it while its fate is unclear. A refusal says nothing of a call before it.
func (t *transport) try(ctx context.Context, r request) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	body, err := json.Marshal(r.body)
	if err != nil {
		return answer{}, &Error{Call: r.path, meaning: ErrInvalid, why: "its body cannot be written"}
	}
	maybeDone := false
	for try := 0; ; try++ {
		a, failed := t.timed(ctx, r, body)
		if failed == nil {
			return a, nil
		}
		if errors.Is(failed, ErrRefused) {
			if maybeDone { // OCTO may refuse the repeat of what it has done already
				failed.meaning, failed.why = ErrUnclear, "refused, but the call before it may have been done"
			}
			return answer{}, failed
		}
		maybeDone = maybeDone || !failed.unsent && failed.Code != tooOften
		if try == r.retries || !t.wait(ctx, delay(try, failed.unsent)) {
			if !maybeDone {
				failed.meaning = ErrNotDone
			}
			return answer{}, failed
		}
	}
}

// delay spreads repeats at random. A call that OCTO may have seen is not repeated at once: that would be too often.
func delay(try int, unsent bool) time.Duration {
	d := rand.N(backoff << try) //nolint:gosec // spreads work, keeps no secret
	if unsent {
		return d
	}
	return interval + d
}

// wait returns false when ctx would end before d has passed.
func wait(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func (t *transport) timed(ctx context.Context, r request, body []byte) (answer, *Error) {
	start, outcome := time.Now(), "ok"
	a, failed := t.send(ctx, r, body)
	switch {
	case failed == nil:
	case errors.Is(failed, ErrRefused):
		outcome = "refused"
	default:
		outcome = "unclear"
	}
	t.took.WithLabelValues(r.counted, outcome).Observe(time.Since(start).Seconds())
	return a, failed
}

func (t *transport) send(ctx context.Context, r request, body []byte) (answer, *Error) {
	unclear := func(why string) (answer, *Error) {
		return answer{}, &Error{Call: r.path, meaning: ErrUnclear, why: why}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.base+r.path, bytes.NewReader(body))
	if err != nil {
		return unclear("no request") // its URL was checked
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	res, err := t.http.Do(req)
	if err != nil {
		return answer{}, lost(ctx, r.path, err)
	}
	defer res.Body.Close()
	if res.TLS != nil && len(res.TLS.PeerCertificates) > 0 {
		t.expires.WithLabelValues().Set(float64(res.TLS.PeerCertificates[0].NotAfter.Unix()))
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, lost(ctx, r.path, err)
	}
	status := "answered with status " + strconv.Itoa(res.StatusCode)
	if len(text) > maxAnswer {
		return unclear(status + " and too long a body")
	}
	a, readable := decode(text)
	switch {
	case !readable:
		return unclear(status + " and not in its own way")
	case a.code == 0:
		return a, nil // whatever the status
	case res.StatusCode >= http.StatusInternalServerError, a.code == tooOften:
		return answer{}, &Error{Call: r.path, Code: a.code, meaning: ErrUnclear, why: status}
	}
	t.log.WarnContext(ctx, "octo refused a call", "call", r.counted, "payment", r.id, "code", a.code, "said", t.clean(a.message, longestMessage))
	return answer{}, &Error{Call: r.path, Code: a.code, meaning: ErrRefused}
}

// lost says in our words why there was no answer: an error of net/http quotes what it could not read.
func lost(ctx context.Context, path string, err error) *Error {
	e := &Error{Call: path, meaning: ErrUnclear, why: "the connection was lost, or it is not HTTP", cause: ctx.Err()}
	if e.cause != nil {
		e.why = "no answer in time"
	}
	if op, ok := errors.AsType[*net.OpError](err); ok {
		e.unsent = op.Op == "dial"
		if e.cause == nil {
			e.why = op.Error()
		}
	}
	return e
}
