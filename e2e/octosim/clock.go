package octosim

import (
	"slices"
	"sync"
	"time"
)

// clock is real time and what was added to it, with the work that is due later. So a test needs not wait ten minutes.
type clock struct {
	mu      sync.Mutex
	quiet   *sync.Cond // running has become zero
	ahead   time.Duration
	waiting []*job
	running int
	closed  bool
}

type job struct {
	due   time.Time
	timer *time.Timer
	do    func()
}

func newClock() *clock {
	c := &clock{}
	c.quiet = sync.NewCond(&c.mu)
	return c
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nowLocked()
}

func (c *clock) nowLocked() time.Time { return time.Now().Add(c.ahead) }

// after does something in a goroutine, d from now. A closed clock does nothing more.
func (c *clock) after(d time.Duration, do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if d <= 0 {
		c.running++ // at once, so that settle sees it before it has begun
		go c.run(do)
		return
	}
	j := &job{due: c.nowLocked().Add(d), do: do}
	c.waiting = append(c.waiting, j)
	j.timer = time.AfterFunc(d, func() {
		c.mu.Lock()
		i := slices.Index(c.waiting, j)
		if i < 0 {
			c.mu.Unlock()
			return
		}
		c.takeLocked(i)
		c.mu.Unlock()
		c.run(j.do)
	})
}

// takeLocked removes a waiting job, and counts it as running.
func (c *clock) takeLocked(i int) *job {
	j := c.waiting[i]
	j.timer.Stop()
	c.waiting = slices.Delete(c.waiting, i, i+1)
	c.running++
	return j
}

func (c *clock) run(do func()) {
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.running--; c.running == 0 {
			c.quiet.Broadcast()
		}
	}()
	do()
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	c.ahead += d
	for _, j := range c.waiting {
		if left := j.due.Sub(c.nowLocked()); left > 0 {
			j.timer.Reset(left)
		} else {
			j.timer.Stop() // what is due happens here, in its order
		}
	}
	c.mu.Unlock()
	for j := c.nextDue(); j != nil; j = c.nextDue() {
		c.run(j.do)
	}
	c.settle()
}

func (c *clock) nextDue() *job {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		return nil
	}
	first := slices.MinFunc(c.waiting, func(a, b *job) int { return a.due.Compare(b.due) })
	if first.due.After(c.nowLocked()) {
		return nil
	}
	return c.takeLocked(slices.Index(c.waiting, first))
}

func (c *clock) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.running > 0 {
		c.quiet.Wait()
	}
}

func (c *clock) close() {
	c.mu.Lock()
	c.closed = true
	for _, j := range c.waiting {
		j.timer.Stop()
	}
	c.waiting = nil
	c.mu.Unlock()
	c.settle()
}
