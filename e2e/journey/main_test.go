// Package journey_test goes through the running store as its users do: real processes, PostgreSQL and Redis, and nothing
// but HTTP.
package journey_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"github.com/slippers-api/slippers/e2e/shop"
	"github.com/slippers-api/slippers/kit/testkit"
	"github.com/slippers-api/slippers/migrations"
)

func TestMain(m *testing.M) {
	testkit.Main(built{m}, testkit.Schema{Migrate: func(ctx context.Context, url string) error {
		for _, s := range migrations.All() {
			if err := s.Up(ctx, url); err != nil {
				return err
			}
		}
		return nil
	}})
}

// common is the folder of the built services and of the secrets. All stores share them, because they share a PostgreSQL,
// where roles and their passwords belong to the server.
var common string

// built builds the services once, around all tests.
type built struct{ *testing.M }

// Run implements testkit's.
func (b built) Run() int {
	var err error
	if common, err = os.MkdirTemp("", "slippers-journey-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(common)
	cmd := exec.Command("go", "build", "-o", common+"/", "./auth-svc", "./catalog-svc", "./gateway", "./order-svc", "./e2e/cmd/octosim")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "../..", os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building the services:", err)
		return 1
	}
	return b.M.Run()
}

// store is a store of the test's own.
type store struct {
	*shop.Shop
	shop.Options
	db  *pgxpool.Pool // as the owner of all tables
	log *logs
}

// unlimited lets a test ask and try as often as it likes.
var unlimited = []string{
	"RATE_LIMITS=default=1000000/60s,health=1000000/60s,login=1000000/60s,register=1000000/60s,refresh=1000000/60s,reset=1000000/60s,payment=1000000/60s,notice=1000000/60s,guest=1000000/60s",
	"ATTEMPT_LIMITS=login=1000000/60s,account=1000000/60s,forgot=1000000/60s,reset=1000000/60s",
}

// open starts a store with nothing in it.
func open(t *testing.T, env ...string) *store {
	t.Helper()
	return openOn(t, func(o *shop.Options) { o.Env = append(o.Env, env...) })
}

// openOn is open for a store that differs from others in what change does.
func openOn(t *testing.T, change func(*shop.Options)) *store {
	t.Helper()
	ports, err := shop.FreePorts()
	if err != nil {
		t.Fatal(err)
	}
	db := testkit.Postgres(t)
	address, err := url.Parse(os.Getenv("TEST_DATABASE_URL"))
	if err != nil {
		t.Fatal(err)
	}
	address.Path = "/" + db.Config().ConnConfig.Database
	log := &logs{}
	number := <-redisNumbers
	t.Cleanup(func() { redisNumbers <- number })
	redisURL, err := url.Parse(os.Getenv("TEST_REDIS_URL"))
	if err != nil {
		t.Fatal(err)
	}
	redisURL.Path = "/" + strconv.Itoa(number)
	s := &store{db: db, log: log, Options: shop.Options{
		Bin: common, Dir: common, DatabaseURL: address.String(), RedisURL: redisURL.String(), Ports: ports,
		// Fast hashes, and pools so small that all stores together fit into one PostgreSQL.
		Env: slices.Concat([]string{"BCRYPT_COST=4", "DB_POOL_SIZE=4", "DB_MAX_OVERFLOW=2"}, unlimited), Out: log,
	}}
	empty(t, s.RedisURL)
	change(&s.Options)
	if err := shop.Migrate(t.Context(), s.Options); err != nil {
		t.Fatal(err)
	}
	if s.Shop, err = shop.Start(t.Context(), s.Options); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Errorf("stopping: %v", err)
		}
		if t.Failed() {
			t.Log(log)
		}
	})
	return s
}

// redisNumbers are the databases of one Redis: a store has one for itself, because its keys are those of any store.
var redisNumbers = func() chan int {
	const some = 15
	c := make(chan int, some)
	for n := range some {
		c <- n + 1
	}
	return c
}()

// empty leaves nothing of another store in a database of Redis.
func empty(t *testing.T, address string) {
	t.Helper()
	o, err := redis.ParseURL(address)
	if err != nil {
		t.Fatal(err)
	}
	c := redis.NewClient(o)
	defer c.Close()
	if err := c.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// logs keeps what the services say, for tests that fail.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

var client = &http.Client{
	Timeout:       time.Minute,
	Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// field returns a member of the answer, which may be nested: "user.id".
func (a answer) field(t *testing.T, path string) any {
	t.Helper()
	var v any
	d := json.NewDecoder(strings.NewReader(a.body))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s is no JSON: %v", a.body, err)
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(in) {
				t.Fatalf("%s has no %s", a.body, path)
			}
			v = in[i]
		}
	}
	return v
}

func (a answer) text(t *testing.T, path string) string {
	t.Helper()
	return fmt.Sprint(a.field(t, path))
}

// visitor calls the store as one person.
type visitor struct {
	store *store
	token string
	id    string
	phone string
}

// call sends "METHOD /path" with a body, and "Header: value" lines.
func (v visitor) call(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r, err := http.NewRequestWithContext(t.Context(), method, v.store.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", request, err)
	}
	return answer{res.StatusCode, res.Header, string(b)}
}

// must is call for a request that has to succeed.
func (v visitor) must(t *testing.T, request, body string, headers ...string) answer {
	t.Helper()
	a := v.call(t, request, body, headers...)
	if a.status >= 300 {
		t.Fatalf("%s = %d %s", request, a.status, a.body)
	}
	return a
}

const password = "long enough"

var numbers atomic.Int64

// guest registers somebody.
func (s *store) guest(t *testing.T) visitor {
	t.Helper()
	phone := fmt.Sprintf("+99891%07d", numbers.Add(1))
	a := visitor{store: s}.must(t, "POST /auth/register", fmt.Sprintf(
		`{"name":"Aziza","surname":"Karimova","phone_number":%q,"password":%q,"confirm_password":%q}`, phone, password, password))
	return visitor{s, a.text(t, "access_token"), a.text(t, "user.id"), phone}
}

// admin registers somebody and makes them an administrator, as an operator would.
func (s *store) admin(t *testing.T) visitor {
	t.Helper()
	phone := fmt.Sprintf("+99892%07d", numbers.Add(1))
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.Bin, "auth-svc"), "create-admin", "Botir", "Alimov", phone)
	cmd.Stdin = strings.NewReader(password)
	env, err := s.Environment("auth-svc")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("making an administrator: %v\n%s", err, out)
	}
	return visitor{store: s, phone: phone}.login(t)
}

func (v visitor) login(t *testing.T) visitor {
	t.Helper()
	a := visitor{store: v.store}.must(t, "POST /auth/login", fmt.Sprintf(`{"phone_number":%q,"password":%q}`, v.phone, password))
	v.token, v.id = a.text(t, "access_token"), a.text(t, "user.id")
	return v
}
