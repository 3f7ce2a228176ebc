package httpapi

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/fault"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
)

// Stock is what these handlers need of a store.
type Stock interface {
	Reserve(ctx context.Context, w catalog.Wanted) (catalog.Reservation, error)
	Release(ctx context.Context, id uuid.UUID) (catalog.Reservation, error)
	Return(ctx context.Context, id uuid.UUID) (catalog.Reservation, error)
	Sell(ctx context.Context, id uuid.UUID) (catalog.Reservation, error)
}

// reservationBody is what a service asks for. expires_at is read here, not by time.Time, whose errors quote the input.
type reservationBody struct {
	ExpiresAt string            `json:"expires_at"`
	Lines     []reservationLine `json:"lines"`
}

type reservationLine struct {
	SlipperID int64 `json:"slipper_id"`
	Quantity  int64 `json:"quantity"`
}

func (a API) reserve(c echo.Context) error {
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	in, err := httpserver.Body[reservationBody](c)
	if err != nil {
		return err
	}
	expires, err := time.Parse(time.RFC3339, in.ExpiresAt)
	if expires = expires.UTC(); err != nil || expires.Year() < 1 {
		return catalog.ErrReservationInvalid.WithBroken(fault.Broken{Pointer: "/expires_at", Detail: "must be an RFC 3339 time"})
	}
	lines := make([]catalog.Line, len(in.Lines))
	for i, l := range in.Lines {
		lines[i] = catalog.Line(l)
	}
	wanted, err := catalog.NewWanted(id, expires, lines, time.Now())
	if err != nil {
		return err
	}
	made, err := a.Stock.Reserve(c.Request().Context(), wanted)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, made)
}

func (a API) release(c echo.Context) error { return settle(c, a.Stock.Release) }

func (a API) returned(c echo.Context) error { return settle(c, a.Stock.Return) }

func (a API) sell(c echo.Context) error { return settle(c, a.Stock.Sell) }

func settle(c echo.Context, do func(context.Context, uuid.UUID) (catalog.Reservation, error)) error {
	id, err := reservationID(c)
	if err != nil {
		return err
	}
	if _, err := httpserver.Body[struct{}](c); err != nil {
		return err
	}
	now, err := do(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return private(c, http.StatusOK, now)
}

// reservationID reads a UUID in its one canonical form. Nonsense names nothing.
func reservationID(c echo.Context) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param("id"))
	if err != nil || id.String() != c.Param("id") {
		return uuid.UUID{}, httpserver.ErrNotFound
	}
	return id, nil
}

// shelfItem is what order-svc needs of a slipper to show a cart.
type shelfItem struct {
	ID          int64        `json:"id"`
	Name        string       `json:"name"`
	Size        string       `json:"size"`
	Price       money.Amount `json:"price"`
	Quantity    int64        `json:"quantity"`
	Image       *string      `json:"image"`
	IsAvailable bool         `json:"is_available"`
}

const (
	shelfMost = 100
	shelfRule = "must be 1 to 100 ids, separated by commas"
)

var errIDs = errors.New(shelfRule)

func parseIDs(s string) ([]int64, error) {
	var ids []int64
	for part := range strings.SplitSeq(s, ",") {
		id, err := strconv.ParseInt(part, 10, 64)
		if err != nil || id <= 0 || len(ids) == shelfMost {
			return nil, errIDs
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// shelf answers several slippers at once; those that are not there any more are left out.
func (a API) shelf(c echo.Context) error {
	q := httpserver.Query(c)
	ids := httpserver.Parsed(q, "ids", parseIDs)
	if err := q.Err(); err != nil {
		return err
	}
	if ids == nil {
		return httpserver.ErrQuery.WithBroken(fault.Broken{Parameter: "ids", Detail: shelfRule})
	}
	slices.Sort(*ids)
	found, err := a.Slippers.Some(c.Request().Context(), slices.Compact(*ids))
	if err != nil {
		return err
	}
	items := make([]shelfItem, len(found))
	for i, s := range found {
		items[i] = shelfItem{s.ID, s.Name, s.Size, s.Price, s.Quantity, s.Image, s.IsAvailable}
	}
	return private(c, http.StatusOK, map[string]any{"items": items})
}
