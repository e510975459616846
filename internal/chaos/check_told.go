package chaos

import "time"

// Invariants of what members are told of a room's state.
const (
	OneState   = "one state per version"    // the same epoch, kind and version is always the same state
	StateRises = "state rises"              // nobody is told of an older state after a newer one
	StateTold  = "the newest state is told" // at the end, members who are there have the newest
)

// catchesUp is how long a node that stood still may give out what it knew before. Clients keep the newest version they know of
// (docs/protocol.md), and what it has missed follows.
const catchesUp = 2 * time.Second

// states: members are told of attributes, counters, fields and the notice in their order, the same at all nodes.
func (c *checker) states() {
	type version struct {
		epoch, kind string
		number      uint64
	}
	type reader struct{ who, kind string }
	first, newest := map[version]string{}, map[string]Told{}
	last := map[reader]Told{}
	stood := map[string]time.Duration{} // when a node that stood still went on
	for _, e := range c.events {
		switch what := e.What.(type) {
		case Fault:
			if what.Text == "halt is over" {
				stood[e.Node] = e.At
			}
		case Joined:
			over, halted := stood[e.Node]
			if !what.Complete || halted && e.At-over < catchesUp { // the node may be behind: it says so, or can't know yet
				for _, kind := range []string{"attributes", "counters", "fields", "notice"} {
					delete(last, reader{e.Who, kind})
				}
			}
		case Told:
			v := version{what.Epoch, what.Kind, what.Version}
			if old, ok := first[v]; ok && old != what.State {
				c.fail(OneState, "version %d of %s is %s to %s at %s; it was %s", what.Version, what.Kind, what.State, e.Who, at(e.At), old)
			}
			first[v] = what.State
			of := reader{e.Who, what.Kind}
			if before, ok := last[of]; ok && before.Epoch == what.Epoch && what.Version < before.Version {
				c.fail(StateRises, "%s, %s from node %s at %s: version %d after %d", e.Who, what.Kind, e.Node, at(e.At), what.Version, before.Version)
			}
			last[of] = what
			if n := newest[what.Kind]; n.Epoch != what.Epoch || n.Version < what.Version {
				newest[what.Kind] = what
			}
		}
	}
	if !c.ended() {
		return
	}
	here, _ := c.truth()
	for of, told := range last {
		if n := newest[of.kind]; here[of.who] && (told.Epoch != n.Epoch || told.Version != n.Version) {
			c.fail(StateTold, "%s is there at the end and has version %d of %s; there is %d", of.who, told.Version, of.kind, n.Version)
		}
	}
}
