package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/page"
	"github.com/slippers-api/slippers/kit/token"
)

// ownChange is what users may change about themselves.
type ownChange struct {
	Name               *string `json:"name"`
	Surname            *string `json:"surname"`
	PhoneNumber        *string `json:"phone_number"`
	CurrentPassword    *string `json:"current_password"`
	NewPassword        *string `json:"new_password"`
	ConfirmNewPassword *string `json:"confirm_new_password"`
}

// userChange is what an administrator may change about others.
type userChange struct {
	Name        *string `json:"name"`
	Surname     *string `json:"surname"`
	PhoneNumber *string `json:"phone_number"`
	IsAdmin     *bool   `json:"is_admin"`
}

func (a API) listUsers(c echo.Context) error {
	q := httpserver.Query(c)
	f := account.Filter{Admin: q.Bool("is_admin"), Search: q.String("search", 100)}
	r := q.Page(a.Cursors, "created_desc", page.DefaultLimit)
	if err := q.Err(); err != nil {
		return err
	}
	users, total, err := a.Users.List(c.Request().Context(), f, r)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, page.New(a.Cursors, r, users, total, func(u account.User) (string, int64) { return "", u.ID }))
}

func (a API) getMe(c echo.Context) error {
	u, err := a.Users.Get(c.Request().Context(), token.From(c).UserID)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, u)
}

func (a API) getUser(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	u, err := a.Users.Get(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return revised(c, u)
}

func (a API) updateMe(c echo.Context) error {
	in, err := httpserver.Body[ownChange](c)
	if err != nil {
		return err
	}
	me := token.From(c)
	u, err := a.Changing.Own(c.Request().Context(), me.UserID, me.SessionID,
		account.Change{Name: in.Name, Surname: in.Surname, PhoneNumber: in.PhoneNumber},
		account.PasswordChange{Current: in.CurrentPassword, New: in.NewPassword, Confirm: in.ConfirmNewPassword, Address: c.RealIP()})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, u)
}

func (a API) updateUser(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	in, err := httpserver.Body[userChange](c)
	if err != nil {
		return err
	}
	u, err := a.Changing.Other(c.Request().Context(), token.From(c).UserID, id, account.Change{
		Name: in.Name, Surname: in.Surname, PhoneNumber: in.PhoneNumber, Admin: in.IsAdmin,
	}, httpserver.IfMatch(c))
	if err != nil {
		return err
	}
	return revised(c, u)
}

// revised answers with a user whom the client may change from what it reads.
func revised(c echo.Context, u account.User) error {
	httpserver.SetETag(c, u.Revision())
	return c.JSON(http.StatusOK, u)
}

func (a API) deleteUser(c echo.Context) error {
	id, err := httpserver.ID(c, "id")
	if err != nil {
		return err
	}
	if err := a.Changing.Delete(c.Request().Context(), token.From(c).UserID, id); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
