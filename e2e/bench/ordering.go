package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// orderingNote says in the document what is compared.
const orderingNote = "Orders of three lines from 32 clients, and PostgreSQL waits for its disk (`synchronous_commit=on`). " +
	"The bare one is a Go program that only runs a transaction of five statements through pgx: stock, order, lines, history, cart, on tables with the same columns, checks, indexes and foreign keys. " +
	"Ours is `POST /orders/from-cart` through the gateway: limit, token, cart, a reservation in catalog-svc with its own commit, prices, the order with its invalidation; the clients take turns for 64 customers, each with a cart and slippers of their own. In the bare one each client has its own slippers."

// buyers is how many place orders at the same time.
const buyers = 32

// ordering measures how fast orders are made, beside the least that they could cost.
func ordering(ctx context.Context, l *lab) ([]table, error) {
	m, err := l.market(ctx)
	if err != nil {
		return nil, err
	}
	floor, err := l.counter(ctx)
	if err != nil {
		return nil, err
	}
	defer floor.db.Close()
	orders := load{base: l.store.URL, span: l.span(), requests: each(m.everybody, func(c customer) request {
		return request{method: http.MethodPost, path: placingPath, headers: []string{c.header}}
	})}
	measured := append([]part{l.service("gateway"), l.service("catalog-svc"), l.service("order-svc")}, l.parts...)
	samples := map[string][]sample{}
	for round := range l.Rounds {
		l.say("orders, round %d of %d", round+1, l.Rounds)
		for _, n := range []int{1, buyers} {
			bare, err := during(ctx, l.parts, func() (sample, error) { return floor.run(ctx, n, l.span()) })
			if err != nil {
				return nil, err
			}
			orders.clients = n
			ours, err := during(ctx, measured, func() (sample, error) { return orders.run(ctx, l) })
			if err != nil {
				return nil, fmt.Errorf("placing orders: %w", err)
			}
			samples[fmt.Sprint("bare", n)] = append(samples[fmt.Sprint("bare", n)], bare)
			samples[fmt.Sprint("ours", n)] = append(samples[fmt.Sprint("ours", n)], ours)
		}
	}
	t := table{
		title: "Orders", notes: []string{orderingNote},
		head: []string{"what", "1 client: p50 ms", "32 clients: orders/s", "p50 ms", "p99 ms", "failed", "CPU us", "must reach"},
	}
	row := func(name, key, judged string) {
		one, many := median(samples[key+"1"]), median(samples[fmt.Sprint(key, buyers)])
		t.add(name, millis(one.p50), perSecond(many.rate), millis(many.p50), millis(many.p99), percent(many.failed), parts(many.cpu, "%.0f", 1), judged)
	}
	one, many, bare := median(samples["ours1"]), median(samples[fmt.Sprint("ours", buyers)]), median(samples[fmt.Sprint("bare", buyers)])
	l.numbers["orders/of-bare"], l.numbers["orders/rate"], l.numbers["orders/p50"] = many.rate/bare.rate, many.rate, ms(one.p50)
	row("a bare transaction of five statements, pgx", "bare", "")
	row("**Slippers**, through the gateway", "ours", l.numbers.judge("orders/"))
	return []table{t}, nil
}

// floor is the least that an order costs.
type floor struct{ db *pgxpool.Pool }

// counter prepares tables like the store's, beside them.
func (l *lab) counter(ctx context.Context) (floor, error) {
	const tables = `
		DROP SCHEMA IF EXISTS bench CASCADE;
		CREATE SCHEMA bench;
		CREATE TABLE bench.slippers (LIKE catalog.slippers INCLUDING ALL);
		CREATE TABLE bench.orders (LIKE orders.orders INCLUDING ALL);
		CREATE TABLE bench.order_items (LIKE orders.order_items INCLUDING ALL);
		CREATE TABLE bench.order_history (LIKE orders.order_history INCLUDING ALL);
		CREATE TABLE bench.cart_items (LIKE orders.cart_items INCLUDING ALL);
		ALTER TABLE bench.order_items ADD FOREIGN KEY (order_id) REFERENCES bench.orders (id);
		ALTER TABLE bench.order_history ADD FOREIGN KEY (order_id) REFERENCES bench.orders (id);
		INSERT INTO bench.slippers (id, name, size, price) OVERRIDING SYSTEM VALUE SELECT id, name, size, price FROM catalog.slippers;
		UPDATE bench.slippers SET quantity = 1000000`

	cfg, err := pgxpool.ParseConfig(l.servers.Postgres.URL)
	if err != nil {
		return floor{}, fmt.Errorf("reading the address of PostgreSQL: %w", err)
	}
	cfg.MaxConns = buyers
	db, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return floor{}, fmt.Errorf("connecting: %w", err)
	}
	if _, err := db.Exec(ctx, tables); err != nil {
		db.Close()
		return floor{}, fmt.Errorf("making tables like the store's: %w", err)
	}
	return floor{db}, nil
}

// run places orders from n clients.
func (f floor) run(ctx context.Context, n int, span time.Duration) (sample, error) {
	until, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var clients sync.WaitGroup
	start := time.Now()
	for i := range n {
		clients.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil && until.Err() == nil {
				began := time.Now()
				if err = f.order(ctx, int64(i)); err == nil {
					mine = append(mine, time.Since(began))
				}
			}
			mu.Lock()
			defer mu.Unlock()
			took, failed = append(took, mine...), errors.Join(failed, err)
		})
	}
	clients.Wait()
	if failed != nil {
		return sample{}, fmt.Errorf("placing bare orders: %w", failed)
	}
	slices.Sort(took)
	at := func(part float64) time.Duration { return took[int(part*float64(len(took)-1))] }
	return sample{rate: float64(len(took)) / time.Since(start).Seconds(), p50: at(.5), p99: at(.99), p999: at(.999)}, nil
}

// order is the transaction of one client, who buys the same slippers each time.
func (f floor) order(ctx context.Context, client int64) error {
	ids := []int64{1 + client*cartLines, 2 + client*cartLines, 3 + client*cartLines}
	return pgx.BeginFunc(ctx, f.db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE bench.slippers SET quantity = quantity - 1 WHERE id = ANY ($1) AND quantity >= 1`, ids); err != nil {
			return err
		}
		var id int64
		const placed = `INSERT INTO bench.orders (user_id, user_name, status, total_amount, notes, reservation_id, expires_at)
			VALUES ($1, 'Aziza', 'PENDING', 3000, '', gen_random_uuid(), now() + interval '30 minutes') RETURNING id`
		if err := tx.QueryRow(ctx, placed, client).Scan(&id); err != nil {
			return err
		}
		const lines = `INSERT INTO bench.order_items (order_id, slipper_id, quantity, unit_price, total_price, notes, name, size)
			SELECT $1, unnest($2::bigint[]), 1, 1000, 1000, '', 'Felt slipper', '38'`
		if _, err := tx.Exec(ctx, lines, id, ids); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO bench.order_history (order_id, actor_id, to_status, reason) VALUES ($1, $2, 'PENDING', 'placed')`, id, client); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `DELETE FROM bench.cart_items WHERE cart_id = $1 AND slipper_id = ANY ($2)`, client, ids)
		return err
	})
}
