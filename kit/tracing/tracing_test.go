package tracing_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/slippers-api/slippers/kit/tracing"
)

func TestWhatCannotBeSentIsNotMade(t *testing.T) {
	t.Parallel()
	log := slog.New(slog.DiscardHandler)
	stop, err := tracing.Start(t.Context(), tracing.Config{Protocol: "http/protobuf"}, "shop", "1", log)
	if err != nil || tracing.On() {
		t.Errorf("without a collector traces are made: %v, %v", tracing.On(), err)
	} else {
		stop()
	}
	_, err = tracing.Start(t.Context(), tracing.Config{TracesEndpoint: "http://127.0.0.1:1/v1/traces", Protocol: "grpc"}, "shop", "1", log)
	if err == nil || !strings.Contains(err.Error(), "OTEL_EXPORTER_OTLP_PROTOCOL") || tracing.On() {
		t.Errorf("gRPC: %v, %v", tracing.On(), err)
	}
}
