// Origin answers every request with the bytes of one file, from memory: the least that a server written in Go can do.
//
//	origin ADDRESS FILE [echo]
package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "origin:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("usage: origin ADDRESS FILE [echo]")
	}
	body, err := os.ReadFile(args[1]) //nolint:gosec // the file that we are told
	if err != nil {
		return fmt.Errorf("reading what to answer: %w", err)
	}
	var handler http.Handler = bare(body)
	if len(args) > 2 && args[2] == "echo" {
		handler = underEcho(body)
	}
	server := &http.Server{Addr: args[0], Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// The shared caches between us and the client may keep the answer as long as a list of the store.
const fresh = "public, max-age=300"

func bare(body []byte) http.HandlerFunc {
	length := strconv.Itoa(len(body))
	return func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Content-Length", length)
		h.Set("Cache-Control", fresh)
		_, _ = w.Write(body) //nolint:gosec // JSON of ours; a client that has gone needs no answer
	}
}

func underEcho(body []byte) http.Handler {
	e := echo.New()
	length := strconv.Itoa(len(body))
	e.GET("/slippers/", func(c echo.Context) error {
		h := c.Response().Header()
		h.Set(echo.HeaderContentLength, length)
		h.Set(echo.HeaderCacheControl, fresh)
		return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, body)
	})
	return e
}
