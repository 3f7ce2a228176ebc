// Octosim serves a simulated OCTO, for developers and journeys. Whoever reaches it may steer it.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/caarlos0/env/v11"
	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/e2e/octosim"
)

// version is stamped by the build.
var version = "dev"

// config is everything that may differ between two simulators.
type config struct {
	Octo octosim.Config

	// Addr is where all of it is served. It is of this machine only, because nothing guards /control.
	Addr string `env:"OCTOSIM_ADDR" envDefault:"127.0.0.1:8090"`
}

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("service", "octosim")
	if err := run(log); err != nil {
		log.Error("stopped", "err", err)
		os.Exit(1)
	}
}

func run(log *slog.Logger) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	cfg, err := env.ParseAs[config]()
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	cfg.Octo.Log = log
	sim := octosim.New(cfg.Octo)
	defer sim.Close()
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return err
	}
	// No write time-out: an answer may have to hang.
	server := &http.Server{Handler: sim, ReadTimeout: 30 * time.Second}
	log.Info("serving", "addr", l.Addr().String(), "version", version)

	var g errgroup.Group
	g.Go(func() error {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			stop()
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		return server.Close() // what is under way is a simulated failure at worst
	})
	return g.Wait()
}
