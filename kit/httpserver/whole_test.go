package httpserver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/slippers-api/slippers/kit/httpserver"
)

// Whatever size a page has, and whatever was answered before on the connection, it arrives whole and at once: also after
// HEAD, of which nothing but the head is written.
func TestAPageIsWrittenWhole(t *testing.T) {
	t.Parallel()
	e := echo.New()
	httpserver.Get(e, "/:size", func(c echo.Context) error {
		size, err := strconv.Atoi(c.Param("size"))
		if err != nil {
			return err
		}
		c.Response().Header().Set("Content-Length", c.Param("size"))
		return httpserver.WriteWhole(c, bytes.Repeat([]byte("x"), size))
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		ended <- httpserver.Run(ctx, httpserver.Config{Addr: address, OpsAddr: "127.0.0.1:0", ReadTimeout: time.Minute, DrainTimeout: time.Second}, e,
			httpserver.NewOps(prometheus.NewRegistry(), nil))
	}()
	dialled := 0
	client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DialContext: func(ctx context.Context, network, to string) (net.Conn, error) {
		dialled++
		return new(net.Dialer).DialContext(ctx, network, to)
	}}}
	for first := true; first; { // until it listens
		res, err := client.Get("http://" + address + "/1")
		if first = err != nil; first {
			continue
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
	}
	dialled = 1
	for _, size := range []int{0, 1, 3800, 3900, 4000, 4095, 4096, 4097, 4200, 6144, 8000, 8192, 8193, 20_000, 1_000_000, 5} {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			r, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://%s/%d", address, size), nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := client.Do(r)
			if err != nil {
				t.Fatalf("%s of %d: %v", method, size, err)
			}
			b, err := io.ReadAll(res.Body)
			_ = res.Body.Close()
			if want := map[string]int{http.MethodHead: 0, http.MethodGet: size}[method]; err != nil || len(b) != want || bytes.Count(b, []byte("x")) != want {
				t.Errorf("%s of %d answers %d bytes, %v", method, size, len(b), err)
			}
		}
	}
	if dialled != 1 {
		t.Errorf("it took %d connections", dialled)
	}
	client.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
