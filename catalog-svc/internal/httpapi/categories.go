package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/catalog-svc/internal/catalog"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/revision"
	"github.com/slippers-api/slippers/kit/token"
)

// Categories is what these handlers need of a store.
type Categories interface {
	List(ctx context.Context, inactive bool, r page.Request) ([]catalog.Category, int64, error)
	Get(ctx context.Context, id int64) (catalog.Category, error)
	Create(ctx context.Context, c catalog.Category) (catalog.Category, error)
	Update(ctx context.Context, id int64, change catalog.CategoryChange, from revision.Expected) (catalog.Category, error)
	Delete(ctx context.Context, id int64) error
}

// categoryBody is what an admin may say about a category.
type categoryBody struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	IsActive    *bool   `json:"is_active"`
}

const categoriesLimit = 100

func (a API) listCategories(c echo.Context) error {
	q := httpserver.Query(c)
	inactive := q.Bool("include_inactive")
	r := q.Page(a.Cursors, "name_asc", categoriesLimit)
	if err := q.Err(); err != nil {
		return err
	}
	all := inactive != nil && *inactive
	switch caller := token.From(c); {
	case all && caller.UserID == 0:
		return token.ErrMissing
	case all && !caller.Admin:
		return token.ErrForbidden
	}
	items, total, err := a.Categories.List(c.Request().Context(), all, r)
	if err != nil {
		return err
	}
	p := page.New(a.Cursors, r, items, total, func(c catalog.Category) (string, int64) { return c.Name, c.ID })
	if all {
		return private(c, http.StatusOK, p)
	}
	return fresh(c, "", p)
}

func (a API) getCategory(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	found, err := a.Categories.Get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return fresh(c, found.Revision(), found)
}

func (a API) createCategory(c echo.Context) error {
	in, err := httpserver.Body[categoryBody](c)
	if err != nil {
		return err
	}
	wanted, err := catalog.NewCategory(catalog.CategoryChange(in))
	if err != nil {
		return err
	}
	made, err := a.Categories.Create(c.Request().Context(), wanted)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/categories/"+strconv.FormatInt(made.ID, 10))
	return changed(c, http.StatusCreated, made.Revision(), made)
}

func (a API) updateCategory(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[categoryBody](c)
	if err != nil {
		return err
	}
	now, err := a.Categories.Update(c.Request().Context(), id, catalog.CategoryChange(in), httpserver.IfMatch(c))
	if err != nil {
		return err
	}
	return changed(c, http.StatusOK, now.Revision(), now)
}

func (a API) deleteCategory(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	if err := a.Categories.Delete(c.Request().Context(), id); err != nil {
		return err
	}
	return gone(c)
}
