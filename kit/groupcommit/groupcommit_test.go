package groupcommit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/slippers-api/slippers/kit/groupcommit"
	"github.com/slippers-api/slippers/kit/requestid"
)

// commits are transactions that wait until they are let go, with an error or none.
type commits struct {
	began chan []int
	goOn  chan error
}

func held() commits { return commits{make(chan []int, 99), make(chan error)} }

func (c commits) commit(_ context.Context, all []int) (func(), error) {
	c.began <- all
	return nil, <-c.goOn
}

// Who comes while a transaction is under way shares the next one, in the order of coming.
func TestWritesShareATransaction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := held()
		g := groupcommit.New(nil, c.commit)
		for n := range 36 {
			go func() {
				if err := g.Do(t.Context(), n); err != nil {
					t.Errorf("write %d: %v", n, err)
				}
			}()
			synctest.Wait()
		}
		var got []string
		for range 3 {
			all := <-c.began
			got = append(got, fmt.Sprint(all[0], "-", all[len(all)-1]))
			c.goOn <- nil
		}
		if want := "0-0 1-32 33-35"; strings.Join(got, " ") != want {
			t.Errorf("the transactions are for %v, want %s", got, want)
		}
		synctest.Wait()
	})
}

// A transaction that waits for something holds up those that want something else only for a moment, until too many do.
func TestOneThatIsStuckLetsOthersPass(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := held()
		g := groupcommit.New(nil, c.commit)
		do := func(n int) {
			go func() {
				if err := g.Do(t.Context(), n); err != nil {
					t.Errorf("write %d: %v", n, err)
				}
			}()
			synctest.Wait()
		}
		do(0)
		<-c.began
		do(1)
		if len(c.began) != 0 {
			t.Error("a second transaction began beside one that is not slow yet")
		}
		for n := range 3 {
			if next := <-c.began; len(next) != 1 || next[0] != n+1 {
				t.Errorf("beside those that are stuck began %v, want %d", next, n+1)
			}
			do(n + 2)
		}
		do(5)
		select {
		case next := <-c.began:
			t.Errorf("a fifth transaction began, for %v", next)
		case <-time.After(time.Minute): // of the bubble
		}
		c.goOn <- nil
		if next := <-c.began; len(next) != 2 {
			t.Errorf("then came %v, want the two that waited", next)
		}
		for range 4 {
			c.goOn <- nil
		}
		synctest.Wait()
		do(6)
		do(7)
		if len(c.began) != 1 {
			t.Errorf("afterwards %d transactions are under way at once", len(c.began))
		}
		c.goOn <- nil
		c.goOn <- nil
		synctest.Wait()
	})
}

// One that PostgreSQL refuses fails alone, whoever shares its transaction.
func TestOneThatIsRefusedFailsAlone(t *testing.T) {
	t.Parallel()
	db := numbers(t)
	g := groupcommit.New(nil, func(ctx context.Context, all []int) (func(), error) {
		_, err := db.Exec(ctx, `INSERT INTO numbers SELECT unnest($1::int[])`, all)
		return nil, err
	})
	var wg sync.WaitGroup
	var mu sync.Mutex
	refused := map[int]int{}
	for n := range 100 {
		wg.Go(func() {
			if err := g.Do(t.Context(), n/2); err != nil { // each twice, and one of them below 1
				mu.Lock()
				defer mu.Unlock()
				refused[n/2]++
			}
		})
	}
	wg.Wait()
	var kept int
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM numbers`).Scan(&kept); err != nil || kept != 49 {
		t.Errorf("%d numbers are kept, %v, want 1 to 49", kept, err)
	}
	for n := range 50 {
		if want := map[bool]int{true: 2, false: 1}[n == 0]; refused[n] != want {
			t.Errorf("%d was refused %d times, want %d", n, refused[n], want)
		}
	}
}

// numbers makes a table of numbers above zero, each one once.
func numbers(t *testing.T) *pgxpool.Pool {
	t.Helper()
	url := os.Getenv("TEST_DATABASE_URL")
	if url == "" {
		t.Fatal("TEST_DATABASE_URL is not set: run `make test`")
	}
	schema := "groupcommit_" + strconv.Itoa(os.Getpid())
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	cfg.ConnConfig.RuntimeParams["search_path"] = schema
	db, err := pgxpool.NewWithConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := db.Exec(context.Background(), "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		db.Close()
	})
	if _, err := db.Exec(t.Context(), "CREATE SCHEMA "+schema+"; CREATE TABLE numbers (n int PRIMARY KEY CHECK (n > 0))"); err != nil {
		t.Fatal(err)
	}
	return db
}

// Whether it is written or not: when nobody knows, nobody tries again.
func TestAnUnknownEndIsEverybodys(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"an error": func() error { return errors.New("the connection broke") },
		"a panic":  func() error { panic("no such thing") },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := held()
			g := groupcommit.New(nil, func(ctx context.Context, all []int) (func(), error) {
				if _, err := c.commit(ctx, all); err != nil {
					return nil, err
				}
				return nil, fail()
			})
			for n := range 3 {
				go func() {
					if err := g.Do(t.Context(), n); err == nil {
						t.Errorf("%s: write %d is told that it is done", name, n)
					}
				}()
				synctest.Wait()
			}
			c.goOn <- nil
			c.goOn <- nil
			synctest.Wait()
			if len(c.began) != 2 {
				t.Errorf("%s: %d transactions, want 1 and 2 writes in two", name, len(c.began))
			}
		})
	}
}

// What a commit changed is published before anybody hears of it, and holds the next commit up for nothing.
func TestACommitIsPublishedBeforeItIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, publish := make(chan int, 9), make(chan struct{})
		var known atomic.Int32
		g := groupcommit.New(nil, func(_ context.Context, all []int) (func(), error) {
			began <- all[0]
			return func() { <-publish }, nil
		})
		for n := range 2 {
			go func() {
				if err := g.Do(t.Context(), n); err != nil {
					t.Errorf("write %d: %v", n, err)
				}
				known.Add(1)
			}()
			synctest.Wait()
		}
		if len(began) != 2 || known.Load() != 0 {
			t.Errorf("%d commits began and %d are known, want 2 and none", len(began), known.Load())
		}
		close(publish)
		synctest.Wait()
		if known.Load() != 2 {
			t.Errorf("%d are known at the end", known.Load())
		}
	})
}

// Who gives up is not written if its turn has not come, and holds nobody up.
func TestWhoGivesUpIsLeftOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := held()
		g := groupcommit.New(nil, c.commit)
		go func() {
			if err := g.Do(t.Context(), 0); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.Do(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		go func() {
			if err := g.Do(t.Context(), 2); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait()
		<-c.began
		c.goOn <- nil
		if next := <-c.began; len(next) != 1 || next[0] != 2 {
			t.Errorf("then came %v, want 2 alone", next)
		}
		c.goOn <- nil
		synctest.Wait()
	})
}

// A line of a log, or an invalidation, names every request that a transaction was for.
func TestATransactionNamesItsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := held()
		named := make(chan string, 9)
		g := groupcommit.New(nil, func(ctx context.Context, all []int) (func(), error) {
			named <- requestid.From(ctx)
			return c.commit(ctx, all)
		})
		for n := range 3 {
			go func() {
				if err := g.Do(requestid.With(t.Context(), fmt.Sprint("r", n)), n); err != nil {
					t.Error(err)
				}
			}()
			synctest.Wait()
		}
		c.goOn <- nil
		c.goOn <- nil
		if first, second := <-named, <-named; first != "r0" || second != "r1 r2" {
			t.Errorf("named %q and %q", first, second)
		}
		synctest.Wait()
	})
}
