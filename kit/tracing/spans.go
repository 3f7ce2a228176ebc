package tracing

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/exaring/otelpgx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/extra/redisotel/v9"
	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/slippers-api/slippers/kit/tracing"

var asServer = trace.WithSpanKind(trace.SpanKindServer)

// Server makes a span of each request, within the trace that its traceparent names. Routes name spans: a path would hold ids.
func Server() echo.MiddlewareFunc {
	tracer := otel.Tracer(scope) // once: Echo makes its chain anew for each request
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			ctx := r.Context()
			if _, told := r.Header["Traceparent"]; told { // else there is nothing to look for
				ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.HeaderCarrier(r.Header))
			}
			ctx, span := tracer.Start(ctx, c.Path(), asServer)
			defer span.End()
			c.SetRequest(r.WithContext(ctx))
			err := next(c)
			if span.IsRecording() { // most are not: they must cost little
				describe(span, c)
			}
			return err
		}
	}
}

func describe(span trace.Span, c echo.Context) {
	method, status := c.Request().Method, c.Response().Status
	span.SetName(method + " " + c.Path())
	if c.Path() == "" {
		span.SetName("unmatched")
	}
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", c.Path()),
		attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}

// Transport makes a span of each call through next, and tells who is called of the trace.
func Transport(next http.RoundTripper) http.RoundTripper {
	if !On() {
		return next
	}
	return otelhttp.NewTransport(unsaid{next}, otelhttp.WithTracerProvider(within{otel.GetTracerProvider()}))
}

// unsaid leaves of a call's address only where it goes: paths have ids of sessions, and queries what people search for. The span
// of who is called has the route.
type unsaid struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (u unsaid) RoundTrip(r *http.Request) (*http.Response, error) {
	trace.SpanFromContext(r.Context()).SetAttributes(attribute.String("url.full", r.URL.Scheme+"://"+r.URL.Host))
	return u.RoundTripper.RoundTrip(r)
}

// Queries makes a span of each statement, with its text but without its arguments. Others watch too; those that are nil do not.
func Queries(others ...pgx.QueryTracer) pgx.QueryTracer {
	all := slices.DeleteFunc(others, func(t pgx.QueryTracer) bool { return t == nil })
	if On() {
		all = append(all, otelpgx.NewTracer(otelpgx.WithDisableConnectionDetailsInAttributes()))
	}
	switch len(all) {
	case 0:
		return nil
	case 1:
		return all[0]
	}
	return multitracer.New(all...)
}

// Redis makes a span of each command, by its name alone: keys may hold phone numbers.
func Redis(c redis.UniversalClient) error {
	if !On() {
		return nil
	}
	return redisotel.InstrumentTracing(c, redisotel.WithDBStatement(false), redisotel.WithCallerEnabled(false),
		redisotel.WithTracerProvider(within{otel.GetTracerProvider()}))
}

// Within begins a span of work that is worth one within a request. end ends it.
func Within(ctx context.Context, name string) (_ context.Context, end func()) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func() {}
	}
	ctx, span := otel.Tracer(scope).Start(ctx, name)
	return ctx, func() { span.End() }
}

// ID returns the id of the trace that ctx is in, or "" when nobody keeps that.
func ID(ctx context.Context) string {
	if s := trace.SpanContextFromContext(ctx); s.IsSampled() {
		return s.TraceID().String()
	}
	return ""
}

// Observe observes how long something took, with its trace as an example where one is kept.
func Observe(ctx context.Context, o prometheus.Observer, took time.Duration) {
	if id := ID(ctx); id != "" {
		if e, ok := o.(prometheus.ExemplarObserver); ok {
			e.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": id})
			return
		}
	}
	o.Observe(took.Seconds())
}

// within makes spans within others only.
type within struct{ trace.TracerProvider }

// Tracer implements trace.TracerProvider.
func (w within) Tracer(name string, o ...trace.TracerOption) trace.Tracer {
	return tracerWithin{w.TracerProvider.Tracer(name, o...)}
}

type tracerWithin struct{ trace.Tracer }

// Start implements trace.Tracer. A trace that is not kept goes on as such in what is called.
func (t tracerWithin) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	if span := trace.SpanFromContext(ctx); !span.IsRecording() {
		return ctx, notKept{span}
	}
	return t.Tracer.Start(ctx, name, o...)
}

// notKept is a span that nobody ends by mistake, being another's.
type notKept struct{ trace.Span }

// End implements trace.Span.
func (notKept) End(...trace.SpanEndOption) {}
