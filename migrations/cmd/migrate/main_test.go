package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// database returns the URL of an empty database of the test's own.
func database(t *testing.T) string {
	t.Helper()
	admin := os.Getenv("TEST_DATABASE_URL")
	if admin == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`")
	}
	name := fmt.Sprintf("slippers_test_migrate_%d", os.Getpid())
	exec := func(sql string) {
		c, err := pgx.Connect(context.Background(), admin)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(context.Background())
		if _, err := c.Exec(context.Background(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	exec("CREATE DATABASE " + name)
	t.Cleanup(func() { exec("DROP DATABASE " + name + " WITH (FORCE)") })
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

func TestWaitEndsWithTheMigration(t *testing.T) {
	t.Parallel()
	cfg := config{URL: database(t)}

	brief, cancel := context.WithTimeout(t.Context(), 2*askAgain)
	defer cancel()
	if err := run(brief, cfg, []string{"wait", "orders"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("without a schema it ended with %v", err)
	}

	ended := make(chan error, 1)
	go func() { ended <- run(t.Context(), cfg, []string{"wait", "orders"}) }()
	if err := run(t.Context(), cfg, []string{"up"}); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Error("it waits on")
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"sideways"}, {"wait"}, {"wait", "nobody"}, {"up", "orders"}, {"down"}, {"status", "orders"}} {
		if err := run(t.Context(), config{URL: "postgres://nowhere.invalid"}, args); !errors.Is(err, errUsage) {
			t.Errorf("%q ends with %v", args, err)
		}
	}
	if err := run(t.Context(), config{}, []string{"up"}); !errors.Is(err, errUsage) {
		t.Errorf("without a database it ends with %v", err)
	}
}
