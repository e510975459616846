package delivery

import (
	"cmp"
	"fmt"
	"time"
)

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	PerEndpoint int // events under way to one endpoint at a time, of different queues (128)
	Most        int // and to all endpoints (512)

	Failures int // tries after which an event that its receiver does not take is a dead letter (10)

	TalkAge  time.Duration // how long events of Talk are kept (15m)
	TalkEach int           // and how many of a room for an endpoint (50,000)
	Backlog  int64         // bytes of Talk kept in all (1 GiB)

	DeadAge  time.Duration // how long dead letters are kept (30 days)
	DeadEach int           // and how many of an endpoint and class (10,000)

	Tries int // how many tries the log of an endpoint keeps (200)

	Unwritten int64 // bytes of events that wait in memory for a store that fails (64 MiB)
	Window    int64 // bytes of the heads of queues that are kept in memory (64 MiB)
}

const day = 24 * time.Hour

// How an endpoint is tried.
const (
	retryMin   = time.Second      // from a try that failed to the next; doubled each time
	retryMax   = 30 * time.Second // longest such wait, and longest pause of an open circuit
	unwellMost = 5                // tries in a row that must find an endpoint unwell for its circuit to open
	tryTimeout = time.Minute      // bound of one try, in case the Sender has none
)

// How events are stored.
const (
	writeEvery    = 200 * time.Millisecond // how long Talk waits to be written
	writeRetry    = 500 * time.Millisecond // from a write that failed to the next
	writeTimeout  = 10 * time.Second       // bounds one step of the store
	settleTimeout = 2 * time.Second        // how long Settle waits at most
)

func (c Config) withDefaults() Config {
	c.PerEndpoint = cmp.Or(c.PerEndpoint, 128)
	c.Most = cmp.Or(c.Most, 512)
	c.Failures = cmp.Or(c.Failures, 10)
	c.TalkAge, c.TalkEach = cmp.Or(c.TalkAge, 15*time.Minute), cmp.Or(c.TalkEach, 50_000)
	c.Backlog = cmp.Or(c.Backlog, 1<<30)
	c.DeadAge, c.DeadEach = cmp.Or(c.DeadAge, 30*day), cmp.Or(c.DeadEach, 10_000)
	c.Tries = cmp.Or(c.Tries, 200)
	c.Unwritten, c.Window = cmp.Or(c.Unwritten, 64<<20), cmp.Or(c.Window, 64<<20)
	return c
}

// Validate names the first field that is out of bounds.
func (c Config) Validate() error {
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"PerEndpoint", int64(c.PerEndpoint)},
		{"Most", int64(c.Most)},
		{"Failures", int64(c.Failures)},
		{"TalkAge", int64(c.TalkAge)},
		{"TalkEach", int64(c.TalkEach)},
		{"Backlog", c.Backlog},
		{"DeadAge", int64(c.DeadAge)},
		{"DeadEach", int64(c.DeadEach)},
		{"Tries", int64(c.Tries)},
		{"Unwritten", c.Unwritten},
		{"Window", c.Window},
	} {
		if f.value < 0 {
			return fmt.Errorf("delivery: %s is %d; must not be negative", f.name, f.value)
		}
	}
	return nil
}

// age is how long events of a class are kept.
func (c Config) age(class Class) time.Duration {
	return [classes]time.Duration{State: day, People: day, Talk: c.TalkAge}[class]
}

// each is how many events a queue of a class keeps, 0 for any number.
func (c Config) each(class Class) uint64 {
	return uint64([classes]int{People: 10_000, Talk: c.TalkEach}[class])
}
