package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/signing"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
	"github.com/slippers-api/slippers/kit/environ"
	"github.com/slippers-api/slippers/kit/postgres"
	"github.com/slippers-api/slippers/kit/redis"
)

var errUsage = errors.New("usage: auth-svc [generate-key | hash-password | create-admin NAME SURNAME PHONE]")

// command is what auth-svc does for an operator instead of serving.
func command(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == "generate-key":
		key, err := signing.Generate()
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(key)
		return err
	case len(args) == 1 && args[0] == "hash-password":
		_, hash, err := typed(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Println(hash)
		return err
	case len(args) == 4 && args[0] == "create-admin":
		return createAdmin(ctx, account.NewUser{Name: args[1], Surname: args[2], PhoneNumber: args[3]})
	default:
		return errUsage
	}
}

// typed returns the password on standard input and its hash.
func typed(ctx context.Context) (password, hash string, err error) {
	cfg, err := environ.Read[account.PasswordConfig]()
	if err != nil {
		return "", "", fmt.Errorf("reading the configuration: %w", err)
	}
	passwords, err := account.NewPasswords(cfg)
	if err != nil {
		return "", "", err
	}
	b, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<10))
	if err != nil {
		return "", "", fmt.Errorf("reading the password: %w", err)
	}
	password = strings.TrimRight(string(b), "\r\n")
	if password == "" {
		return "", "", errors.New("reading the password: standard input is empty")
	}
	hash, err = passwords.Hash(ctx, password)
	return password, hash, err
}

func createAdmin(ctx context.Context, n account.NewUser) error {
	password, hash, err := typed(ctx)
	if err != nil {
		return err
	}
	n.Password, n.Confirm = password, password
	n = n.Trimmed()
	if err := n.Validate(); err != nil {
		return fmt.Errorf("checking the administrator: %w", err)
	}
	cfg, err := environ.Read[struct {
		Postgres postgres.Config
		Redis    redis.Config
	}]()
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	db, err := postgres.Open(ctx, cfg.Postgres)
	if err != nil {
		return err
	}
	defer db.Close()
	rdb, err := redis.Open(cfg.Redis)
	if err != nil {
		return err
	}
	defer rdb.Close()
	// What cannot be bumped from here waits for the routine of a server.
	outbox := store.NewOutbox(db, rdb, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	u, err := store.NewUsers(db, outbox).Create(ctx, account.User{
		Name: n.Name, Surname: n.Surname, PhoneNumber: n.PhoneNumber, PasswordHash: hash, Admin: true,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Printf("administrator %d can log in\n", u.ID)
	return err
}
