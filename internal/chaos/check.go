package chaos

import (
	"fmt"
	"slices"
	"time"
)

// Rules say what a store promises, beside what all do.
type Rules struct {
	// ChatMayRepeat: the store keeps chat messages in class B (design §7), so that a crash may lose the newest, and the
	// memory of them; who was told of a gap may then get one again.
	ChatMayRepeat bool
	// NoGaps: nothing was broken that would excuse a member's being told that messages may be missing.
	NoGaps bool
	// Except are invariants that do not hold.
	Except []string
}

// Violation is a promise that was not kept.
type Violation struct {
	Invariant string // one of those of this package, by a short name
	Room      string
	Detail    string
}

// String is the violation on a line.
func (v Violation) String() string {
	return fmt.Sprintf("%s: room %q: %s", v.Invariant, v.Room, v.Detail)
}

// maxViolations is how many of one invariant and room are told; one break often has thousands.
const maxViolations = 5

// Check returns all promises that a history shows broken.
func Check(events []Event, rules Rules) []Violation {
	var all []Violation
	for _, room := range rooms(events) {
		c := &checker{room: room, rules: rules, told: map[string]int{}}
		for _, e := range events {
			if e.Room == room || e.Room == "" {
				c.events = append(c.events, e)
			}
		}
		c.records()
		c.readers()
		c.answers()
		c.messages()
		c.delivery()
		c.degraded()
		c.states()
		c.playlists()
		c.writes()
		c.end()
		all = append(all, c.found...)
	}
	return slices.DeleteFunc(all, func(v Violation) bool { return slices.Contains(rules.Except, v.Invariant) })
}

func rooms(events []Event) []string {
	var all []string
	for _, e := range events {
		if e.Room != "" && !slices.Contains(all, e.Room) {
			all = append(all, e.Room)
		}
	}
	return all
}

// checker looks at one room.
type checker struct {
	room   string
	rules  Rules
	events []Event
	found  []Violation
	told   map[string]int
}

func (c *checker) fail(invariant, format string, args ...any) {
	if c.told[invariant]++; c.told[invariant] <= maxViolations {
		c.found = append(c.found, Violation{invariant, c.room, fmt.Sprintf(format, args...)})
	}
}

// each calls f for the events of one kind, in order.
func each[T any](c *checker, f func(e Event, what T)) {
	for _, e := range c.events {
		if what, ok := e.What.(T); ok {
			f(e, what)
		}
	}
}

// at is a moment in a violation's text.
func at(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
