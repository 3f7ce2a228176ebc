// Package tracing follows requests through our processes with OpenTelemetry: who called whom, and what took how long.
//
// It is off until OTEL_EXPORTER_OTLP_ENDPOINT says where spans go to. All else is said by OpenTelemetry's own variables
// (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/), such as OTEL_TRACES_SAMPLER. Traces
// begin with requests and jobs: what the process does by itself makes none.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/time/rate"
)

// Config is a part of the configuration of every service.
type Config struct {
	// Endpoint is where spans are sent to, by OTLP over HTTP: the address of a collector, such as http://collector:4318. Empty
	// sends none. OpenTelemetry's other variables hold too, such as OTEL_TRACES_SAMPLER=parentbased_traceidratio with
	// OTEL_TRACES_SAMPLER_ARG=0.01, which keeps one trace in a hundred.
	Endpoint string `env:"OTEL_EXPORTER_OTLP_ENDPOINT"`

	// TracesEndpoint is where spans are sent to in its place: the whole URL, with its path.
	TracesEndpoint string `env:"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"`

	// Protocol is http/protobuf. Another one is refused: nothing here speaks it.
	Protocol string `env:"OTEL_EXPORTER_OTLP_PROTOCOL" envDefault:"http/protobuf"`
}

// flushTimeout bounds the sending of the last spans. The process ends without them if it must.
const flushTimeout = 5 * time.Second

var on atomic.Bool

// On says whether traces are made.
func On() bool { return on.Load() }

// Start lets the process make traces under the name of the service, if cfg wants them. It comes before all that they follow.
// stop sends the last of them.
func Start(ctx context.Context, cfg Config, service, version string, log *slog.Logger) (stop func(), err error) {
	if cfg.Endpoint+cfg.TracesEndpoint == "" || os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return func() {}, nil
	}
	if cfg.Protocol != "http/protobuf" {
		return nil, fmt.Errorf("reading OTEL_EXPORTER_OTLP_PROTOCOL: %q is not http/protobuf, which is all that there is", cfg.Protocol)
	}
	exporter, err := otlptracehttp.New(ctx) // it reads the endpoint, and what else there is
	if err != nil {
		return nil, fmt.Errorf("opening the exporter of traces: %w", err)
	}
	about, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithHost(), resource.WithAttributes(
		attribute.String("service.name", service), attribute.String("service.version", version)), resource.WithFromEnv())
	if err != nil {
		return nil, fmt.Errorf("describing this process for its traces: %w", err)
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	seldom := rate.Sometimes{Interval: time.Minute}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		seldom.Do(func() { log.Warn("traces are lost", "err", err) })
	}))
	otel.SetTracerProvider(provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	on.Store(true)
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		_ = provider.Shutdown(ctx) // the handler has said what is wrong
	}, nil
}
