package httpapi

import (
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/slippers-api/slippers/auth-svc/internal/account"
	"github.com/slippers-api/slippers/kit/httpserver"
	"github.com/slippers-api/slippers/kit/token"
)

// registration is what somebody who registers sends.
type registration struct {
	Name            string `json:"name"`
	Surname         string `json:"surname"`
	PhoneNumber     string `json:"phone_number"`
	Password        string `json:"password"`
	ConfirmPassword string `json:"confirm_password"`
	IsAdmin         *bool  `json:"is_admin"` // storefronts of the original send it; nobody makes themself an admin
}

// bundle is the answer to everybody who got in.
type bundle struct {
	AccessToken  string       `json:"access_token"`
	RefreshToken string       `json:"refresh_token"`
	TokenType    string       `json:"token_type"`
	ExpiresIn    int          `json:"expires_in"` // minutes
	ExpiresAt    time.Time    `json:"expires_at"`
	User         account.User `json:"user"`
}

// message is the answer where there is nothing to show.
type message struct {
	Message string `json:"message"`
}

// Cookie says how browsers keep refresh tokens.
type Cookie struct {
	// Secure keeps the cookie of refresh tokens off plain HTTP. Only development on localhost is without it.
	Secure bool `env:"COOKIE_SECURE" envDefault:"true"`
}

const (
	cookieName = "refresh_token"
	cookiePath = "/auth"
)

func (k Cookie) set(c echo.Context, value string, expires time.Time) {
	age := int(time.Until(expires).Seconds())
	if value == "" {
		age = -1
	}
	c.SetCookie(&http.Cookie{ //nolint:gosec // Secure is off in development only
		Name: cookieName, Value: value, Path: cookiePath, MaxAge: age,
		HttpOnly: true, Secure: k.Secure, SameSite: http.SameSiteStrictMode,
	})
}

func (a API) welcome(c echo.Context, status int, b account.Bundle) error {
	a.Cookie.set(c, b.RefreshToken, b.RefreshExpires)
	return c.JSON(status, bundle{
		AccessToken: b.AccessToken, RefreshToken: b.RefreshToken, TokenType: "bearer",
		ExpiresIn: int(time.Until(b.ExpiresAt).Round(time.Minute).Minutes()), ExpiresAt: b.ExpiresAt, User: b.User,
	})
}

func (a API) register(c echo.Context) error {
	in, err := httpserver.Body[registration](c)
	if err != nil {
		return err
	}
	b, err := a.Entry.Register(c.Request().Context(), account.NewUser{
		Name: in.Name, Surname: in.Surname, PhoneNumber: in.PhoneNumber, Password: in.Password, Confirm: in.ConfirmPassword,
		Address: c.RealIP(),
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderLocation, "/users/"+strconv.FormatInt(b.User.ID, 10))
	return a.welcome(c, http.StatusCreated, b)
}

func (a API) login(c echo.Context) error {
	in, err := httpserver.Body[struct {
		PhoneNumber string `json:"phone_number"`
		Password    string `json:"password"`
	}](c)
	if err != nil {
		return err
	}
	b, err := a.Entry.Login(c.Request().Context(), account.Credentials{
		PhoneNumber: in.PhoneNumber, Password: in.Password, Address: c.RealIP(),
	})
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusOK, b)
}

// refresh takes the token from the body, else the header, else the cookie.
func (a API) refresh(c echo.Context) error {
	in, err := httpserver.Body[struct {
		RefreshToken string `json:"refresh_token"`
	}](c)
	if err != nil {
		return err
	}
	secret := in.RefreshToken
	if secret == "" {
		secret = c.Request().Header.Get("Refresh-Token")
	}
	if cookie, err := c.Cookie(cookieName); err == nil && secret == "" {
		secret = cookie.Value
	}
	if secret == "" {
		return account.ErrRefreshMissing
	}
	b, err := a.Entry.Refresh(c.Request().Context(), account.Secret(secret))
	if err != nil {
		return err
	}
	return a.welcome(c, http.StatusOK, b)
}

func (a API) logout(c echo.Context) error {
	if _, err := httpserver.Body[struct{}](c); err != nil {
		return err
	}
	ctx, sid := c.Request().Context(), token.From(c).SessionID
	if err := a.Sessions.Revoke(ctx, sid); err != nil {
		return err
	}
	if err := a.Revoked.Announce(ctx, sid); err != nil {
		return err
	}
	a.Cookie.set(c, "", time.Time{})
	return c.JSON(http.StatusOK, message{"You are logged out."})
}

func (a API) forgot(c echo.Context) error {
	in, err := httpserver.Body[struct {
		PhoneNumber string `json:"phone_number"`
	}](c)
	if err != nil {
		return err
	}
	if err := a.Recovery.Forgot(c.Request().Context(), in.PhoneNumber, c.RealIP()); err != nil {
		return err
	}
	return c.JSON(http.StatusAccepted, message{"If this number is registered, a code is on its way."})
}

func (a API) reset(c echo.Context) error {
	in, err := httpserver.Body[struct {
		PhoneNumber        string `json:"phone_number"`
		Code               string `json:"code"`
		NewPassword        string `json:"new_password"`
		ConfirmNewPassword string `json:"confirm_new_password"`
	}](c)
	if err != nil {
		return err
	}
	err = a.Recovery.Reset(c.Request().Context(), account.NewPassword{
		PhoneNumber: in.PhoneNumber, Code: in.Code, Password: in.NewPassword, Confirm: in.ConfirmNewPassword,
		Address: c.RealIP(),
	})
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, message{"The password is changed. Log in with it."})
}
