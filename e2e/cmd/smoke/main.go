// Smoke places an order through the gateway at API_URL and cancels it, as `helm test` does after an installation. It leaves
// behind a customer and a cancelled order. Of a shop that has nothing in stock it reads what there is: that is no fault of a
// release, which nobody should take back for it.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slippers-api/slippers/kit/environ"
)

// version is stamped by the build.
var version = "dev"

type config struct {
	// URL is where the gateway serves the API.
	URL string `env:"API_URL" envDefault:"http://localhost:8080"`

	// Patience bounds all of it.
	Patience time.Duration `env:"PATIENCE" envDefault:"1m"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "smoke:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	cfg, err := environ.Read[config]()
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, cfg.Patience)
	defer cancel()
	fmt.Println("smoke", version, "asks", cfg.URL)
	return shop(ctx, &buyer{api: cfg.URL})
}

func shop(ctx context.Context, b *buyer) error {
	var in struct {
		Token string `json:"access_token"`
	}
	if err := b.call(ctx, "POST /auth/register", newcomer(), &in); err != nil {
		return err
	}
	b.token = in.Token

	var shelf struct {
		Items []struct {
			ID int64 `json:"id"`
		} `json:"items"`
	}
	if err := b.call(ctx, "GET /slippers/?in_stock=true&limit=1", nil, &shelf); err != nil {
		return err
	}
	if len(shelf.Items) == 0 {
		for _, route := range []string{"GET /cart", "GET /orders/"} {
			if err := b.call(ctx, route, nil, nil); err != nil {
				return err
			}
		}
		fmt.Println("nothing is in stock: NO ORDER WAS PLACED")
		return nil
	}
	slipper := shelf.Items[0].ID
	if err := b.call(ctx, "POST /cart/items", map[string]int64{"slipper_id": slipper, "quantity": 1}, nil); err != nil {
		return err
	}
	var order struct {
		ID     int64  `json:"id"`
		Status string `json:"status"`
	}
	if err := b.call(ctx, "POST /orders/from-cart?clear_cart=true", nil, &order); err != nil {
		return err
	}
	fmt.Printf("order %d of slipper %d is %s\n", order.ID, slipper, order.Status)
	if err := b.call(ctx, fmt.Sprintf("POST /orders/%d/cancel", order.ID), nil, &order); err != nil {
		return err
	}
	if order.Status != "CANCELLED" {
		return fmt.Errorf("order %d is %s after it was cancelled", order.ID, order.Status)
	}
	fmt.Printf("order %d is %s\n", order.ID, order.Status)
	return nil
}

// newcomer is somebody with a number that no operator gives out: a real one may be a customer's.
func newcomer() map[string]string {
	const numbers = 10_000_000
	n, err := rand.Int(rand.Reader, big.NewInt(numbers))
	if err != nil {
		panic(err) // it never fails
	}
	password := rand.Text()
	return map[string]string{
		"name": "Smoke", "surname": "Test", "phone_number": fmt.Sprintf("+99800%07d", n), "password": password, "confirm_password": password,
	}
}
