package httpserver

import "github.com/labstack/echo/v4"

// NoQuery refuses every query parameter, for the routes that read none.
func NoQuery(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := Query(c).Err(); err != nil {
			return err
		}
		return next(c)
	}
}

// NoStore keeps the answer out of every cache, for what is private.
func NoStore(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
		return next(c)
	}
}
