package batch

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"
)

// trip is one that is under way until it is told how it ends.
type trip chan error

// held returns a batcher with two trips under way, the first and the last, of which no answer has come, and somebody who waits
// for the next. What is sent from then on comes from trips, what they who wait are told from told.
func held(t *testing.T) (b *Batcher, first, last trip, trips chan trip, told chan error) {
	t.Helper()
	trips = make(chan trip)
	b = New(redis.NewClient(&redis.Options{}), prometheus.NewRegistry())
	b.run = func(context.Context, []*op) error {
		end := make(trip)
		trips <- end
		return <-end
	}
	ask := func(told chan<- error) {
		_, err := b.Do(context.Background(), Ask{Keys: []string{"a key"}})
		told <- err
	}
	go ask(make(chan error, 1))
	first = <-trips
	b.mu.Lock()
	b.began = time.Now().Add(-slow)
	b.mu.Unlock()
	go ask(make(chan error, 1))
	last = <-trips
	told = make(chan error, 1)
	go ask(told)
	for waiting := false; !waiting; {
		b.mu.Lock()
		if waiting = b.next.asks > 0; waiting {
			b.began = time.Now().Add(time.Hour) // just now, however busy the machine is
		}
		b.mu.Unlock()
	}
	return b, first, last, trips, told
}

const never = 10 * time.Second

// Beside a trip whose answer is lost others go on, one after the other.
func TestWhoSentLastSendsTheNext(t *testing.T) {
	t.Parallel()
	_, first, last, trips, told := held(t)
	last <- nil
	select {
	case next := <-trips:
		next <- nil
		if err := <-told; err != nil {
			t.Error(err)
		}
	case <-time.After(never):
		t.Error("who waits is held up by who asked before")
	}
	first <- nil
}

// Who has waited for one trip that Redis did not answer does not wait for another: 50 ms are what it may cost.
func TestNobodyWaitsTwiceForARedisThatHangs(t *testing.T) {
	t.Parallel()
	b, first, last, trips, told := held(t)
	b.mu.Lock()
	b.next.since, b.began = time.Now().Add(-slow), time.Now().Add(-slow)
	b.mu.Unlock()
	hangs := errors.New("i/o timeout")
	first <- hangs
	select {
	case err := <-told:
		if !errors.Is(err, ErrAway) || !errors.Is(err, hangs) {
			t.Errorf("told %v, want ErrAway and why", err)
		}
	case next := <-trips:
		t.Error("who has waited long enough is sent")
		next <- nil
	}
	last <- hangs
}
