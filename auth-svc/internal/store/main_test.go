package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/crypto/bcrypt"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/auth-svc/internal/store"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Migrate: migrations.Auth.Up, Role: migrations.Auth.Role})
}

// tokens makes access tokens that name their session.
type tokens struct{}

func (tokens) Access(_ account.User, sessionID string, _ time.Time) (string, error) {
	return sessionID, nil
}

// ears hear which sessions ended.
type ears struct {
	mu    sync.Mutex
	ended []string
}

func (e *ears) Announce(_ context.Context, ids ...string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ended = append(e.ended, ids...)
	return nil
}

// phone keeps the codes that were sent to it.
type phone struct{ codes []string }

func (p *phone) ResetCode(_ context.Context, _ account.User, code string) error {
	p.codes = append(p.codes, code)
	return nil
}

// house is the whole domain over a database.
type house struct {
	account.Entry
	account.Changing
	account.Recovery
	users    store.Users
	sessions store.Sessions
	db       *pgxpool.Pool
	rdb      *testkit.OwnRedis
	outbox   *invalidation.Outbox
	heard    *ears
	phone    *phone
}

// unlimited lets everybody try as often as they like.
type unlimited struct{}

func (unlimited) Login(context.Context, string, string) (func(error), error) {
	return func(error) {}, nil
}

func (u unlimited) Reset(ctx context.Context, number, address string) (func(error), error) {
	return u.Login(ctx, number, address)
}
func (unlimited) Forgot(context.Context, string, string) error { return nil }
func (unlimited) Remember(context.Context, string, string)     {}

func open(t *testing.T) house {
	t.Helper()
	db := testkit.Postgres(t)
	passwords, err := account.NewPasswords(account.PasswordConfig{Scheme: account.Bcrypt, BcryptCost: bcrypt.MinCost})
	if err != nil {
		t.Fatal(err)
	}
	rdb := testkit.NewOwnRedis(t)
	outbox := store.NewOutbox(db, rdb.Client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	users, sessions, heard, phone := store.NewUsers(db, outbox), store.NewSessions(db), &ears{}, &phone{}
	return house{
		Entry: account.Entry{
			Users: users, Sessions: sessions, Passwords: passwords, Tokens: tokens{}, Revoked: heard, Attempts: unlimited{},
			Lifetimes: account.Lifetimes{Access: 15 * time.Minute, Refresh: 24 * time.Hour, Session: 8 * time.Hour},
		},
		Changing: account.Changing{Users: users, Passwords: passwords, Revoked: heard, Attempts: unlimited{}},
		Recovery: account.Recovery{
			Users: users, Codes: store.NewCodes(db, outbox), Passwords: passwords, Notifier: phone, Revoked: heard, Attempts: unlimited{}, Key: []byte("key"),
		},
		users: users, sessions: sessions, db: db, rdb: rdb, outbox: outbox, heard: heard, phone: phone,
	}
}

const password = "long enough"

var numbers atomic.Int64

func number() string { return fmt.Sprintf("+99890%07d", numbers.Add(1)) }

// guest registers somebody new.
func (h house) guest(t *testing.T) account.Bundle {
	t.Helper()
	b, err := h.Register(t.Context(), account.NewUser{
		Name: "Aziza", Surname: "Karimova", PhoneNumber: number(), Password: password, Confirm: password,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// again lets somebody in once more.
func (h house) again(t *testing.T, b account.Bundle) account.Bundle {
	t.Helper()
	b, err := h.Login(t.Context(), account.Credentials{PhoneNumber: b.User.PhoneNumber, Password: password})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// in fails the test unless the session of b goes on, or not.
func (h house) in(t *testing.T, b account.Bundle, want bool) {
	t.Helper()
	active, err := h.sessions.Active(t.Context(), b.AccessToken)
	if active != want || err != nil {
		t.Errorf("the session goes on: %v, %v, want %v", active, err, want)
	}
	if _, err := h.Refresh(t.Context(), account.Secret(b.RefreshToken)); (err == nil) != want {
		t.Errorf("refreshing: %v, want success %v", err, want)
	}
}

// broken returns the pointers that a fault names.
func broken(err error) string {
	var all []string
	if f := fault.Of(err); f != nil {
		for _, b := range f.Broken {
			all = append(all, b.Pointer)
		}
	}
	return strings.Join(all, " ")
}
