package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"github.com/slippers-api/slippers/e2e/seed"
)

const (
	adminPhone    = "+998970000001"
	adminPassword = "only for this run"
)

// admin makes an administrator, as an operator would, and returns the header that says who it is.
func (l *lab) admin(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(l.bin(), "auth-svc"), "create-admin", "Bench", "Admin", adminPhone) //nolint:gosec // our own program
	env, err := l.shop.Environment("auth-svc")
	if err != nil {
		return "", err
	}
	cmd.Env, cmd.Stdin = append(os.Environ(), env...), strings.NewReader(adminPassword)
	if out, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(out), "phone") { // a suite before made it
		return "", fmt.Errorf("making an administrator: %w\n%s", err, out)
	}
	return l.login(ctx, adminPhone, adminPassword)
}

// login returns the header that says who somebody is.
func (l *lab) login(ctx context.Context, phone, password string) (string, error) {
	a, err := must(ctx, l.store.URL, loginAs(phone, password))
	if err != nil {
		return "", err
	}
	var bundle struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal(a.body, &bundle); err != nil {
		return "", fmt.Errorf("reading a login: %w", err)
	}
	return "Authorization: Bearer " + bundle.AccessToken, nil
}

func loginAs(phone, password string) request {
	return request{
		method: http.MethodPost, path: loginPath, headers: []string{"Content-Type: application/json"},
		body: fmt.Sprintf(`{"phone_number":%q,"password":%q}`, phone, password),
	}
}

// market is who is there to buy.
type market struct {
	admin               string     // the header that says who it is
	regulars, everybody []customer // regulars have at least as many orders as a page shows
}

// market logs everybody in and fills their carts, once in a run.
func (l *lab) market(ctx context.Context) (*market, error) {
	if l.people != nil {
		return l.people, nil
	}
	l.say("logging in %d customers and filling their carts", clients)
	var m market
	var err error
	if m.admin, err = l.admin(ctx); err != nil {
		return nil, err
	}
	if m.regulars, m.everybody, err = l.customers(ctx); err != nil {
		return nil, err
	}
	if err := l.shopping(ctx, m.admin, m.everybody); err != nil {
		return nil, err
	}
	l.people = &m
	return l.people, nil
}

// customer is somebody who was seeded.
type customer struct{ phone, header string }

// customers logs in those who have at least as many orders as a page shows, and then others.
func (l *lab) customers(ctx context.Context) (regulars, all []customer, err error) {
	db, err := pgx.Connect(ctx, l.servers.Postgres.URL)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting: %w", err)
	}
	defer db.Close(ctx)
	const mostOrders = `SELECT u.phone_number, o.n >= 20 FROM (SELECT user_id, count(*) AS n FROM orders.orders GROUP BY user_id ORDER BY n DESC, user_id LIMIT $1) o
		JOIN auth.users u ON u.id = o.user_id ORDER BY o.n DESC, u.id`
	type buyer struct {
		phone   string
		regular bool
	}
	rows, _ := db.Query(ctx, mostOrders, clients) // CollectRows returns its error
	buyers, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (b buyer, err error) {
		return b, row.Scan(&b.phone, &b.regular)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("looking for customers: %w", err)
	}
	all = make([]customer, len(buyers))
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, b := range buyers {
		work.Go(func() error {
			header, err := l.login(ctx, b.phone, seed.UserPassword)
			all[i] = customer{b.phone, header}
			return err
		})
	}
	if err := work.Wait(); err != nil {
		return nil, nil, err
	}
	for i, b := range buyers {
		if b.regular {
			regulars = append(regulars, all[i])
		}
	}
	return regulars, all, nil
}

// shopping gives each customer a cart of slippers that nobody else buys, and that do not run out.
func (l *lab) shopping(ctx context.Context, admin string, all []customer) error {
	for i, c := range all {
		for line := range cartLines {
			id := 1 + i*cartLines + line
			_, err := must(ctx, l.store.URL, request{
				method: http.MethodPut, path: fmt.Sprintf("/slippers/%d", id), body: `{"quantity":1000000}`,
				headers: []string{admin, "Content-Type: application/json"},
			})
			if err != nil {
				return err
			}
			_, err = must(ctx, l.store.URL, request{
				method: http.MethodPost, path: "/cart/items", body: fmt.Sprintf(`{"slipper_id":%d}`, id),
				headers: []string{c.header, "Content-Type: application/json"},
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// each makes a request for each customer.
func each(all []customer, of func(customer) request) []request {
	requests := make([]request, len(all))
	for i, c := range all {
		requests[i] = of(c)
	}
	return requests
}
