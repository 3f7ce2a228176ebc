package journey_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/slippers-api/slippers/e2e/process"
	"github.com/slippers-api/slippers/e2e/shop"
)

// bouncer starts a PgBouncer before the server of a database, which lends connections for one transaction. It returns the same
// database behind it, as the roles of the services reach it there.
func bouncer(t *testing.T, database string) *url.URL {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("no pgbouncer on PATH, which this test goes through: apt-get install pgbouncer")
	}
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	port, err := process.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	superuser, _ := to.User.Password()
	// It asks the server who may come in, as whoever owns the database.
	config := fmt.Sprintf(`[databases]
* = host=%s port=%s auth_user=%s
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s/users
auth_query = SELECT usename, passwd FROM pg_catalog.pg_shadow WHERE usename = $1
pool_mode = transaction
default_pool_size = 4
max_client_conn = 200
ignore_startup_parameters = statement_timeout
`, to.Hostname(), to.Port(), to.User.Username(), port, dir)
	for name, text := range map[string]string{"pgbouncer.ini": config, "users": fmt.Sprintf("%q %q\n", to.User.Username(), superuser)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(program, filepath.Join(dir, "pgbouncer.ini"))
	if os.Getuid() == 0 { // it does not run as root
		for parent := dir; parent != os.TempDir() && parent != "/"; parent = filepath.Dir(parent) {
			if err := os.Chmod(parent, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	log := &logs{}
	cmd.Stdout, cmd.Stderr = log, log
	p, err := process.Start(cmd, syscall.SIGINT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop() })
	to.Host = fmt.Sprintf("127.0.0.1:%d", port)
	err = p.Answers(t.Context(), func(ctx context.Context) error {
		c, err := pgx.Connect(ctx, to.String())
		if err != nil {
			return err
		}
		return c.Close(ctx)
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	return to
}

// Behind a PgBouncer in transaction mode a store works, with fewer connections to the server than its pools have. One that keeps
// no prepared statements (before 1.21) needs default_query_exec_mode in the URL.
func TestAStoreBehindPgBouncer(t *testing.T) {
	t.Parallel()
	s := openOn(t, func(o *shop.Options) {
		if err := shop.Migrate(t.Context(), *o); err != nil { // takes a lock for longer than a transaction, so it goes to the server itself
			t.Fatal(err)
		}
		behind := bouncer(t, o.DatabaseURL)
		query := behind.Query()
		query.Set("default_query_exec_mode", "cache_describe")
		behind.RawQuery = query.Encode()
		o.ServicesURL = behind.String()
	})
	felt, buyer := s.admin(t).slipper(t, "Felt slipper", "129000.50", 9), s.guest(t)
	buyer.must(t, "POST /cart/items", `{"slipper_id":`+felt+`,"quantity":1}`)
	buyer.must(t, "POST /orders/from-cart?clear_cart=true", "", "Idempotency-Key: once")
	order := buyer.order(t, felt, 2)
	s.click(t, buyer.must(t, "POST /payments/octo/create", `{"order_id":`+order+`}`).text(t, "redirect_url"), "pay")
	buyer.becomes(t, order, "PAID") // jobs run, though nobody can be notified of them
	if n := strings.Count(s.log.String(), `"level":"ERROR"`); n != 0 {
		t.Errorf("%d errors", n)
	}
	s.balanced(t)
}
