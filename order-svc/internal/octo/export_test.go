package octo

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// NewWaiting is New with a wait of the test's own.
func NewWaiting(cfg Config, reg prometheus.Registerer, log *slog.Logger, wait func(context.Context, time.Duration) bool) (*Client, error) {
	return newClient(cfg, reg, log, wait)
}

// Wait is how a client waits between repeats.
var Wait = wait
