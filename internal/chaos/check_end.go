package chaos

import (
	"maps"
	"slices"
	"strconv"

	"liveroom/status"
)

// Invariants of what is kept, and of the end, when everything is whole again.
const (
	NothingLost = "nothing answered is lost" // class A (design §7)
	Agree       = "all nodes agree"
	NewestKept  = "the newest is kept" // the final record is the newest that anybody saw
	NoGhosts    = "no ghost publisher" // streamActive just where a push runs, and its viewers get it
	AllBack     = "all are back"       // who never meant to go is there at the end, and has acted
	TrueCount   = "true count"         // as many members as there are, one lease after the last fault
)

// kept is what may have become of one thing that was written.
type kept struct {
	answered string   // the newest that was
	possible []string // of which nobody knows whether it was done, or when
	least    int      // of a counter: the sum of what was answered
	most     int      // and of what may have been done
}

// writes: what was answered is there, or something written that was not.
func (c *checker) writes() {
	all, counter := map[string]*kept{}, map[string]bool{}
	each(c, func(_ Event, w Wrote) {
		key := w.Kind + " " + w.Key
		k := all[key]
		if k == nil {
			k = &kept{}
			all[key], counter[key] = k, w.Kind == Counter
		}
		n, _ := strconv.Atoi(w.Value) // of a counter a number
		switch w.Outcome {
		case Done:
			k.answered = w.Value
			k.least, k.most = k.least+n, k.most+n
		case Unknown:
			k.possible = append(k.possible, w.Value)
			k.most += n
		case Refused:
		}
	})
	each(c, func(e Event, f Final) {
		for key, k := range all {
			got := f.Values[key]
			n, _ := strconv.Atoi(got)
			switch {
			case counter[key] && (n < k.least || n > k.most):
				c.fail(NothingLost, "node %s has %s at %q; from %d to %d are possible", e.Node, key, got, k.least, k.most)
			case !counter[key] && got != k.answered && !slices.Contains(k.possible, got):
				c.fail(NothingLost, "node %s has %s at %q; %q was answered, and %q are possible", e.Node, key, got, k.answered, k.possible)
			}
		}
	})
}

// end: all nodes say the same, and it is the truth.
func (c *checker) end() {
	var first *Event
	var newest uint64
	c.eachRecord(func(_ Event, r status.Record) { newest = max(newest, r.Version) })
	here, pushing := c.truth()
	members, pushes := len(here), len(pushing)
	each(c, func(e Event, f Final) {
		if first == nil {
			first = &e
		}
		one := first.What.(Final)
		if f.Record.Epoch != one.Record.Epoch || f.Record.Version != one.Record.Version {
			c.fail(Agree, "node %s is at version %d, node %s at %d", first.Node, one.Record.Version, e.Node, f.Record.Version)
		}
		both := map[string]string{}
		maps.Copy(both, one.Values)
		maps.Copy(both, f.Values)
		for key := range both {
			if one.Values[key] != f.Values[key] {
				c.fail(Agree, "node %s has %s at %q, node %s at %q", first.Node, key, one.Values[key], e.Node, f.Values[key])
			}
		}
		if f.Record.Version < newest {
			c.fail(NewestKept, "node %s is at version %d; version %d was seen", e.Node, f.Record.Version, newest)
		}
		if f.Members != members {
			c.fail(TrueCount, "node %s counts %d members; there are %d", e.Node, f.Members, members)
		}
		if f.Record.StreamActive != (pushes > 0) {
			c.fail(NoGhosts, "node %s says streamActive %t; %d pushes run", e.Node, f.Record.StreamActive, pushes)
		}
	})
	each(c, func(_ Event, cast Cast) {
		if members != cast.Members {
			c.fail(AllBack, "%d members are there, %d should be", members, cast.Members)
		}
		if pushes == 0 {
			c.fail(AllBack, "the anchor doesn't push")
		}
	})
	each(c, func(e Event, f Flow) {
		if f.Bytes == 0 {
			c.fail(NoGhosts, "%s gets nothing from node %s of a live room", e.Who, e.Node)
		}
	})
}

// truth is who is there and who pushes at the end.
func (c *checker) truth() (here, pushing map[string]bool) {
	here, pushing = map[string]bool{}, map[string]bool{}
	for _, e := range c.events {
		switch e.What.(type) {
		case Joined:
			here[e.Who] = true
		case Parted:
			delete(here, e.Who)
		case Pushing:
			pushing[e.Who] = true
		case Pushed:
			delete(pushing, e.Who)
		}
	}
	return here, pushing
}

// ended says whether the history has its end.
func (c *checker) ended() bool {
	return slices.ContainsFunc(c.events, func(e Event) bool { _, ok := e.What.(Final); return ok })
}
