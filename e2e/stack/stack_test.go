package stack_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/e2e/stack"
)

// start returns what the programs of the machine bring up in dir.
func start(t *testing.T, dir string, keep bool) *stack.Servers {
	t.Helper()
	t.Setenv("DATABASE_URL", "")
	t.Setenv("REDIS_URL", "")
	t.Setenv("SLIPPERS_PROVIDER", "local")
	s, err := stack.Start(t.Context(), stack.Options{Dir: dir, Keep: keep, Statements: true, Out: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// folder is one that PostgreSQL's own user gets through to.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "stack-") //nolint:usetesting // PostgreSQL's user does not get into t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func stop(t *testing.T, s *stack.Servers) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

func ask[T any](t *testing.T, url, sql string) (answer T) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if err := c.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

// needLocal says what the machine must have for the tests of the local provider.
func needLocal(t *testing.T) {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres"); len(found) == 0 {
		t.Skip("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
	}
	_, redisErr := exec.LookPath("redis-server")
	if _, err := exec.LookPath("valkey-server"); err != nil && redisErr != nil {
		t.Skip("neither redis-server nor valkey-server on PATH: apt-get install redis-server")
	}
}

func TestWhatIsKeptIsThereTheNextTime(t *testing.T) {
	needLocal(t)
	dir := folder(t)
	s := start(t, dir, true)
	if got := ask[string](t, s.Postgres.URL, `SHOW fsync`); got != "on" {
		t.Errorf("data to keep are written with fsync %s", got)
	}
	if n := ask[int](t, s.Postgres.URL, `SELECT count(*) FROM pg_stat_statements`); n == 0 {
		t.Error("nobody counts what statements cost")
	}
	made := ask[time.Time](t, s.Postgres.URL, `SELECT (pg_stat_file('PG_VERSION')).modification`)
	stop(t, s)

	// A first run that was killed half-way leaves this.
	if err := os.MkdirAll(filepath.Join(dir, "postgres", "data.new", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	again := start(t, dir, true)
	if got := ask[time.Time](t, again.Postgres.URL, `SELECT (pg_stat_file('PG_VERSION')).modification`); !got.Equal(made) {
		t.Errorf("the data of the second run were made at %s, want those of %s", got, made)
	}
	stop(t, again)
}

func TestAHalfMadeClusterIsMadeAgain(t *testing.T) {
	needLocal(t)
	dir := folder(t)
	if err := os.MkdirAll(filepath.Join(dir, "postgres", "data", "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, false)
	if got := ask[int](t, s.Postgres.URL, `SELECT 7`); got != 7 {
		t.Errorf("it answers %d, want 7", got)
	}
	stop(t, s)
}

func TestDataOfAnotherVersionAreRefused(t *testing.T) {
	needLocal(t)
	dir := folder(t)
	data := filepath.Join(dir, "postgres", "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "PG_VERSION"), []byte("9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("DATABASE_URL", "")
	t.Setenv("SLIPPERS_PROVIDER", "local")
	_, err := stack.Start(t.Context(), stack.Options{Dir: dir, Keep: true})
	if err == nil || !strings.Contains(err.Error(), "need PostgreSQL 9") || !strings.Contains(err.Error(), "rm -rf "+data) {
		t.Errorf("starting on the data of version 9 = %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err != nil {
		t.Errorf("the data are gone: %v", err)
	}
}

func TestTheEmbeddedRedisKeepsTimeAndRunsScripts(t *testing.T) {
	t.Setenv("DATABASE_URL", "postgres://given")
	t.Setenv("REDIS_URL", "")
	t.Setenv("SLIPPERS_PROVIDER", "fallback")
	var said strings.Builder
	s, err := stack.Start(t.Context(), stack.Options{Dir: folder(t), Out: &said})
	if err != nil {
		t.Fatal(err)
	}
	defer stop(t, s)
	if s.Postgres.URL != "postgres://given" || !strings.Contains(s.Redis.From, "EMBEDDED") || !strings.Contains(said.String(), "NO REDIS ON THIS MACHINE") {
		t.Errorf("got PostgreSQL %s, Redis from %s, and heard %q", s.Postgres.URL, s.Redis.From, said.String())
	}
	o, err := redis.ParseURL(s.Redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	got, err := c.Eval(t.Context(), `redis.call('SET', KEYS[1], ARGV[1], 'PX', 1000) return redis.call('GET', KEYS[1])`, []string{"k"}, "v").Text()
	if got != "v" || err != nil {
		t.Errorf("a script = %q, %v", got, err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for c.Exists(t.Context(), "k").Val() == 1 {
		if time.Now().After(deadline) {
			t.Fatal("a key for one second is there after twenty")
		}
	}
}

func TestAServerThatDiesIsNoticed(t *testing.T) {
	needLocal(t)
	s := start(t, folder(t), false)
	defer stop(t, s)
	o, err := redis.ParseURL(s.Redis.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	_ = c.Shutdown(t.Context()).Err() // it does not answer
	select {
	case <-s.Redis.Ended():
	case <-time.After(20 * time.Second):
		t.Error("Redis ended and nobody says so")
	}
	select {
	case <-s.Postgres.Ended():
		t.Error("PostgreSQL is said to have ended")
	default:
	}
}

func TestAProviderOfNoName(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	t.Setenv("SLIPPERS_PROVIDER", "cloud")
	if _, err := stack.Start(t.Context(), stack.Options{Dir: folder(t)}); err == nil || !strings.Contains(err.Error(), `"cloud"`) {
		t.Errorf("starting with a provider that is none = %v", err)
	}
}
