package httpapi

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/money"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/revision"
)

// Slippers is what these handlers need of a store.
type Slippers interface {
	List(ctx context.Context, f catalog.Filter, r page.Request) ([]catalog.Slipper, int64, error)
	Get(ctx context.Context, id int64) (catalog.Slipper, error)
	Some(ctx context.Context, ids []int64) ([]catalog.Slipper, error)
	Create(ctx context.Context, s catalog.Slipper) (catalog.Slipper, error)
	Update(ctx context.Context, id int64, change catalog.SlipperChange, from revision.Expected) (catalog.Slipper, error)
	Delete(ctx context.Context, id int64) error
}

// slipperBody is what an admin may say about a slipper.
type slipperBody struct {
	Name       *string         `json:"name"`
	Size       *string         `json:"size"`
	Price      *money.Amount   `json:"price"`
	Quantity   *int64          `json:"quantity"`
	CategoryID *int64          `json:"category_id"`
	Fiscal     *catalog.Fiscal `json:"fiscal"`
}

// slipperAnswer is a slipper with as much about it as was asked for.
type slipperAnswer struct {
	catalog.Slipper
	*gallery
	*details
}

// gallery is about the images of a slipper.
type gallery struct {
	Images       []catalog.Image `json:"images"`
	ImageGallery []string        `json:"image_gallery"`
	PrimaryImage *string         `json:"primary_image"`
}

// details are what only a single slipper is shown with.
type details struct {
	Fiscal    *catalog.Fiscal `json:"fiscal"`
	CreatedAt time.Time       `json:"created_at"`
	UpdatedAt time.Time       `json:"updated_at"`
}

func galleryOf(s catalog.Slipper) *gallery {
	g := &gallery{Images: s.Images, ImageGallery: []string{}, PrimaryImage: s.Image}
	if g.Images == nil {
		g.Images = []catalog.Image{}
	}
	for _, i := range s.Images {
		g.ImageGallery = append(g.ImageGallery, i.ImagePath)
	}
	return g
}

func single(s catalog.Slipper, images bool) slipperAnswer {
	answer := slipperAnswer{Slipper: s, details: &details{s.Fiscal, s.CreatedAt, s.UpdatedAt}}
	if images {
		answer.gallery = galleryOf(s)
	}
	return answer
}

// withImages reads include_images, which is true unless said otherwise.
func withImages(q *httpserver.Params) bool {
	include := q.Bool("include_images")
	return include == nil || *include
}

func (a API) listSlippers(c echo.Context) error {
	q := httpserver.Query(c)
	f := catalog.Filter{
		Search: q.String("search", 100), Size: q.String("size", 20), InStock: q.Bool("in_stock"), Images: withImages(q),
		MinPrice: httpserver.Parsed(q, "min_price", money.Parse), MaxPrice: httpserver.Parsed(q, "max_price", money.Parse),
	}
	if category := q.Int("category_id", -1, 0, math.MaxInt64); category >= 0 {
		f.CategoryID = &category
	}
	r := q.Page(a.Cursors, q.OneOf("sort", catalog.Sorts...), page.DefaultLimit)
	if err := q.Err(); err != nil {
		return err
	}
	items, total, err := a.Slippers.List(c.Request().Context(), f, r)
	if err != nil {
		return err
	}
	answers := make([]slipperAnswer, len(items))
	for i, s := range items {
		answers[i].Slipper = s
		if f.Images {
			answers[i].gallery = galleryOf(s)
		}
	}
	return fresh(c, "", page.New(a.Cursors, r, answers, total, func(s slipperAnswer) (string, int64) {
		return s.SortKey(r.Sort), s.ID
	}))
}

func (a API) getSlipper(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	q := httpserver.Query(c)
	images := withImages(q)
	if err := q.Err(); err != nil {
		return err
	}
	s, err := a.Slippers.Get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return fresh(c, s.Revision(), single(s, images))
}

func (a API) createSlipper(c echo.Context) error {
	in, err := httpserver.Body[slipperBody](c)
	if err != nil {
		return err
	}
	wanted, err := catalog.NewSlipper(catalog.SlipperChange(in))
	if err != nil {
		return err
	}
	made, err := a.Slippers.Create(c.Request().Context(), wanted)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/slippers/"+strconv.FormatInt(made.ID, 10))
	return changed(c, http.StatusCreated, made.Revision(), single(made, true))
}

func (a API) updateSlipper(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[slipperBody](c)
	if err != nil {
		return err
	}
	now, err := a.Slippers.Update(c.Request().Context(), id, catalog.SlipperChange(in), httpserver.IfMatch(c))
	if err != nil {
		return err
	}
	return changed(c, http.StatusOK, now.Revision(), single(now, true))
}

func (a API) deleteSlipper(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	if err := a.Slippers.Delete(c.Request().Context(), id); err != nil {
		return err
	}
	return gone(c)
}
