// Package logging makes the log of a process: structured lines on one stream, at a level that can be changed while it runs.
package logging

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"github.com/slippers-api/slippers/kit/tracing"
)

// Format is how lines are written.
type Format string

// The formats.
const (
	JSON Format = "json" // for machines
	Text Format = "text" // for people
)

var errFormat = errors.New("must be json or text")

// UnmarshalText implements encoding.TextUnmarshaler.
func (f *Format) UnmarshalText(b []byte) error {
	switch *f = Format(b); *f {
	case JSON, Text:
		return nil
	}
	return errFormat
}

// Config is a part of the configuration of every service.
type Config struct {
	// Format is json, for machines, or text, for people.
	Format Format `env:"LOG_FORMAT" envDefault:"json"`

	// Level is the least that is written: debug, info, warn or error. PUT /log-level?level=debug on the ops port changes it in
	// the running process.
	Level slog.Level `env:"LOG_LEVEL" envDefault:"info"`
}

// Level is from where on lines are written, for operators to read and change over HTTP.
type Level struct {
	level *slog.LevelVar
	log   *slog.Logger
}

// New returns the log of the service on out. The zero Config is good enough to say what is wrong with the real one.
func New(cfg Config, service string, out io.Writer) (*slog.Logger, Level) {
	level := new(slog.LevelVar)
	level.Set(cfg.Level)
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewJSONHandler(out, o)
	if cfg.Format == Text {
		h = slog.NewTextHandler(out, o)
	}
	log := slog.New(traced{h}).With("service", service)
	return log, Level{level, log}
}

// ServeHTTP answers with the level, after setting it for a PUT to what ?level= says.
func (l Level) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPut {
		var level slog.Level
		if err := level.UnmarshalText([]byte(r.URL.Query().Get("level"))); err != nil {
			http.Error(w, "level must be debug, info, warn or error", http.StatusUnprocessableEntity)
			return
		}
		if was := l.level.Level(); was != level {
			l.level.Set(level)
			l.log.Warn("log level changed", "from", was, "to", level)
		}
	}
	_, _ = io.WriteString(w, l.level.Level().String()+"\n") // who has gone needs no answer
}

// traced names the trace that a line belongs to.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (t traced) Handle(ctx context.Context, r slog.Record) error {
	if id := tracing.ID(ctx); id != "" {
		r.AddAttrs(slog.String("trace_id", id))
	}
	return t.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (t traced) WithAttrs(attrs []slog.Attr) slog.Handler { return traced{t.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (t traced) WithGroup(name string) slog.Handler { return traced{t.Handler.WithGroup(name)} }
