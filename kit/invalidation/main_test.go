package invalidation_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/kit/invalidation"
	"github.com/slippers-api/slippers/kit/stamp"
	"github.com/slippers-api/slippers/kit/testkit"
)

func TestMain(m *testing.M) {
	testkit.Main(m, testkit.Schema{Migrate: func(ctx context.Context, url string) error {
		c, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		_, err = c.Exec(ctx, `
			CREATE TABLE outbox (
				id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tags text[] NOT NULL,
				created_at timestamptz NOT NULL DEFAULT now(), done_at timestamptz
			);
			CREATE TABLE things (id bigint PRIMARY KEY)`)
		return err
	}})
}

// process is one replica of a service.
type process struct {
	*invalidation.Outbox
	reg *prometheus.Registry
	log *lines
}

// lines is a log that can be waited for.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case l.more <- struct{}{}:
	default:
	}
	return l.text.Write(b)
}

func (l *lines) count(what string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte(what))
}

func start(db *pgxpool.Pool, rdb redis.UniversalClient) process {
	p := process{reg: prometheus.NewRegistry(), log: &lines{more: make(chan struct{}, 1)}}
	p.Outbox = invalidation.New(invalidation.Setup{
		DB: db, Redis: rdb, Table: "outbox", Kinds: []string{"list", "thing"}, Registry: p.reg, Log: slog.New(slog.NewTextHandler(p.log, nil)),
	})
	return p
}

// round makes one, or fails the test.
func (p process) round(t *testing.T) {
	t.Helper()
	if err := p.Round(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// bumps returns how many tags of a kind were bumped by a source.
func (p process) bumps(t *testing.T, kind, source string) int {
	t.Helper()
	all, err := p.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range all {
		for _, m := range family.GetMetric() {
			l := m.GetLabel()
			if family.GetName() == "cache_invalidations_total" && l[0].GetValue() == source && l[1].GetValue() == kind {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	t.Fatalf("nothing counts %s by %s", kind, source)
	return 0
}

// shop is a database and a Redis, and two replicas that have made their first round.
type shop struct {
	db  *pgxpool.Pool
	rdb *testkit.OwnRedis
	process
	other process
}

func open(t *testing.T) shop {
	t.Helper()
	db, rdb := testkit.Postgres(t), testkit.NewOwnRedis(t)
	s := shop{db, rdb, start(db, rdb.Client), start(db, rdb.Client)}
	s.round(t)
	s.other.round(t)
	return s
}

// stamps returns a function that says which of the tags were bumped since it was last called.
func (s shop) stamps(t *testing.T, tags ...string) func() string {
	t.Helper()
	read := func() (all []string) {
		for _, tag := range tags {
			all = append(all, s.rdb.Get(t.Context(), stamp.Key(tag)).Val())
		}
		return all
	}
	was := read()
	return func() string {
		now, out := read(), ""
		for i, tag := range tags {
			if now[i] != was[i] {
				out += tag + " "
			}
		}
		was = now
		return out
	}
}

// record commits a write and does not publish it: the process ends just then.
func (s shop) record(t *testing.T, tags ...string) (p invalidation.Pending) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), s.db, func(tx pgx.Tx) (err error) {
		p, err = s.Record(t.Context(), tx, tags...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// later lets a while pass for all rows.
func (s shop) later(t *testing.T, while time.Duration) {
	t.Helper()
	s.exec(t, `UPDATE outbox SET created_at = created_at - $1::interval, done_at = done_at - $1::interval`, while)
}

func (s shop) exec(t *testing.T, query string, args ...any) {
	t.Helper()
	if _, err := s.db.Exec(t.Context(), query, args...); err != nil {
		t.Fatal(err)
	}
}

// rows says how many rows there are, and how many of them are done.
func (s shop) rows(t *testing.T) string {
	t.Helper()
	var all, done int
	if err := s.db.QueryRow(t.Context(), `SELECT count(*), count(done_at) FROM outbox`).Scan(&all, &done); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d, %d done", all, done)
}
