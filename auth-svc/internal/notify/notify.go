// Package notify reaches users outside of the API.
package notify

import (
	"context"
	"errors"
	"log/slog"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
)

// Config says how users are reached.
type Config struct {
	// Notifier is log, which writes codes to the log for whoever develops, or none, which sends nothing: nobody can then
	// reset a password.
	Notifier string `env:"NOTIFIER" envDefault:"none"`
}

// New returns what cfg asks for.
func New(cfg Config, log *slog.Logger) (account.Notifier, error) {
	switch cfg.Notifier {
	case "log":
		return toLog{log}, nil
	case "none":
		return nobody{log}, nil
	default:
		return nil, errors.New("reading NOTIFIER: must be log or none")
	}
}

type toLog struct{ log *slog.Logger }

func (n toLog) ResetCode(ctx context.Context, u account.User, code string) error {
	n.log.InfoContext(ctx, "reset code", "user_id", u.ID, "code", code)
	return nil
}

type nobody struct{ log *slog.Logger }

func (n nobody) ResetCode(ctx context.Context, u account.User, _ string) error {
	n.log.WarnContext(ctx, "a reset code was asked for, and NOTIFIER is none", "user_id", u.ID)
	return nil
}
