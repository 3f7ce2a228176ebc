// Package catalogue is order-svc's view of catalog-svc: what slippers are like, and the stock that orders take.
package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpclient"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/order-svc/internal/order"
)

// Config is a part of order-svc's configuration.
type Config struct {
	// URL is where catalog-svc serves its API.
	URL string `env:"CATALOG_URL" envDefault:"http://localhost:8081"`

	// Timeout bounds one call. With it a new order answers within two seconds that the catalogue is away.
	Timeout time.Duration `env:"CATALOG_TIMEOUT" envDefault:"1200ms"`
}

// Client calls catalog-svc.
type Client struct{ http *httpclient.Client }

// New returns a client. secret is the credential of our own services, watch what counts the calls (httpclient.New).
func New(cfg Config, secret string, watch ...func(http.RoundTripper) http.RoundTripper) *Client {
	return &Client{httpclient.New(strings.TrimSuffix(cfg.URL, "/"), secret, cfg.Timeout, watch...)}
}

// The codes of the answers that mean something here.
const (
	outOfStock = "out-of-stock"
	released   = "reservation-released"
)

type slipper struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Size        string       `json:"size"`
	Price       money.Amount `json:"price"`
	Quantity    int64        `json:"quantity"`
	Image       *string      `json:"image"`
	IsAvailable bool         `json:"is_available"`
}

// shelfMost is how many slippers catalog-svc answers at once. A merged cart may have more.
const shelfMost = 100

// Slippers returns those of ids that there are, or order.ErrCatalogueAway.
func (c *Client) Slippers(ctx context.Context, ids []int64) ([]order.Slipper, error) {
	found := make([]order.Slipper, 0, len(ids))
	for some := range slices.Chunk(ids, shelfMost) {
		texts := make([]string, len(some))
		for i, id := range some {
			texts[i] = strconv.FormatInt(id, 10)
		}
		var out struct {
			Items []slipper `json:"items"`
		}
		if err := c.call(ctx, http.MethodGet, "/internal/slippers?ids="+strings.Join(texts, ","), nil, &out); err != nil {
			return nil, foreign("reading slippers", err)
		}
		for _, s := range out.Items {
			found = append(found, order.Slipper{
				ID: s.ID, Name: s.Name, Size: s.Size, Price: s.Price,
				Quantity: s.Quantity, Image: s.Image, IsAvailable: s.IsAvailable,
			})
		}
	}
	return found, nil
}

type line struct {
	SlipperID int64 `json:"slipper_id"`
	Quantity  int64 `json:"quantity"`
}

type reservation struct {
	ExpiresAt time.Time `json:"expires_at"`
	Lines     []line    `json:"lines"`
}

type reserved struct {
	Lines []struct {
		line

		Price  money.Amount  `json:"price"`
		Name   string        `json:"name"`
		Size   string        `json:"size"`
		Image  *string       `json:"image"`
		Fiscal *order.Fiscal `json:"fiscal"`
	} `json:"lines"`
}

// Reserve takes all lines or none until expires. It returns order.ErrOutOfStock with what there is, order.ErrReleased, or
// order.ErrCatalogueAway, after which it may have been made.
func (c *Client) Reserve(ctx context.Context, id uuid.UUID, expires time.Time, lines []order.Line) ([]order.Reserved, error) {
	in := reservation{ExpiresAt: expires.UTC(), Lines: make([]line, len(lines))}
	for i, l := range lines {
		in.Lines[i] = line{l.SlipperID, l.Quantity}
	}
	var out reserved
	err := c.call(ctx, http.MethodPut, path(id, ""), in, &out)
	switch code(err) {
	case outOfStock:
		short, err := unavailable(fault.Of(err))
		if err != nil {
			return nil, err
		}
		return nil, order.ErrOutOfStock.With("unavailable", short)
	case released:
		return nil, order.ErrReleased
	}
	if err != nil {
		return nil, foreign(fmt.Sprintf("reserving %s", id), err)
	}
	taken := make([]order.Reserved, len(out.Lines))
	for i, l := range out.Lines {
		taken[i] = order.Reserved{
			SlipperID: l.SlipperID, Quantity: l.Quantity, Price: l.Price, Name: l.Name, Size: l.Size, Image: l.Image, Fiscal: l.Fiscal,
		}
	}
	return taken, nil
}

// Release gives a reservation back, or returns order.ErrCatalogueAway.
func (c *Client) Release(ctx context.Context, id uuid.UUID) error {
	if err := c.call(ctx, http.MethodPost, path(id, "/release"), nil, nil); err != nil {
		return foreign(fmt.Sprintf("releasing %s", id), err)
	}
	return nil
}

// Return gives the reservation of an order that has ended back, or returns order.ErrCatalogueAway.
func (c *Client) Return(ctx context.Context, id uuid.UUID) error {
	if err := c.call(ctx, http.MethodPost, path(id, "/return"), nil, nil); err != nil {
		return foreign(fmt.Sprintf("returning %s", id), err)
	}
	return nil
}

// Sell makes a reservation final, or returns order.ErrStockGone or order.ErrCatalogueAway.
func (c *Client) Sell(ctx context.Context, id uuid.UUID) error {
	err := c.call(ctx, http.MethodPost, path(id, "/sell"), nil, nil)
	switch {
	case code(err) == released:
		return order.ErrStockGone
	case err != nil:
		return foreign(fmt.Sprintf("selling %s", id), err)
	}
	return nil
}

func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	return c.http.Do(ctx, method, path, in, out, order.ErrCatalogueAway)
}

func path(id uuid.UUID, action string) string {
	return "/internal/reservations/" + id.String() + action
}

func code(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Code
	}
	return ""
}

// foreign keeps to our log what catalog-svc refused: clients did not ask it anything.
func foreign(doing string, err error) error {
	if f := fault.Of(err); f == nil || errors.Is(err, order.ErrCatalogueAway) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return errors.New(doing + ": catalog-svc refused: " + err.Error())
}

// unavailable reads the member that says what is left.
func unavailable(f *fault.Fault) ([]order.Unavailable, error) {
	b, err := json.Marshal(f.Members["unavailable"])
	if err != nil {
		return nil, fmt.Errorf("reading what is out of stock: %w", err)
	}
	short := []order.Unavailable{}
	if err := json.Unmarshal(b, &short); err != nil {
		return nil, fmt.Errorf("reading what is out of stock: %w", err)
	}
	return short, nil
}
