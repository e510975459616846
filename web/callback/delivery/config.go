package delivery

import (
	"cmp"
	"fmt"
	"time"
)

// Config tunes a Service. The zero value of a field means its default.
type Config struct {
	PerEndpoint int // events under way to one endpoint at a time, of different queues (32)
	Most        int // and to all endpoints (256)

	Failures   int           // tries after which an event that its receiver does not take is a dead letter (10)
	RetryMin   time.Duration // from a try that failed to the next; doubled each time (1s)
	RetryMax   time.Duration // longest such wait, and longest pause of an open circuit (30s)
	UnwellMost int           // tries in a row that must find an endpoint unwell for its circuit to open (5)
	TryTimeout time.Duration // bound of one try, in case the Sender has none (60s)

	TalkAge, PeopleAge, StateAge time.Duration // how long events are kept (15m, 24h, 24h)
	TalkEach, PeopleEach         int           // and how many of a room for an endpoint (50,000; 10,000)
	Backlog                      int64         // bytes of Talk kept in all (1 GiB)

	DeadAge  time.Duration // how long dead letters are kept (30 days)
	DeadEach int           // and how many of an endpoint and class (10,000)

	Tries int // how many tries the log of an endpoint keeps (200)

	WriteEvery    time.Duration // how long Talk waits to be written (200ms)
	SettleTimeout time.Duration // how long Settle waits at most (2s)
	WriteRetry    time.Duration // from a write that failed to the next (500ms)
	Unwritten     int64         // bytes of events that wait in memory for a store that fails (64 MiB)
	Window        int64         // bytes of the heads of queues that are kept in memory (64 MiB)
}

func (c Config) withDefaults() Config {
	const day = 24 * time.Hour
	c.PerEndpoint = cmp.Or(c.PerEndpoint, 32)
	c.Most = cmp.Or(c.Most, 256)
	c.Failures = cmp.Or(c.Failures, 10)
	c.RetryMin = cmp.Or(c.RetryMin, time.Second)
	c.RetryMax = cmp.Or(c.RetryMax, 30*time.Second)
	c.UnwellMost = cmp.Or(c.UnwellMost, 5)
	c.TryTimeout = cmp.Or(c.TryTimeout, time.Minute)
	c.TalkAge, c.PeopleAge, c.StateAge = cmp.Or(c.TalkAge, 15*time.Minute), cmp.Or(c.PeopleAge, day), cmp.Or(c.StateAge, day)
	c.TalkEach, c.PeopleEach = cmp.Or(c.TalkEach, 50_000), cmp.Or(c.PeopleEach, 10_000)
	c.Backlog = cmp.Or(c.Backlog, 1<<30)
	c.DeadAge, c.DeadEach = cmp.Or(c.DeadAge, 30*day), cmp.Or(c.DeadEach, 10_000)
	c.Tries = cmp.Or(c.Tries, 200)
	c.WriteEvery = cmp.Or(c.WriteEvery, 200*time.Millisecond)
	c.SettleTimeout = cmp.Or(c.SettleTimeout, 2*time.Second)
	c.WriteRetry = cmp.Or(c.WriteRetry, 500*time.Millisecond)
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
		{"RetryMin", int64(c.RetryMin)},
		{"RetryMax", int64(c.RetryMax)},
		{"UnwellMost", int64(c.UnwellMost)},
		{"TryTimeout", int64(c.TryTimeout)},
		{"TalkAge", int64(c.TalkAge)},
		{"PeopleAge", int64(c.PeopleAge)},
		{"StateAge", int64(c.StateAge)},
		{"TalkEach", int64(c.TalkEach)},
		{"PeopleEach", int64(c.PeopleEach)},
		{"Backlog", c.Backlog},
		{"DeadAge", int64(c.DeadAge)},
		{"DeadEach", int64(c.DeadEach)},
		{"Tries", int64(c.Tries)},
		{"WriteEvery", int64(c.WriteEvery)},
		{"SettleTimeout", int64(c.SettleTimeout)},
		{"WriteRetry", int64(c.WriteRetry)},
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
	return [classes]time.Duration{State: c.StateAge, People: c.PeopleAge, Talk: c.TalkAge}[class]
}

// each is how many events a queue of a class keeps, 0 for any number.
func (c Config) each(class Class) uint64 {
	return uint64([classes]int{People: c.PeopleEach, Talk: c.TalkEach}[class])
}
